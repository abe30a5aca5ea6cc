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
  package static var affinity: Int { Int(mass_threads_affinity()) }

  /// The cgroup's quota in whole processors, rounded up; nil when there is none.
  static var quota: Int? {
    if let text = read("/sys/fs/cgroup/cpu.max") { return quota(v2: text) }
    guard let limit = read("/sys/fs/cgroup/cpu/cpu.cfs_quota_us"),
      let period = read("/sys/fs/cgroup/cpu/cpu.cfs_period_us")
    else { return nil }
    return quota(limit: limit, period: period)
  }

  /// Parses `cpu.max`: "max 100000" or "quota period" in microseconds.
  package static func quota(v2 text: String) -> Int? {
    let fields = text.split(separator: " ")
    return fields.count == 2 ? quota(limit: String(fields[0]), period: String(fields[1])) : nil
  }

  /// Version 1 writes the two numbers into files of their own, and −1 for no limit.
  package static func quota(limit: String, period: String) -> Int? {
    guard let limit = Int(limit), let period = Int(period), limit > 0, period > 0 else { return nil }
    return limit / period + (limit % period == 0 ? 0 : 1)
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
