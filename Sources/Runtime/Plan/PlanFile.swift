import CryptoShim

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// The container format: a fixed header, a table of sections, the sections. docs/plan-format.md is its specification.
public enum PlanFile {
  public static let magic: [UInt8] = Array("MASSPLAN".utf8)
  public static let version: UInt32 = 1

  /// Where this process writes a plan before it renames it to `path`.
  public static func partialPath(of path: String) -> String { "\(path).\(getpid())\(partialSuffix)" }
  public static let partialSuffix = ".partial"

  static let headerBytes = 64
  static let entryBytes = 64
  static let digestBytes = 32
  static let maximumSections = 64
  /// Sections with tensors start on a page so that mapping gives aligned addresses.
  static let pageBytes = 4096

  enum Kind: UInt32, CaseIterable {
    case header = 1
    case graph = 2
    case tensors = 3
    case target = 4
    case packedTensors = 5
    case report = 6

    /// Sections that are parsed rather than mapped, and therefore checked against their digest on opening.
    var isStructure: Bool { self != .tensors && self != .packedTensors }
  }

  struct Entry {
    var kind: UInt32
    var offset: Int
    var length: Int
    var digest: [UInt8]
  }

  /// SHA-256.
  static func digest(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
    unsafe digest { context in unsafe mass_sha256_update(context, bytes.baseAddress, bytes.count) }
  }

  /// SHA-256 over the bytes of several tensors, one after the other.
  static func digest(_ tensors: [Tensor]) -> [UInt8] {
    unsafe digest { context in
      for tensor in tensors {
        unsafe tensor.withUnsafeBytes { unsafe mass_sha256_update(context, $0.baseAddress, $0.count) }
      }
    }
  }

  private static func digest(_ feed: (OpaquePointer?) -> Void) -> [UInt8] {
    let context = unsafe mass_sha256_start()
    unsafe feed(context)
    var result = [UInt8](repeating: 0, count: digestBytes)
    unsafe mass_sha256_finish(context, &result)
    return result
  }

  static func digest(_ bytes: [UInt8]) -> [UInt8] { unsafe bytes.withUnsafeBytes { unsafe digest($0) } }

  /// True when the first bytes say that this is a plan.
  public static func isPlan(_ prefix: [UInt8]) -> Bool { prefix.starts(with: magic) }
}

extension FixedWidthInteger {
  /// Little-endian bytes.
  var bytes: [UInt8] { (0..<Self.bitWidth / 8).map { UInt8(truncatingIfNeeded: self >> (8 * $0)) } }
}
