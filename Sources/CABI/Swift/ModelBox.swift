import CMass
import MassCompiler
import MassDefaults
import MassRuntime

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// What a `mass_model` points to.
final class ModelBox: Sendable {
  let model: Model
  let inputs: [ValueBox]
  let outputs: [ValueBox]

  private init(_ model: Model) {
    self.model = model
    inputs = model.inputs.map(ValueBox.init)
    outputs = model.outputs.map(ValueBox.init)
  }

  /// Opens a plan, or compiles an ONNX model.
  convenience init(path: String, _ request: CompileRequest) throws(Failure) {
    guard PlanFile.isPlan(try firstBytes(of: path)) else {
      self.init(Model(try compile(path: path, request), plugins: DefaultPlugins.all))
      return
    }
    do throws(PlanError) { self.init(try Model.open(path: path, plugins: DefaultPlugins.all)) } catch {
      throw Failure(error)
    }
  }

  /// As `init(path:_:)`, from memory that is not used after the call.
  convenience init(bytes: UnsafeRawBufferPointer, _ request: CompileRequest) throws(Failure) {
    guard unsafe PlanFile.isPlan(Array(bytes.prefix(PlanFile.magic.count))) else {
      self.init(Model(try unsafe compile(bytes: bytes, request), plugins: DefaultPlugins.all))
      return
    }
    do throws(PlanError) { self.init(try unsafe Model.open(bytes: bytes, plugins: DefaultPlugins.all)) } catch {
      throw Failure(error)
    }
  }
}

/// Compiles the model file at `path`.
func compile(path: String, _ request: CompileRequest) throws(Failure) -> Plan {
  // Tells a file that cannot be read from one that is no model.
  _ = try firstBytes(of: path)
  do throws(CompileError) {
    return try Compiler.compile(
      path: path, options: request.options, plugins: DefaultPlugins.all, progress: request.progress)
  } catch { throw Failure(error) }
}

private func compile(bytes: UnsafeRawBufferPointer, _ request: CompileRequest) throws(Failure) -> Plan {
  do throws(CompileError) {
    return try unsafe Compiler.compile(
      bytes: bytes, name: "model", options: request.options, plugins: DefaultPlugins.all, progress: request.progress)
  } catch { throw Failure(error) }
}

/// As many bytes of a file as tell what it is.
private func firstBytes(of path: String) throws(Failure) -> [UInt8] {
  func failure() -> Failure { unsafe Failure(MASS_FILE_ERROR, "\(path): \(String(cString: strerror(errno)))") }
  guard let file = unsafe fopen(path, "re") else { throw failure() }
  defer { unsafe fclose(file) }
  var bytes = [UInt8](repeating: 0, count: PlanFile.magic.count)
  let count = unsafe fread(&bytes, 1, bytes.count, file)
  guard unsafe ferror(file) == 0 else { throw failure() }
  return Array(bytes.prefix(count))
}
