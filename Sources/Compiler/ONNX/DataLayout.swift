import MassRuntime

/// The checked size of a tensor's data: element type and extents that are known to fit.
struct DataLayout: CustomStringConvertible {
  let element: ElementType
  let shape: [Int]
  let count: Int
  /// Zero for strings.
  let byteCount: Int

  /// - Throws: When an extent is negative, or the whole larger than `Tensor.byteLimit`.
  init(_ element: ElementType, _ shape: [Int], label: String) throws(TensorDecodingError) {
    self.element = element
    self.shape = shape
    do { count = try Tensor.elementCount(of: shape) } catch {
      throw TensorDecodingError(message: "\(label): \(error)")
    }
    guard let bytes = element.byteCount(elements: count), bytes <= Tensor.byteLimit else {
      throw TensorDecodingError(
        kind: .limit, message: "\(label): \(TensorError.tooLarge(element, shape))")
    }
    byteCount = bytes
  }

  var description: String { "\(TensorType(element, Shape(shape)))" }

  /// A tensor over `bytes`, of which there are `byteCount`, kept alive by `owner`. Copies only what the runtime cannot
  /// read in place: data not aligned to its element, and bools that are neither 0 nor 1.
  func tensor(_ bytes: UnsafeRawBufferPointer, owner: AnyObject) throws(TensorDecodingError) -> Tensor {
    guard let base = bytes.baseAddress, byteCount > 0, unsafe isReadable(bytes) else {
      return try unsafe allocated { target in
        unsafe target.copyMemory(from: bytes)
        if element == .bool { for i in target.indices { unsafe target[i] = target[i] == 0 ? 0 : 1 } }
      }
    }
    let storage = unsafe TensorStorage(borrowing: base, byteCount: byteCount, owner: owner)
    return try made { () throws(TensorError) in try Tensor(element: element, shape: shape, storage: storage) }
  }

  /// A tensor in memory of its own, zeroed before `fill`.
  func allocated(_ fill: (UnsafeMutableRawBufferPointer) -> Void) throws(TensorDecodingError) -> Tensor {
    try made { () throws(TensorError) in try unsafe Tensor(element: element, shape: shape, fill: fill) }
  }

  private func isReadable(_ bytes: UnsafeRawBufferPointer) -> Bool {
    // Complex numbers are pairs, aligned as their parts are.
    let width = element == .complex64 ? 4 : min(element.byteWidth ?? 1, 8)
    guard UInt(bitPattern: bytes.baseAddress) % UInt(width) == 0 else { return false }
    return unsafe element != .bool || bytes.allSatisfy { $0 <= 1 }
  }

  /// `init` has checked sizes; what is left to fail is memory.
  private func made(_ make: () throws(TensorError) -> Tensor) throws(TensorDecodingError) -> Tensor {
    do { return try make() } catch { throw TensorDecodingError(kind: .limit, message: "\(self): \(error)") }
  }
}
