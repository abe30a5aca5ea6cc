#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// The file to remove when the process is interrupted. Written before the handler is installed, read only by it.
private nonisolated(unsafe) var doomed: UnsafeMutablePointer<CChar>?

/// The signal that came while interruption was postponed; one word, so that the handler may write it.
private nonisolated(unsafe) var pending: Int32 = 0

/// Leaves no half-written file behind when the user interrupts.
enum Interruption {
  private static let signals = [SIGINT, SIGTERM, SIGHUP]

  /// Removes `path`, if it is there, when a signal ends the process. One file at a time.
  static func removing(_ path: String) {
    let copy = unsafe strdup(path)
    unsafe doomed = copy
    for number in signals {
      _ = signal(number) { number in
        if let path = unsafe doomed { unsafe _ = unlink(path) }
        _ = signal(number, SIG_DFL)
        raise(number)
      }
    }
  }

  /// Lets the next signal do nothing but be noted; one after it ends the process.
  static func note() {
    for number in signals {
      _ = signal(number) { number in
        unsafe pending = number
        _ = signal(number, SIG_DFL)
      }
    }
  }

  /// Whether a signal came since `note`.
  static var isNoted: Bool { unsafe pending != 0 }

  /// Lets a short piece of work finish before a signal ends the process.
  static func postponed<Result>(_ body: () throws(Failure) -> Result) throws(Failure) -> Result {
    for number in signals { _ = signal(number) { unsafe pending = $0 } }
    defer {
      for number in signals { _ = signal(number, SIG_DFL) }
      if unsafe pending != 0 { unsafe raise(pending) }
    }
    return try body()
  }
}
