import MassRuntime
import ZipShim

/// numpy's `.npz` files: archives of named arrays, stored or deflated.
@safe public final class NPZArchive {
  private let archive: OpaquePointer
  private let path: String
  private let fileBytes: Int
  /// Names of the arrays, in the archive's order.
  public let names: [String]

  /// No array may have more bytes, unpacked.
  public static let byteLimit = 1 << 36
  /// Deflate packs no more bytes into one: a larger claim is a lie.
  private static let largestRatio = 1032

  public init(path: String) throws(FormatError) {
    fileBytes = try InputFile(path: path).remaining
    var code: Int32 = 0
    guard let archive = unsafe zip_open(path, ZIP_RDONLY, &code) else { throw FormatError(path, zipMessage(code)) }
    unsafe self.archive = archive
    self.path = path
    let count = unsafe max(0, zip_get_num_entries(archive, 0))
    names = (0..<count).map { i in
      let name = unsafe zip_get_name(archive, zip_uint64_t(i), 0).map { unsafe String(cString: $0) } ?? ""
      return name.hasSuffix(".npy") ? String(name.dropLast(4)) : name
    }
  }

  deinit { unsafe zip_discard(archive) }

  /// Reads one array.
  ///
  /// - Parameter element: As for `NPY.read`.
  public func tensor(_ name: String, as element: ElementType? = nil) throws(FormatError) -> Tensor {
    guard let index = names.lastIndex(of: name) else {
      throw FormatError(path, expected: "an array '\(name)'", got: names.map { "'\($0)'" }.joined(separator: ", "))
    }
    let entry = try entry(index, place: "\(path)[\(name)]")
    let tensor = try NPYReader(source: entry, element: element).tensor()
    try entry.finish()
    return tensor
  }

  private func entry(_ index: Int, place: String) throws(FormatError) -> NPZEntry {
    var status = unsafe zip_stat_t()
    unsafe zip_stat_init(&status)
    let number = zip_uint64_t(index)
    guard unsafe zip_stat_index(archive, number, 0, &status) == 0 else { throw FormatError(place, lastMessage) }
    let (size, packed, method) = unsafe (status.size, status.comp_size, status.comp_method)
    guard method == ZIP_CM_STORE || method == ZIP_CM_DEFLATE else {
      throw FormatError(place, expected: "stored or deflated data", got: "compression method \(method)")
    }
    let ratio = method == ZIP_CM_STORE ? 1 : Self.largestRatio
    let limit = min(min(fileBytes, Self.byteLimit) * ratio, Self.byteLimit)
    guard packed <= fileBytes, size <= limit else {
      throw FormatError(
        place, expected: "at most \(limit) bytes in a file of \(fileBytes)", got: "\(size), packed as \(packed)")
    }
    guard let file = unsafe zip_fopen_index(archive, number, 0) else { throw FormatError(place, lastMessage) }
    return unsafe NPZEntry(file: file, archive: self, count: Int(size), place: place)
  }

  private var lastMessage: String { unsafe String(cString: zip_strerror(archive)) }
}

/// What libzip says about one of its error codes.
func zipMessage(_ code: Int32) -> String {
  var error = unsafe zip_error_t()
  unsafe zip_error_init_with_code(&error, code)
  defer { unsafe zip_error_fini(&error) }
  return unsafe String(cString: zip_error_strerror(&error))
}

/// One array of an archive, unpacked while it is read.
@safe private final class NPZEntry: ByteSource {
  let place: String
  private(set) var remaining: Int
  private let file: OpaquePointer
  private let archive: NPZArchive

  init(file: OpaquePointer, archive: NPZArchive, count: Int, place: String) {
    unsafe self.file = file
    self.archive = archive
    remaining = count
    self.place = place
  }

  deinit { unsafe _ = zip_fclose(file) }

  func read(into buffer: UnsafeMutableRawBufferPointer) throws(FormatError) {
    var position = 0
    while position < buffer.count, let base = buffer.baseAddress {
      let count = unsafe zip_fread(file, base + position, zip_uint64_t(buffer.count - position))
      guard count >= 0 else { throw FormatError(place, unsafe String(cString: zip_file_strerror(file))) }
      guard count > 0 else {
        throw FormatError(place, expected: "\(buffer.count - position) more bytes", got: "the end of the entry")
      }
      position += Int(count)
    }
    remaining -= buffer.count
  }

  /// Reads to the end, where libzip compares the checksum.
  func finish() throws(FormatError) {
    guard remaining == 0 else { throw FormatError(place, expected: "one array", got: "\(remaining) bytes after it") }
    var byte: UInt8 = 0
    guard unsafe zip_fread(file, &byte, 1) == 0 else {
      throw FormatError(place, expected: "data that fits its checksum", got: "damaged data")
    }
  }
}
