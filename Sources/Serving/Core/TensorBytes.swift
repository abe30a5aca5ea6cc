import MassFormats
import MassRuntime
import NIOCore

#if _endian(big)
  #error("Tensors are copied as they lie in memory; the protocols want little-endian bytes.")
#endif

/// Tensors as the bytes of the Open Inference Protocol: row-major, little-endian, without padding. A bool is one byte, 0
/// or 1; a string is its length as four bytes and then its UTF-8.
enum TensorBytes {
  /// How many elements a shape that came from a client has.
  ///
  /// - Throws: `invalidArgument` for a negative extent, or for more elements than a tensor may have.
  static func elementCount(_ shape: [Int], input name: String) throws(ServingError) -> Int {
    do throws(TensorError) {
      return try Tensor.elementCount(of: shape)
    } catch {
      throw .invalid("invalid shape for input '\(name)': \(error)")
    }
  }

  /// Makes a tensor from the bytes of an input. Nothing is allocated before their number was found to fit the shape.
  ///
  /// - Throws: `invalidArgument` if shape and bytes disagree, or if a string is not UTF-8.
  static func tensor(
    _ name: String, element: ElementType, shape: [Int], bytes: UnsafeRawBufferPointer
  ) throws(ServingError) -> Tensor {
    let count = try elementCount(shape, input: name)
    if element == .string {
      return try strings(unsafe strings(in: bytes, count: count, input: name), shape: shape, input: name)
    }
    try checkSize(bytes.count, element: element, shape: shape, count: count, input: name)
    return try unsafe allocate(name, element: element, shape: shape) { target in
      unsafe target.copyMemory(from: bytes)
    }
  }

  /// As above, from bytes that may lie in several pieces; many of them in one piece are used where they lie.
  static func tensor(
    _ name: String, element: ElementType, shape: [Int], chunks: [ByteBuffer]
  ) throws(ServingError) -> Tensor {
    if chunks.count == 1, let tensor = try inPlace(name, element, shape, chunks[0]) { return tensor }
    if element == .string || chunks.count == 1 {
      let joined = try join(chunks, input: name)
      return try unsafe joined.withUnsafeReadableBytes { bytes in
        Result { () throws(ServingError) in
          try unsafe tensor(name, element: element, shape: shape, bytes: bytes)
        }
      }.get()
    }
    let count = try elementCount(shape, input: name)
    let size = chunks.reduce(0) { $0 + $1.readableBytes }
    try checkSize(size, element: element, shape: shape, count: count, input: name)
    return try unsafe allocate(name, element: element, shape: shape) { target in
      var offset = 0
      for chunk in chunks {
        unsafe chunk.withUnsafeReadableBytes { bytes in
          unsafe UnsafeMutableRawBufferPointer(rebasing: target[offset...]).copyMemory(from: bytes)
        }
        offset += chunk.readableBytes
      }
    }
  }

  /// Makes a tensor of strings whose number was checked against the shape.
  static func strings(_ strings: [String], shape: [Int], input name: String) throws(ServingError) -> Tensor {
    do throws(TensorError) {
      return try Tensor(strings: strings, shape: shape)
    } catch {
      throw refusal(of: error, input: name)
    }
  }

  /// Allocates a numeric tensor for an input and lets `fill` write its bytes, all of them unless the tensor is then dropped;
  /// bools become 0 or 1 afterwards.
  ///
  /// - Throws: `invalidArgument` for a shape no tensor can have, `resourceExhausted` if there is no memory for it.
  static func allocate(
    _ name: String, element: ElementType, shape: [Int], fill: (UnsafeMutableRawBufferPointer) -> Void
  ) throws(ServingError) -> Tensor {
    do throws(TensorError) {
      return try unsafe Tensor(unsafeUninitialized: element, shape: shape) { target in
        unsafe fill(target)
        if element == .bool { unsafe normalizeBools(target) }
      }
    } catch {
      throw refusal(of: error, input: name)
    }
  }

  /// The text of one element, which models hold as Unicode.
  ///
  /// - Throws: `invalidArgument` if the bytes are not UTF-8.
  static func string(_ bytes: UnsafeRawBufferPointer, at index: Int, input name: String) throws(ServingError) -> String
  {
    guard let text = unsafe String(validating: bytes, as: UTF8.self) else {
      throw .invalid("element \(index) of input '\(name)' is not UTF-8; strings of ONNX models are Unicode text")
    }
    return text
  }

  /// How many bytes `append` writes.
  static func byteCount(of tensor: Tensor) -> Int {
    guard tensor.element == .string else { return tensor.byteCount }
    return tensor.strings.reduce(0) { $0 + lengthBytes + $1.utf8.count }
  }

  /// The buffer that a tensor's bytes lie in, as they are sent; nil if they have to be copied.
  static func buffer(of tensor: Tensor) -> ByteBuffer? {
    guard tensor.element != .bool, let memory = tensor.storage.owner as? BufferMemory, tensor.byteOffset == 0,
      tensor.byteCount == memory.buffer.readableBytes
    else { return nil }
    return memory.buffer
  }

