import MassFormats
import MassRegistry

/// A model that is served from where it lies, under a name of one's choice, without a repository.
///
/// What lies there may be a model file; a folder with one; a folder of versions, as a model has in a repository; or a folder
/// whose only model is one of these. A model without versions is version 1.
public struct SingleModel: Hashable, Sendable {
  public let name: String
  public let path: String

  /// Where a model's versions are.
  struct Place: Hashable {
    /// The folder of versions, or the one of the file.
    var folder: String
    /// The only file there is; nil where there are versions.
    var file: String?
  }

  /// - Parameter text: `NAME=PATH`.
  /// - Throws: What is wrong with the text.
  public init(_ text: String) throws(ServingError) {
    let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2, !parts[1].isEmpty, !text.utf8.contains(0) else {
      throw .invalid("'\(text)': expected NAME=PATH, as in digits=models/digits.onnx")
    }
    name = String(parts[0])
    guard ModelName.isValid(name) else {
      throw .invalid("'\(name)' is no name of a model: it takes 1 to 128 letters, digits, '.', '_' and '-'")
    }
    // The root folder stays what it is.
    let end = parts[1].lastIndex { $0 != "/" }
    path = end.map { String(parts[1][...$0]) } ?? "/"
  }

  /// Finds the model; the folder may change between calls.
  ///
  /// - Throws: `notFound` where there is none, `invalidArgument` where several could be meant, with what to say instead.
  func locate() throws(ServingError) -> Place {
    guard let names = FileSystem.names(in: path) else { return try placeOfFile() }
    if let place = try place(in: path, names) { return place }
    var places: [(name: String, place: Place)] = []
    for name in names where !name.hasPrefix(".") {
      let folder = "\(path)/\(name)"
      guard let names = FileSystem.names(in: folder), let place = try place(in: folder, names) else { continue }
      places.append((name, place))
    }
    guard let first = places.first else {
      let expected = "a file *.plan or *.onnx, or VERSION/model.plan, or VERSION/model.onnx"
      throw ServingError(.notFound, "\(path): holds no model; expected \(expected)")
    }
    guard places.count == 1 else {
      let several = places.map(\.name).joined(separator: ", ")
      throw .invalid("\(path): holds several models: \(several); name one of them, or serve all with --repository")
    }
    return first.place
  }

  /// - Throws: As for a load, what keeps the model from being found.
  public func check() throws(ServingError) { _ = try locate() }

  private func placeOfFile() throws(ServingError) -> Place {
    guard FileSystem.exists(path) else { throw ServingError(.notFound, "\(path): there is no such file or folder") }
    guard Self.isModelFile(path) else { throw .invalid("\(path): expected a file *.plan or *.onnx, or a folder") }
    let folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
    return Place(folder: folder.isEmpty ? "/" : folder, file: path)
  }

  /// The model of a folder itself: its versions, or else its only plan, or else its only ONNX model.
  private func place(in folder: String, _ names: [String]) throws(ServingError) -> Place? {
    guard ModelFolder(name: name, path: folder).versions.isEmpty else { return Place(folder: folder) }
    let files = names.filter { Self.isModelFile($0) && FileSystem.names(in: "\(folder)/\($0)") == nil }
    for standard in ["model.plan", "model.onnx"] where files.contains(standard) {
      return Place(folder: folder, file: "\(folder)/\(standard)")
    }
    let plans = files.filter { $0.hasSuffix(".plan") }
    let meant = plans.isEmpty ? files : plans
    guard let file = meant.first else { return nil }
    guard meant.count == 1 else {
      throw .invalid("\(folder): holds several model files: \(meant.joined(separator: ", ")); name one of them")
    }
    return Place(folder: folder, file: "\(folder)/\(file)")
  }

  private static func isModelFile(_ name: String) -> Bool {
    !FileSystem.name(name).hasPrefix(".") && (name.hasSuffix(".plan") || name.hasSuffix(".onnx"))
  }
}
