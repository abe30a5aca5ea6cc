#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// The clock of deadlines: it never goes back, and it stands still while the machine sleeps.
enum MonotonicClock {
  /// Nanoseconds since some moment before the process began.
  static func now() -> UInt64 {
    var time = timespec()
    unsafe clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }

  /// The moment `nanoseconds` from now, or the clock's last one if that is later.
  static func now(adding nanoseconds: UInt64) -> UInt64 {
    let (sum, overflow) = now().addingReportingOverflow(nanoseconds)
    return overflow ? .max : sum
  }
}
