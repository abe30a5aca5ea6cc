import ThreadsShim

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// How many threads a session uses when nobody says.
public enum ThreadCount {
  /// The processors this process may use: its affinity mask, cut down to the cgroup's CPU quota, at least one.
  public static var `default`: Int { max(1, min(affinity, quota ?? Int.max)) }

  /// Processors in the affinity mask.
  static var affinity: Int { Int(mass_threads_affinity()) }

  /// The cgroup's quota in whole processors, rounded up; nil when there is none.
  static var quota: Int? {
    if let text = read("/sys/fs/cgroup/cpu.max") { return quota(v2: text) }
    guard let limit = read("/sys/fs/cgroup/cpu/cpu.cfs_quota_us").flatMap({ Int($0) }), limit > 0,
      let period = read("/sys/fs/cgroup/cpu/cpu.cfs_period_us").flatMap({ Int($0) }), period > 0
    else { return nil }
    return (limit + period - 1) / period
  }

  /// Parses `cpu.max`: "max 100000" or "quota period" in microseconds.
  static func quota(v2 text: String) -> Int? {
    let fields = text.split(separator: " ")
    guard fields.count == 2, let limit = Int(fields[0]), let period = Int(fields[1]), limit > 0, period > 0 else {
      return nil
    }
    return (limit + period - 1) / period
  }

  private static func read(_ path: String) -> String? {
    guard let file = unsafe fopen(path, "re") else { return nil }
    defer { unsafe fclose(file) }
    var buffer = [UInt8](repeating: 0, count: 128)
    let count = unsafe fread(&buffer, 1, buffer.count, file)
    let text = String(decoding: buffer.prefix(count), as: UTF8.self)
    return String(text.prefix { $0 != "\n" })
  }
}
