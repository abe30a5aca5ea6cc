#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Another process of this program.
struct ChildProcess {
  private let identifier: pid_t
  /// The end to read its standard error from, when that is not ours.
  private let errors: Int32?

  /// Starts `mass` with these arguments, on this one's standard streams.
  ///
  /// - Parameter capturesErrors: Whether its standard error is kept for `wait(readingErrors:)`.
  init(mass arguments: [String], capturesErrors: Bool = false) throws(Failure) {
    let program = try Self.executable()
    var copies: [UnsafeMutablePointer<CChar>?] = unsafe ([program] + arguments).map { unsafe strdup($0) }
    unsafe copies.append(nil)
    defer { for i in unsafe copies.indices { unsafe free(copies[i]) } }
    var actions = unsafe posix_spawn_file_actions_t()
    unsafe posix_spawn_file_actions_init(&actions)
    defer { unsafe posix_spawn_file_actions_destroy(&actions) }
    var ends: [Int32] = [-1, -1]
    if capturesErrors {
      guard unsafe pipe(&ends) == 0 else { throw Failure("\(unsafe String(cString: strerror(errno)))") }
      for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
      unsafe posix_spawn_file_actions_adddup2(&actions, ends[1], STDERR_FILENO)
    }
    var process = pid_t()
    let status = unsafe posix_spawn(&process, program, &actions, nil, copies, environ)
    if capturesErrors { close(ends[1]) }
    guard status == 0 else {
      if capturesErrors { close(ends[0]) }
      throw Failure("\(program): \(unsafe String(cString: strerror(status)))")
    }
    identifier = process
    errors = capturesErrors ? ends[0] : nil
  }

  /// Lets every other process go first.
  func yieldToOthers() { _ = setpriority(__priority_which_t(PRIO_PROCESS.rawValue), id_t(identifier), 10) }

  /// Waits for its end and returns its status, which is 0 when all went well.
  func wait() throws(Failure) -> Int32 {
    var result: Int32 = 0
    while unsafe waitpid(identifier, &result, 0) < 0 {
      guard errno == EINTR else { return -1 }
    }
    return result
  }

  /// As above, with what it wrote to standard error, its end when that is long.
  func wait(readingErrors limit: Int) throws(Failure) -> (status: Int32, errors: String) {
    var text: [UInt8] = []
    if let errors {
      var part = [UInt8](repeating: 0, count: 4096)
      while case let count = unsafe read(errors, &part, part.count), count > 0 || count < 0 && errno == EINTR {
        if count > 0 { text = (text + part[..<count]).suffix(limit) }
      }
      close(errors)
    }
    return (try wait(), String(decoding: text, as: UTF8.self))
  }

  private static func executable() throws(Failure) -> String {
    var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
    let count = unsafe readlink("/proc/self/exe", &buffer, buffer.count)
    guard count > 0 else { throw Failure("cannot find this program: \(unsafe String(cString: strerror(errno)))") }
    return String(decoding: buffer.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
