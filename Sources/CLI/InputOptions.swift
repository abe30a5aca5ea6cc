import ArgumentParser
import MassCompiler
import MassFormats
import MassRuntime

/// Where a model's inputs come from.
struct InputOptions: ParsableArguments {
  @Option(
    name: .customLong("input"), parsing: .singleValue,
    help: ArgumentHelp(
      "The value of an input: .npy, .pb, or a PNG or JPEG picture; may be repeated.", valueName: "name=file"))
  var files: [String] = []

  @Option(help: ArgumentHelp("An archive of arrays named like the inputs.", valueName: "file.npz"))
  var inputs: String?

  @Option(help: ArgumentHelp("A folder with input_0.pb, input_1.pb, … in the model's order.", valueName: "folder"))
  var inputDir: String?

  @Option(help: ArgumentHelp("Mean of a picture's samples (0 to 1), for all channels or each.", valueName: "m[,m,m]"))
  var imageMean: NumberList?

  @Option(help: ArgumentHelp("Standard deviation of a picture's samples.", valueName: "s[,s,s]"))
  var imageStd: NumberList?

  @Option(help: "Where a picture's channels go: nchw or nhwc. (default: as the input's shape suggests)")
  var imageLayout: ImageOptions.Layout?

  func validate() throws {
    for (name, list) in [("--image-mean", imageMean), ("--image-std", imageStd)] {
      guard let list, list.values.count != 1, list.values.count != 3 else { continue }
      throw ValidationError("\(name): expected 1 or 3 values, got \(list.values.count)")
    }
    if imageStd?.values.contains(0) == true { throw ValidationError("--image-std: expected values other than 0") }
  }

  var isEmpty: Bool { files.isEmpty && inputs == nil && inputDir == nil }

  private var image: ImageOptions {
    var options = ImageOptions()
    options.mean = imageMean?.values ?? []
    options.deviation = imageStd?.values ?? []
    options.layout = imageLayout
    return options
  }

  /// Reads every value given. A folder gives way to an archive, an archive to a single file.
  func values(for known: [ValueInfo], path: String) throws(Failure) -> [String: Value] {
    var values: [String: Value] = [:]
    if let inputDir {
      values = try ValueFolder(inputDir).values("input", of: known)
    }
    if let inputs { values.merge(try archive(inputs, known, path)) { _, new in new } }
    for argument in files {
      let (input, file) = try Self.split(argument, known, path)
      values[input.name] = try value(file, for: input)
    }
    return values
  }

  /// Values in the order of the model's inputs, all of which must be there.
  func orderedValues(for known: [ValueInfo], path: String) throws(Failure) -> [Value] {
    let values = try values(for: known, path: path)
    var ordered: [Value] = []
    for input in known {
      guard let value = values[input.name] else {
        throw Failure(.missingInput(input.name, type: "\(input.type)"), path: path)
      }
      ordered.append(value)
    }
    return ordered
  }

  /// Finds the input that `NAME=FILE` begins with; names and files may hold `=`.
  private static func split(
    _ argument: String, _ inputs: [ValueInfo], _ path: String
  ) throws(Failure) -> (ValueInfo, String) {
    let fitting = inputs.filter { argument.hasPrefix($0.name + "=") }
    if let input = fitting.max(by: { $0.name.utf8.count < $1.name.utf8.count }) {
      return (input, String(argument.dropFirst(input.name.count + 1)))
    }
    guard let mark = argument.firstIndex(of: "=") else {
      throw Failure("--input: expected NAME=FILE, got '\(argument)'")
    }
    throw Failure(.unknownInput(String(argument[..<mark]), known: inputs.map(\.name)), path: path)
  }

  /// Arrays whose names begin with `#` are remarks.
  private func archive(_ file: String, _ inputs: [ValueInfo], _ path: String) throws(Failure) -> [String: Value] {
    let archive = try Failure.inFormat { () throws(FormatError) in try NPZArchive(path: file) }
    let known = Dictionary(inputs.map { ($0.name, $0.type) }, uniquingKeysWith: { first, _ in first })
    var values: [String: Value] = [:]
    for name in archive.names where !name.hasPrefix("#") {
      guard let type = known[name] else {
        throw Failure(.unknownInput(name, known: inputs.map(\.name)), path: path)
      }
      values[name] = try Failure.inFormat { () throws(FormatError) in
        .tensor(try archive.tensor(name, as: type.element))
      }
    }
    return values
  }

  /// Reads one file by what is in it.
  private func value(_ file: String, for input: ValueInfo) throws(Failure) -> Value {
    if file.hasSuffix(".pb") { return try ValueFolder.read(file, as: input.type) }
    let head = try Failure.inFormat { () throws(FormatError) in try WholeFile.head(file, 4) }
    if head == Array("PK\u{3}\u{4}".utf8) { throw Failure("\(file): this is an archive; give it with --inputs") }
    return try Failure.inFormat { () throws(FormatError) in
      guard Image.isPicture(head), let type = input.type.tensor else {
        return .tensor(try NPY.read(file, as: input.type.element))
      }
      return .tensor(try Image.read(file).tensor(for: type, options: image, place: "input '\(input.name)'"))
    }
  }
}

extension ImageOptions.Layout: ExpressibleByArgument {}

/// A folder of ONNX test data: `input_0.pb`, `output_0.pb` and so on.
struct ValueFolder {
  let path: String

  init(_ path: String) { self.path = path }

  /// The values of those of `infos` that have a file.
  func values(_ kind: String, of infos: [ValueInfo]) throws(Failure) -> [String: Value] {
    var values: [String: Value] = [:]
    for (i, info) in infos.enumerated() {
      let file = "\(path)/\(kind)_\(i).pb"
      if FileSystem.exists(file) { values[info.name] = try Self.read(file, as: info.type) }
    }
    if values.isEmpty, !infos.isEmpty { throw Failure("\(path): expected \(kind)_0.pb, got no such file") }
    return values
  }

  static func read(_ file: String, as type: ValueType) throws(Failure) -> Value {
    do throws(ImportError) { return try ONNXValueFile.read(file, as: type) } catch { throw Failure("\(error)") }
  }
}
