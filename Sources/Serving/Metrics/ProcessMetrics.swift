#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// What the system knows of this process; what it does not tell is nil.
struct ProcessMetrics: Hashable, Sendable {
  /// In user and system mode.
  var cpuNanoseconds: UInt64?
  var residentBytes: UInt64?
  var virtualBytes: UInt64?
  var openFiles: UInt64?
  var maximumFiles: UInt64?
  /// Seconds since 1970 at which the process began.
  var startTime: Double?
  var threads: UInt64?

  init() {}

  /// Reads `/proc/self`.
  static func sample() -> ProcessMetrics {
    var result = read("/proc/self/stat").map { ProcessMetrics(status: $0, bootTime: bootTime) } ?? ProcessMetrics()
    result.openFiles = openFiles
    var limit = rlimit()
    if unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 {
      result.maximumFiles = UInt64(limit.rlim_cur)
    }
    return result
  }

  /// Parses `/proc/self/stat`: the name of the program, in parentheses, may hold anything, so fields count from behind it.
  init(status: String, bootTime: Double?) {
    guard let end = status.utf8.lastIndex(of: UInt8(ascii: ")")) else { return }
    let fields = status[end...].split(separator: " ").dropFirst().map { UInt64($0) }
    // The third field of proc(5) comes first.
    func field(_ number: Int) -> UInt64? { fields.indices.contains(number - 3) ? fields[number - 3] : nil }
    let ticks = UInt64(clamping: max(1, sysconf(Int32(_SC_CLK_TCK))))
    let page = UInt64(clamping: sysconf(Int32(_SC_PAGESIZE)))
    if let user = field(14), let system = field(15) {
      cpuNanoseconds = (user &+ system).multipliedReportingOverflow(by: 1_000_000_000 / ticks).partialValue
    }
    threads = field(20)
    if let bootTime, let start = field(22) { startTime = bootTime + Double(start) / Double(ticks) }
    virtualBytes = field(23)
    residentBytes = field(24).map { $0.multipliedReportingOverflow(by: page).partialValue }
  }

  /// Seconds since 1970 at which the system began.
  private static let bootTime: Double? = {
    let line = read("/proc/stat")?.split(separator: "\n").first { $0.hasPrefix("btime ") }
    return (line?.dropFirst(6)).flatMap { Double($0) }
  }()

  private static var openFiles: UInt64? {
    guard let folder = unsafe opendir("/proc/self/fd") else { return nil }
    defer { unsafe closedir(folder) }
    var count: UInt64 = 0
    while unsafe readdir(folder) != nil { count += 1 }
    // Neither ".", ".." nor the folder itself.
    return count > 3 ? count - 3 : 0
  }

  private static func read(_ path: String) -> String? {
    guard let file = unsafe fopen(path, "re") else { return nil }
    defer { unsafe fclose(file) }
    var (text, buffer): ([UInt8], [UInt8]) = ([], [UInt8](repeating: 0, count: 4096))
    while true {
      let count = unsafe fread(&buffer, 1, buffer.count, file)
      if count == 0 { return String(decoding: text, as: UTF8.self) }
      text += buffer.prefix(count)
    }
  }
}

extension ProcessMetrics {
  /// Under the names that all Prometheus clients use.
  var samples: [(name: String, kind: MetricsWriter.Kind, help: String, value: String?)] {
    [
      (
        "process_cpu_seconds_total", .counter, "User and system time in seconds.",
        cpuNanoseconds.map(MetricsWriter.seconds)
      ),
      ("process_resident_memory_bytes", .gauge, "Resident memory.", residentBytes.map(String.init)),
      ("process_virtual_memory_bytes", .gauge, "Virtual memory.", virtualBytes.map(String.init)),
      ("process_open_fds", .gauge, "Open file descriptors.", openFiles.map(String.init)),
      ("process_max_fds", .gauge, "File descriptors that may be open.", maximumFiles.map(String.init)),
      (
        "process_start_time_seconds", .gauge, "When the process began, in seconds since 1970.",
        startTime.map { String($0) }
      ),
      ("process_threads", .gauge, "Threads of the process.", threads.map(String.init)),
    ]
  }
}
