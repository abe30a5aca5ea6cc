import MassServing

/// Compiles a served ONNX model in a process of its own, behind everything else that wants the processors.
enum CompilerProcess {
  /// - Throws: What that process said was wrong with the model.
  static func compile(_ order: CompileOrder) throws(ServingError) {
    var arguments = ["compile", order.model, "-o", order.plan, "--threads", "\(order.threads)", "--quiet"]
    for (input, shape) in order.shapes.sorted(by: { $0.key < $1.key }) {
      arguments += ["--shape", "\(input)=\(shape.map(String.init).joined(separator: "x"))"]
    }
    let ended: (status: Int32, errors: String)
    do throws(Failure) {
      let process = try ChildProcess(mass: arguments, capturesErrors: true)
      process.yieldToOthers()
      ended = try process.wait(readingErrors: 16 << 10)
    } catch { throw ServingError(.internalError, "\(order.model): cannot compile it: \(error)") }
    guard ended.status == 0 else {
      let lines = ended.errors.split(separator: "\n")
      let reason = lines.map { $0.hasPrefix("mass: ") ? $0.dropFirst(6) : $0 }.joined(separator: "; ")
      throw .invalid(reason.isEmpty ? "\(order.model): the compiler ended with status \(ended.status)" : reason)
    }
  }
}
