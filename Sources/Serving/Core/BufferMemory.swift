import MassRuntime
import NIOCore

/// A buffer as the memory of a tensor: a large input is used where it arrived, a large output is sent from where it was
/// computed.
final class BufferMemory: Sendable {
  /// Holds the tensor's bytes and nothing else.
  let buffer: ByteBuffer

  private init(_ buffer: ByteBuffer) { self.buffer = buffer }

  /// Tensors from this size on are worth it; a smaller one is sent in one piece with the text before it.
  static let leastBytes = 512 << 10
  /// A buffer for which there is no memory ends the process: what may ask for more is refused in an orderly way instead.
  private static let mostBytes = 256 << 20

  /// The bytes of a buffer where they lie; nil if they are few, or not aligned to `alignment`.
  static func storage(of buffer: ByteBuffer, alignment: Int) -> TensorStorage? {
    guard buffer.readableBytes >= leastBytes else { return nil }
    // The pointer outlives the closure: the buffer, which nobody changes, keeps its memory.
    return unsafe buffer.withUnsafeReadableBytesWithStorageManagement { bytes, _ in
      guard let start = bytes.baseAddress, Int(bitPattern: start) % alignment == 0 else { return nil }
      return unsafe TensorStorage(borrowing: start, byteCount: bytes.count, owner: BufferMemory(buffer))
    }
  }

  /// Whether a tensor keeps much more than its own bytes alive: a request of which it was a part.
  static func keepsMore(than tensor: Tensor) -> Bool {
    guard let memory = tensor.storage.owner as? BufferMemory else { return false }
    return memory.buffer.storageCapacity / 2 > tensor.byteCount + TensorStorage.alignment
  }

  /// Memory for `byteCount` bytes of an output, which are indeterminate.
  static func storage(byteCount: Int) throws(TensorError) -> TensorStorage {
    if byteCount >= leastBytes, byteCount <= mostBytes {
      var buffer = empty(capacity: byteCount)
      unsafe buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: byteCount) { _ in byteCount }
      if let storage = storage(of: buffer, alignment: TensorStorage.alignment) { return storage }
    }
    return try unsafe TensorStorage(unsafeUninitialized: byteCount)
  }

  /// A buffer whose byte at `offset` will lie aligned as tensors are, as long as no more than `capacity` bytes are written.
  static func empty(capacity: Int, aligning offset: Int = 0) -> ByteBuffer {
    let alignment = TensorStorage.alignment
    var buffer = ByteBuffer()
    buffer.reserveCapacity(capacity + alignment)
    let start = unsafe buffer.withUnsafeMutableWritableBytes { Int(bitPattern: $0.baseAddress) }
    let skipped = (alignment - (start + offset) % alignment) % alignment
    buffer.moveWriterIndex(forwardBy: skipped)
    buffer.moveReaderIndex(forwardBy: skipped)
    return buffer
  }
}
