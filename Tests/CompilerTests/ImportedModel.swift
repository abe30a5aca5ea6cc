import MassCompiler
import MassDefaults
import MassRuntime
import OperatorCases
import Testing

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// A model of the corpus, imported.
struct ImportedModel {
  let graph: Graph

  init(_ name: String) throws { try self.init(path: Corpus.path(name)) }

  init(path: String) throws {
    graph = try Importer.importGraph(try ONNXModel.open(path: path))
    try graph.verify()
  }

  func constant(_ name: String) throws -> Tensor {
    try #require(graph.constants.first { graph.name($0.key) == name }?.value, "no constant '\(name)'")
  }

  /// The outputs, computed by the reference kernels alone.
  func run(_ inputs: Tensor...) throws -> [Tensor] {
    var options = CompileOptions()
    options.stopAfter = 0
    options.isTuned = false
    let plan = try Compiler.compile(graph, name: "test", options: options, plugins: [])
    var session = Session(Model(plan, plugins: []), options: SessionOptions(threads: 1))
    return try session.run(inputs.map { .tensor($0) }).compactMap(\.tensor)
  }
}

/// A folder that lives as long as the object.
final class TemporaryFolder {
  let path: String
  private var files: [String] = []

  init() throws {
    path = "/tmp/mass-import-\(getpid())-\(UInt64.random(in: 0 ... .max))"
    try #require(unsafe mkdir(path, 0o700) == 0)
  }

  deinit {
    for file in files { unsafe _ = unlink(file) }
    unsafe _ = rmdir(path)
  }

  /// The path for a file called `name`.
  func file(_ name: String) -> String {
    files.append("\(path)/\(name)")
    return "\(path)/\(name)"
  }

  /// Writes a file, leaving a hole before `offset`.
  @discardableResult
  func write(_ bytes: [UInt8], to name: String, at offset: Int = 0) throws -> String {
    let path = file(name)
    let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    try #require(descriptor >= 0)
    defer { close(descriptor) }
    try #require(unsafe pwrite(descriptor, bytes, bytes.count, offset) == bytes.count)
    return path
  }

  func link(_ name: String, to target: String) throws { try #require(unsafe symlink(target, file(name)) == 0) }

  func pipe(_ name: String) throws { try #require(unsafe mkfifo(file(name), 0o600) == 0) }

  /// A copy of a model of the corpus, without the files it refers to.
  func copy(_ model: String) throws -> String {
    try write(Corpus.bytes(at: Corpus.path(model)), to: "\(model).onnx")
  }
}
