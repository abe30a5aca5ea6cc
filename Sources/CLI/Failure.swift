import MassCompiler
import MassFormats
import MassRuntime

/// What ends a command with `mass: …` on standard error and exit status 1.
struct Failure: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }

  /// Prefixes the file that an error does not name itself.
  init(_ error: PlanError, path: String) {
    if case .file = error { self.init("\(error)") } else { self.init("\(path): \(error)") }
  }

  init(_ error: RunError, path: String) { self.init("\(path): \(error)") }

  init(_ error: FormatError) { self.init("\(error)") }

  init(_ error: CompileError) { self.init("\(error)") }
}

extension Failure {
  /// Runs a body whose errors concern the model or plan at `path`.
  static func inRun<Result>(of path: String, _ body: () throws(RunError) -> Result) throws(Failure) -> Result {
    do throws(RunError) { return try body() } catch { throw Failure(error, path: path) }
  }

  static func inFormat<Result>(_ body: () throws(FormatError) -> Result) throws(Failure) -> Result {
    do throws(FormatError) { return try body() } catch { throw Failure(error) }
  }
}
