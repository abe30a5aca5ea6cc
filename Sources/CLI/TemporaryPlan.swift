import ArgumentParser

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// A plan that another `mass` process compiled, so that this one starts as if the plan had always been there.
struct TemporaryPlan {
  let path: String

  /// - Parameter options: Further options of `mass compile`.
  /// - Throws: An exit code when that process failed, which then has said why.
  init(compiling model: String, options: [String]) throws {
    let folder = unsafe getenv("TMPDIR").map { unsafe String(cString: $0) } ?? "/tmp"
    path = "\(folder)/mass-bench-\(getpid()).plan"
    Interruption.removing(path)
    let process = try ChildProcess(mass: ["compile", model, "-o", path, "--quiet"] + options)
    guard try process.wait() == 0 else { throw ExitCode(1) }
  }

  func remove() { unsafe _ = unlink(path) }
}
