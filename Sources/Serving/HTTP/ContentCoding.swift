import NIOCore
import ZlibShim

/// The content codings of bodies: RFC 9110, section 8.4.1.
enum ContentCoding: String, Sendable {
  case gzip, deflate

  /// What a `Content-Encoding` header asks for; nil for none.
  ///
  /// - Throws: `unsupported` for a coding that is not known here.
  static func named(_ text: String?) throws(ServingError) -> ContentCoding? {
    guard let text else { return nil }
    let name = text.lowercased()
    if name.isEmpty || name == "identity" { return nil }
    if name == "x-gzip" { return .gzip }
    guard let coding = ContentCoding(rawValue: name) else {
      throw ServingError(.unsupported, "unsupported Content-Encoding '\(text)'; supported are gzip, deflate")
    }
    return coding
  }

  /// The coding of an answer: the first of ours that `Accept-Encoding` takes, weights of zero excepted.
  static func accepted(by text: String?) -> ContentCoding? {
    guard let text else { return nil }
    for part in text.lowercased().split(separator: ",") {
      let fields = part.split(separator: ";").map { $0.filter { $0 != " " && $0 != "\t" } }
      let isRefused = fields.dropFirst().contains {
        $0.hasPrefix("q=0") && $0.dropFirst(3).allSatisfy { $0 == "." || $0 == "0" }
      }
      if let name = fields.first, let coding = ContentCoding(rawValue: String(name)), !isRefused { return coding }
    }
    return nil
  }

  /// Decodes a body.
  ///
  /// - Parameter limit: Bytes after which decoding stops: a small body may stand for an enormous one.
  static func decode(_ body: BodyBytes, limit: Int) throws(ServingError) -> BodyBytes {
    var stream = unsafe z_stream()
    guard unsafe mass_inflate_start(&stream) == Z_OK else {
      throw ServingError(.resourceExhausted, "no memory to decompress")
    }
    defer { unsafe _ = inflateEnd(&stream) }
    var result = BodyBytes([])
    var status = Z_OK
    for var chunk in body.chunks {
      var isSpent = false
      while !isSpent, status == Z_OK || status == Z_BUF_ERROR {
        var piece = ByteBuffer()
        let before = chunk.readableBytes
        status = unsafe step(&stream, &chunk, &piece) { unsafe ZlibShim.inflate(&$0, Z_NO_FLUSH) }
        guard result.count + piece.readableBytes <= limit else {
          throw ServingError(.payloadTooLarge, "the decompressed body exceeds the limit of \(limit) bytes")
        }
        isSpent = piece.readableBytes == 0 && chunk.readableBytes == before || status == Z_STREAM_END
        result.append(piece)
      }
      guard status == Z_OK || status == Z_BUF_ERROR || status == Z_STREAM_END else { break }
      if status == Z_STREAM_END, chunk.readableBytes > 0 { status = Z_DATA_ERROR }
    }
    guard status == Z_STREAM_END else { throw .invalid("the compressed body is damaged or incomplete") }
    return result
  }

  /// Encodes a body, whose parts follow each other; nil when zlib has no memory, or for more than a buffer may have to hold.
  func encode(_ parts: [ByteBuffer]) -> ByteBuffer? {
    guard parts.reduce(0, { $0 + $1.readableBytes }) <= 1 << 31 else { return nil }
    var stream = unsafe z_stream()
    guard unsafe mass_deflate_start(&stream, 1, self == .gzip ? 1 : 0) == Z_OK else { return nil }
    defer { unsafe _ = deflateEnd(&stream) }
    var result = ByteBuffer()
    for (i, part) in parts.enumerated() {
      let isLast = i == parts.count - 1
      var rest = part
      repeat {
        var piece = ByteBuffer()
        let status = unsafe Self.step(&stream, &rest, &piece) {
          unsafe ZlibShim.deflate(&$0, isLast ? Z_FINISH : Z_NO_FLUSH)
        }
        result.writeImmutableBuffer(piece)
        if status == Z_STREAM_END { return result }
        guard status == Z_OK || status == Z_BUF_ERROR else { return nil }
      } while isLast || rest.readableBytes > 0
    }
    return nil
  }

  /// One call of zlib: reads from `source`, writes up to 256 KiB.
  private static func step(
    _ stream: inout z_stream, _ source: inout ByteBuffer, _ target: inout ByteBuffer,
    _ call: (inout z_stream) -> Int32
  ) -> Int32 {
    let room = 256 << 10
    var status = Z_OK
    // Read only, for all that zlib's type says: who else holds the buffer need not be given a copy.
    let used = unsafe source.withUnsafeReadableBytes { input in
      unsafe stream.next_in = UnsafeMutableRawPointer(mutating: input.baseAddress)?.assumingMemoryBound(to: UInt8.self)
      unsafe stream.avail_in = UInt32(input.count)
      unsafe target.writeWithUnsafeMutableBytes(minimumWritableBytes: room) { output in
        unsafe stream.next_out = output.baseAddress?.assumingMemoryBound(to: UInt8.self)
        unsafe stream.avail_out = UInt32(room)
        status = unsafe call(&stream)
        return unsafe room - Int(stream.avail_out)
      }
      return unsafe input.count - Int(stream.avail_in)
    }
    source.moveReaderIndex(forwardBy: used)
    return status
  }
}
