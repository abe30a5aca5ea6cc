import NIOCore

/// The bytes of a body: pieces as they arrived, or one piece if it was announced that it holds a large tensor.
struct BodyBytes: Sendable {
  /// What the head of a request says of its body.
  struct Announcement {
    var length: Int
    /// Where a tensor begins that will be used where it lies.
    var tensorOffset: Int
  }

  private(set) var chunks: [ByteBuffer]
  private(set) var count: Int
  private var announced: Announcement?
  /// Whether all goes into the one buffer there is.
  private var gathers = false

  init(_ chunks: [ByteBuffer], announced: Announcement? = nil) {
    self.chunks = chunks
    count = chunks.reduce(0) { $0 + $1.readableBytes }
    self.announced = announced
  }

  /// Whether enough has arrived for memory to be taken for all that was announced.
  private func isInEarnest(_ announced: Announcement) -> Bool {
    announced.length <= BufferMemory.mostBytes && count <= announced.length
      && count >= max(BufferMemory.leastBytes, announced.length / 16)
  }

  /// Adds a piece.
  ///
  /// A small one is copied behind the last, so that a body in very many pieces does not cost a buffer each; so are all of an
  /// announced body, while they are warm in the cache.
  mutating func append(_ chunk: ByteBuffer) {
    count += chunk.readableBytes
    if let announced, isInEarnest(announced) {
      var whole = BufferMemory.empty(capacity: announced.length, aligning: announced.tensorOffset)
      for piece in chunks { whole.writeImmutableBuffer(piece) }
      chunks = [whole]
      self.announced = nil
      gathers = true
    }
    if gathers {
      chunks[0].writeImmutableBuffer(chunk)
    } else if let last = chunks.indices.last, chunk.readableBytes < 4096, chunks[last].readableBytes < 1 << 20 {
      chunks[last].writeImmutableBuffer(chunk)
    } else if chunk.readableBytes > 0 {
      chunks.append(chunk)
    }
  }

  /// Removes and returns the first `size` bytes, where they lie; what begins beyond the first 16 MiB of a buffer is copied.
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
