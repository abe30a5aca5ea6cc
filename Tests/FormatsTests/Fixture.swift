import MassFormats
import MassRuntime

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Files that `Tests/Fixtures/make_formats.py` wrote, and a place for files of our own.
enum Fixture {
  static func path(_ name: String) -> String {
    let folders = #filePath.split(separator: "/").dropLast(2)
    return "/" + folders.joined(separator: "/") + "/Fixtures/formats/" + name
  }

  /// A path nobody uses; removed when `body` is done.
  static func withTemporaryFile<Result>(_ name: String = "file", _ body: (String) throws -> Result) rethrows -> Result {
    let path = "/tmp/mass-formats-\(getpid())-\(UInt64.random(in: 0 ... .max))-\(name)"
    defer { unsafe _ = unlink(path) }
    return try body(path)
  }
}

/// Pseudo-random numbers that are the same in every run.
struct SeededGenerator: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return state ^ (state >> 29)
  }
}
