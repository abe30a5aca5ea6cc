#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// The files that the readers are tested and fuzzed with.
public enum Corpus {
  private static let tests = "/" + #filePath.split(separator: "/").dropLast(2).joined(separator: "/")

  /// Where `Tests/Fixtures/make_models.py` writes.
  public static let modelFolder = tests + "/Fixtures/onnx"

  /// The demo model.
  public static let digits = tests + "/../models/digits.onnx"

  /// Where `Tests/Fixtures/make_exports.py` writes.
  public static let exportFolder = tests + "/Fixtures/exports"

  /// The names of the models in `modelFolder`, sorted.
  public static let models = names("\(modelFolder)/", ".onnx")

  /// The names of the ONNX test directories in `exportFolder`, sorted.
  public static let exports = names("\(exportFolder)/", "/model.onnx")

  private static func names(_ prefix: String, _ suffix: String) -> [String] {
    var found = unsafe glob_t()
    defer { unsafe globfree(&found) }
    guard unsafe glob("\(prefix)*\(suffix)", 0, nil, &found) == 0 else { return [] }
    return unsafe (0..<Int(found.gl_pathc)).compactMap { i in
      guard let path = unsafe found.gl_pathv[i] else { return nil }
      return unsafe String(String(cString: path).dropFirst(prefix.count).dropLast(suffix.count))
    }
  }

  public static func path(_ model: String) -> String { "\(modelFolder)/\(model).onnx" }

  /// The file's bytes; none when it cannot be read.
  public static func bytes(at path: String) -> [UInt8] {
    guard let file = unsafe fopen(path, "rb") else { return [] }
    defer { unsafe fclose(file) }
    var result: [UInt8] = []
    var part = [UInt8](repeating: 0, count: 1 << 16)
    while case let count = unsafe fread(&part, 1, part.count, file), count > 0 { result += part[..<count] }
    return result
  }
}