  /// Appends the bytes of an output.
  ///
  /// - Throws: `resourceExhausted` if the buffer would pass the 4 GiB a buffer can hold; it is unchanged then.
  static func append(_ tensor: Tensor, to buffer: inout ByteBuffer) throws(ServingError) {
    let size = byteCount(of: tensor)
    guard size <= Int(UInt32.max) - buffer.writerIndex else {
      throw ServingError(.resourceExhausted, "an output of \(size) bytes does not fit into one answer")
    }
    unsafe buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: size) { target in
      unsafe write(tensor, to: target)
      return size
    }
  }

  /// Writes the bytes of an output into memory that has room for `byteCount(of:)` of them, less than 4 GiB.
  static func write(_ tensor: Tensor, to target: UnsafeMutableRawBufferPointer) {
    guard tensor.element == .string else {
      unsafe tensor.withUnsafeBytes { bytes in unsafe target.copyMemory(from: bytes) }
      if tensor.element == .bool {
        unsafe normalizeBools(UnsafeMutableRawBufferPointer(rebasing: target[..<tensor.byteCount]))
      }
      return
    }
    var offset = 0
    for var string in tensor.strings {
      string.withUTF8 { text in
        unsafe target.storeBytes(of: UInt32(text.count).littleEndian, toByteOffset: offset, as: UInt32.self)
        offset += lengthBytes
        unsafe UnsafeMutableRawBufferPointer(rebasing: target[offset...]).copyMemory(from: UnsafeRawBufferPointer(text))
        offset += text.count
      }
    }
  }
}

extension TensorBytes {
  /// Bytes of the length in front of every string.
  static let lengthBytes = 4

  private static func checkSize(
    _ size: Int, element: ElementType, shape: [Int], count: Int, input name: String
  ) throws(ServingError) {
    let expected = element.byteCount(elements: count)
    guard size == expected else {
      let need = expected.map { "\($0)" } ?? "too many"
      throw .invalid(
        "unexpected size for input '\(name)': \(Datatype.name(of: element) ?? "\(element)") of shape \(shape) takes "
          + "\(need) bytes, got \(size)")
    }
  }

  private static func strings(
    in bytes: UnsafeRawBufferPointer, count: Int, input name: String
  ) throws(ServingError) -> [String] {
    guard count <= bytes.count / lengthBytes else {
      throw .invalid(
        "unexpected size for input '\(name)': \(count) strings take at least \(lengthBytes) bytes each, got "
          + "\(bytes.count)")
    }
    var strings: [String] = []
    strings.reserveCapacity(count)
    var offset = 0
    for index in 0..<count {
      guard bytes.count - offset >= lengthBytes else {
        throw .invalid("unexpected size for input '\(name)': \(count) strings expected, its bytes end after \(index)")
      }
      let length = unsafe Int(UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self)))
      offset += lengthBytes
      guard bytes.count - offset >= length else {
        throw .invalid(
          "element \(index) of input '\(name)' claims \(length) bytes, but \(bytes.count - offset) are left")
      }
      let text = unsafe UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + length])
      strings.append(try unsafe string(text, at: index, input: name))
      offset += length
    }
    guard offset == bytes.count else {
      throw .invalid("unexpected size for input '\(name)': \(bytes.count - offset) bytes follow its \(count) strings")
    }
    return strings
  }

  /// nil for what has to be copied: few bytes, or some that are not aligned, or that have to be changed.
  private static func inPlace(
    _ name: String, _ element: ElementType, _ shape: [Int], _ bytes: ByteBuffer
  ) throws(ServingError) -> Tensor? {
    guard element != .string, element != .bool, let width = element.byteWidth,
      let storage = BufferMemory.storage(of: bytes, alignment: width)
    else { return nil }
    let count = try elementCount(shape, input: name)
    try checkSize(bytes.readableBytes, element: element, shape: shape, count: count, input: name)
    do throws(TensorError) { return try Tensor(element: element, shape: shape, storage: storage) } catch {
      throw refusal(of: error, input: name)
    }
  }

  private static func join(_ chunks: [ByteBuffer], input name: String) throws(ServingError) -> ByteBuffer {
    guard chunks.count != 1 else { return chunks[0] }
    let size = chunks.reduce(0) { $0 + $1.readableBytes }
    guard size <= Int(UInt32.max) else {
      throw ServingError(.payloadTooLarge, "input '\(name)' has \(size) bytes, more than one input may have")
    }
    var joined = ByteBuffer()
    joined.reserveCapacity(size)
    for chunk in chunks { joined.writeImmutableBuffer(chunk) }
    return joined
  }

  private static func normalizeBools(_ bytes: UnsafeMutableRawBufferPointer) {
    for index in bytes.indices { unsafe bytes[index] = bytes[index] == 0 ? 0 : 1 }
  }

  private static func refusal(of error: TensorError, input name: String) -> ServingError {
    if case .outOfMemory = error { return ServingError(.resourceExhausted, "input '\(name)': \(error)") }
    return .invalid("invalid shape for input '\(name)': \(error)")
  }
}
