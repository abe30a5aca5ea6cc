import MassRuntime
import ZipShim

extension NPZArchive {
  /// Writes named arrays, uncompressed and in order, as `numpy.savez` does; the file appears when it is complete.
  ///
  /// - Parameter tensors: Names must differ.
  public static func write(_ tensors: [(name: String, tensor: Tensor)], to path: String) throws(FormatError) {
    var encodings: [NPYEncoding] = []
    for (name, tensor) in tensors { encodings.append(try NPYEncoding(tensor, place: "\(path)[\(name)]")) }
    var code: Int32 = 0
    guard let archive = unsafe zip_open(path, ZIP_CREATE | ZIP_TRUNCATE, &code) else {
      throw FormatError(path, zipMessage(code))
    }
    var headers: [UnsafeMutableRawBufferPointer] = unsafe []
    defer { for i in unsafe headers.indices { unsafe headers[i].deallocate() } }
    for (encoding, (name, _)) in zip(encodings, tensors) {
      let header = UnsafeMutableRawBufferPointer.allocate(byteCount: encoding.header.count, alignment: 1)
      unsafe header.copyBytes(from: encoding.header)
      unsafe headers.append(header)
      guard unsafe add(encoding, header, named: "\(name).npy", to: archive) else {
        let reason = unsafe String(cString: zip_strerror(archive))
        unsafe zip_discard(archive)
        throw FormatError("\(path)[\(name)]", reason)
      }
    }
    let status = unsafe zip_close(archive)
    withExtendedLifetime(encodings) {}
    guard status == 0 else {
      let reason = unsafe String(cString: zip_strerror(archive))
      unsafe zip_discard(archive)
      throw FormatError(path, reason)
    }
  }

  /// Midnight of 1 January 1980, the first a zip file can tell: equal arrays make equal files.
  private static let firstDay: zip_uint16_t = 0x21

  /// Adds one array; its memory is read when the archive is closed.
  private static func add(
    _ encoding: NPYEncoding, _ header: UnsafeMutableRawBufferPointer, named name: String, to archive: OpaquePointer
  ) -> Bool {
    let data = unsafe encoding.data.withUnsafeBytes { unsafe fragment($0) }
    let fragments = unsafe [fragment(UnsafeRawBufferPointer(header)), data]
    guard let source = unsafe zip_source_buffer_fragment(archive, fragments, zip_uint64_t(fragments.count), 0) else {
      return false
    }
    let index = unsafe zip_file_add(archive, name, source, ZIP_FL_ENC_UTF_8)
    guard index >= 0 else {
      unsafe zip_source_free(source)
      return false
    }
    let number = zip_uint64_t(index)
    return unsafe zip_set_file_compression(archive, number, ZIP_CM_STORE, 0) == 0
      && zip_file_set_dostime(archive, number, 0, firstDay, 0) == 0
  }

  private static func fragment(_ bytes: UnsafeRawBufferPointer) -> zip_buffer_fragment_t {
    let data = unsafe UnsafeMutablePointer(mutating: bytes.assumingMemoryBound(to: UInt8.self).baseAddress)
    return unsafe zip_buffer_fragment_t(data: data, length: zip_uint64_t(bytes.count))
  }
}
