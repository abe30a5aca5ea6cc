#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// The few things to know about files and folders.
public enum FileSystem {
  public static func exists(_ path: String) -> Bool { unsafe access(path, F_OK) == 0 }

  /// Names in a folder, sorted; nil when it cannot be read.
  public static func names(in folder: String) -> [String]? {
    guard let stream = unsafe opendir(folder) else { return nil }
    defer { unsafe closedir(stream) }
    var names: [String] = []
    while let entry = unsafe readdir(stream) {
      let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
        unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name != "." && name != ".." { names.append(name) }
    }
    return names.sorted()
  }

  public static func byteCount(_ path: String) -> Int {
    var status = stat()
    return unsafe stat(path, &status) == 0 ? Int(status.st_size) : 0
  }

  /// Seconds since 1970 when the file or folder last changed.
  public static func modified(_ path: String) -> Int? {
    var status = stat()
    return unsafe stat(path, &status) == 0 ? Int(status.st_mtim.tv_sec) : nil
  }

  /// The last component, trailing slashes aside.
  public static func name(_ path: String) -> String { path.split(separator: "/").last.map(String.init) ?? path }

  public static func isWritable(_ path: String) -> Bool { unsafe access(path, W_OK) == 0 }

  /// Makes a folder and those it lies in, where they are missing; false when that is not possible.
  public static func makeFolder(_ path: String) -> Bool {
    var part = path.hasPrefix("/") ? "" : "."
    for component in path.split(separator: "/") {
      part += "/\(component)"
      guard unsafe mkdir(part, 0o755) == 0 || errno == EEXIST else { return false }
    }
    return true
  }

  /// Where the environment says, or else `/tmp`.
  public static var temporaryFolder: String {
    unsafe getenv("TMPDIR").map { unsafe String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 } ?? "/tmp"
  }
}
