import MassSecurity

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// A folder that goes with the value.
final class TemporaryFolder: Sendable {
  let path = "/tmp/mass-security-\(getpid())-\(UInt64.random(in: .min ... .max))"

  init() { unsafe _ = mkdir(path, 0o700) }

  deinit {
    let files = [
      "access.json", "access.json.lock", "audit.log", "other.log", "link.json", "access.json.partial", "fifo",
      "copy.log",
    ]
    for name in files { unsafe _ = unlink("\(path)/\(name)") }
    unsafe _ = rmdir(path)
  }

  var access: String { "\(path)/access.json" }
  var audit: String { "\(path)/audit.log" }

  func file(_ name: String) -> String { "\(path)/\(name)" }
}

/// What a test does to files behind the back of the code.
enum RawFile {
  static func bytes(_ path: String) -> [UInt8] {
    let descriptor = unsafe open(path, O_RDONLY)
    defer { close(descriptor) }
    var bytes = [UInt8](repeating: 0, count: 8 << 20)
    let count = unsafe read(descriptor, &bytes, bytes.count)
    return Array(bytes.prefix(max(0, count)))
  }

  static func write(_ bytes: [UInt8], to path: String, mode: mode_t = 0o600) {
    let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC, mode)
    defer { close(descriptor) }
    unsafe _ = Glibc.write(descriptor, bytes, bytes.count)
    _ = fchmod(descriptor, mode)
  }

  static func write(_ text: String, to path: String, mode: mode_t = 0o600) {
    write(Array(text.utf8), to: path, mode: mode)
  }

  static func mode(_ path: String) -> mode_t {
    var status = stat()
    unsafe _ = stat(path, &status)
    return status.st_mode & 0o777
  }
}
