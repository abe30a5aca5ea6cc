import MassRuntime
import NIOCore

#if _endian(big)
  #error("Tensors are copied as they lie in memory; the protocol wants little-endian bytes.")
#endif

/// Tensors as the protocol's bytes: row-major, little-endian, without padding. A string is its length as four bytes and
/// then its UTF-8.
enum TensorBytes {
  private static let lengthBytes = 4

  static func byteCount(of tensor: Tensor) -> Int {
    guard tensor.element == .string else { return tensor.byteCount }
    return tensor.strings.reduce(0) { $0 + lengthBytes + $1.utf8.count }
  }

  /// - Requires: Room in a buffer, which holds less than 4 GiB.
  static func append(_ tensor: Tensor, to buffer: inout ByteBuffer) {
    guard tensor.element == .string else {
      unsafe tensor.withUnsafeBytes { bytes in _ = unsafe buffer.writeBytes(bytes) }
      return
    }
    for string in tensor.strings {
      buffer.writeInteger(UInt32(truncatingIfNeeded: string.utf8.count), endianness: .little)
      buffer.writeString(string)
    }
  }

  /// Makes the output that `bytes` hold. Nothing is allocated before their number was found to fit the shape.
  static func tensor(
    _ name: String, _ element: ElementType, _ shape: [Int], _ bytes: ByteBuffer
  ) throws(ClientError) -> Tensor {
    if element == .string { return try strings(name, shape, bytes) }
    let count = try elementCount(shape, name)
    guard element.byteCount(elements: count) == bytes.readableBytes else {
      throw .malformed("output '\(name)' of type \(element) and shape \(shape) has \(bytes.readableBytes) bytes")
    }
    do throws(TensorError) {
      return try unsafe Tensor(element: element, shape: shape) { target in
        unsafe bytes.withUnsafeReadableBytes { unsafe target.copyMemory(from: $0) }
        if element == .bool { for i in target.indices { unsafe target[i] = target[i] == 0 ? 0 : 1 } }
      }
    } catch { throw .malformed("output '\(name)': \(error)") }
  }

  static func elementCount(_ shape: [Int], _ name: String) throws(ClientError) -> Int {
    do throws(TensorError) { return try Tensor.elementCount(of: shape) } catch {
      throw .malformed("output '\(name)': \(error)")
    }
  }

  private static func strings(_ name: String, _ shape: [Int], _ bytes: ByteBuffer) throws(ClientError) -> Tensor {
    let count = try elementCount(shape, name)
    var bytes = bytes
    var strings: [String] = []
    strings.reserveCapacity(min(count, bytes.readableBytes / lengthBytes))
    while strings.count < count, let length = bytes.readInteger(endianness: .little, as: UInt32.self),
      let text = bytes.readSlice(length: Int(length))
    {
      guard let string = String(validating: text.readableBytesView, as: UTF8.self) else {
        throw .malformed("element \(strings.count) of output '\(name)' is not UTF-8")
      }
      strings.append(string)
    }
    guard strings.count == count, bytes.readableBytes == 0 else {
      throw .malformed("the bytes of output '\(name)' are not the \(count) strings of shape \(shape)")
    }
    do throws(TensorError) { return try Tensor(strings: strings, shape: shape) } catch {
      throw .malformed("output '\(name)': \(error)")
    }
  }
}
