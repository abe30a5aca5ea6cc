import MassRuntime
import NIOCore

/// A buffer as the memory of a tensor: a large input is used where it arrived, a large output is sent from where it was
/// computed.
final class BufferMemory: Sendable {
  /// Holds the tensor's bytes and nothing else.
  let buffer: ByteBuffer

  private init(_ buffer: ByteBuffer) { self.buffer = buffer }

  /// Tensors from this size on are worth it.
  static let leastBytes = 512 << 10
  /// A buffer is twice as large at most, and one for which there is no memory ends the process: larger tensors are copied, and
  /// refused if there is no memory for them.
  static let mostBytes = 64 << 20

  /// The bytes of a buffer where they lie; nil if they are few, or not aligned to `alignment`.
  static func storage(of buffer: ByteBuffer, alignment: Int) -> TensorStorage? {
    guard buffer.readableBytes >= leastBytes else { return nil }
    // The pointer outlives the closure: the buffer, which nobody changes, keeps its memory.
    return unsafe buffer.withUnsafeReadableBytesWithStorageManagement { bytes, _ in
      guard let start = bytes.baseAddress, Int(bitPattern: start) % alignment == 0 else { return nil }
      return unsafe TensorStorage(borrowing: start, byteCount: bytes.count, owner: BufferMemory(buffer))
    }
  }

  /// Whether a tensor keeps more than a quarter beyond its own bytes alive: a buffer's size is a power of two, and the tensor
  /// may be a part of a request.
  static func keepsMore(than tensor: Tensor) -> Bool {
    guard let memory = tensor.storage.owner as? BufferMemory else { return false }
    return memory.buffer.storageCapacity > tensor.byteCount + tensor.byteCount / 4
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
