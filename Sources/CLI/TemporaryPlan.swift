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
    let status = try Self.run([try Self.executable(), "compile", model, "-o", path, "--quiet"] + options)
    guard status == 0 else { throw ExitCode(1) }
  }

  func remove() { unsafe _ = unlink(path) }

  private static func executable() throws(Failure) -> String {
    var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
    let count = unsafe readlink("/proc/self/exe", &buffer, buffer.count)
    guard count > 0 else { throw Failure("cannot find this program: \(unsafe String(cString: strerror(errno)))") }
    return String(decoding: buffer.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// Runs a program on this one's standard streams and waits for it.
  private static func run(_ arguments: [String]) throws(Failure) -> Int32 {
    var copies: [UnsafeMutablePointer<CChar>?] = unsafe arguments.map { unsafe strdup($0) }
    unsafe copies.append(nil)
    defer { for i in unsafe copies.indices { unsafe free(copies[i]) } }
    var process = pid_t()
    let status = unsafe posix_spawn(&process, arguments[0], nil, nil, copies, environ)
    guard status == 0 else { throw Failure("\(arguments[0]): \(unsafe String(cString: strerror(status)))") }
    var result: Int32 = 0
    while unsafe waitpid(process, &result, 0) < 0 {
      guard errno == EINTR else { return -1 }
    }
    return result
  }
}
