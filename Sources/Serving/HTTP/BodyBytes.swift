import NIOCore

/// The bytes of a body as they arrived: pieces, never joined unless something needs them in a row.
struct BodyBytes: Sendable {
  private(set) var chunks: [ByteBuffer]
  private(set) var count: Int

  init(_ chunks: [ByteBuffer]) {
    self.chunks = chunks
    count = chunks.reduce(0) { $0 + $1.readableBytes }
  }

  /// Adds a piece; a small one is copied behind the last, so that a body in very many pieces does not cost a buffer each.
  mutating func append(_ chunk: ByteBuffer) {
    count += chunk.readableBytes
    if let last = chunks.indices.last, chunk.readableBytes < 4096, chunks[last].readableBytes < 1 << 20 {
      chunks[last].writeImmutableBuffer(chunk)
    } else if chunk.readableBytes > 0 {
      chunks.append(chunk)
    }
  }

  /// Removes and returns the first `size` bytes, without copying them.
  ///
  /// - Requires: `size` is at most `count`.
  mutating func take(_ size: Int) -> BodyBytes {
    var taken: [ByteBuffer] = []
    var missing = size
    var used = 0
    while missing > 0, used < chunks.count {
      let length = min(missing, chunks[used].readableBytes)
      if let slice = chunks[used].readSlice(length: length) { taken.append(slice) }
      missing -= length
      if chunks[used].readableBytes == 0 { used += 1 }
    }
    chunks.removeFirst(used)
    count -= size
    return BodyBytes(taken)
  }

  /// Copies every byte to the start of `target`, which has room for them.
  func copy(to target: UnsafeMutableRawBufferPointer) {
    var offset = 0
    for chunk in chunks {
      unsafe chunk.withUnsafeReadableBytes { bytes in
        unsafe UnsafeMutableRawBufferPointer(rebasing: target[offset...]).copyMemory(from: bytes)
      }
      offset += chunk.readableBytes
    }
  }
}
