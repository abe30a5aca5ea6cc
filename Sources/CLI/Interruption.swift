#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// The file to remove when the process is interrupted. Written before the handler is installed, read only by it.
private nonisolated(unsafe) var doomed: UnsafeMutablePointer<CChar>?

/// Leaves no half-written file behind when the user interrupts.
enum Interruption {
  /// Removes `path`, if it is there, when SIGINT, SIGTERM or SIGHUP ends the process. One file at a time.
  static func removing(_ path: String) {
    let copy = unsafe strdup(path)
    unsafe doomed = copy
    for number in [SIGINT, SIGTERM, SIGHUP] {
      unsafe _ = signal(number) { number in
        if let path = unsafe doomed { unsafe _ = unlink(path) }
        unsafe _ = signal(number, SIG_DFL)
        raise(number)
      }
    }
  }
}
