import CMass
import MassRuntime

/// An input or output of a call, for the texts of errors.
struct Subject: CustomStringConvertible {
  let role: StaticString
  let name: String

  var description: String { "\(role) '\(name)'" }

  func mismatch(expected: String, got: String) -> Failure {
    Failure(MASS_MISMATCH, "\(self): expected \(expected), got \(got)")
  }
}

extension mass_dtype {
  static func == (a: mass_dtype, b: mass_dtype) -> Bool { a.code == b.code && a.bits == b.bits && a.lanes == b.lanes }
}

extension mass_tensor {
  /// The type and shape that the descriptor states, as far as it is one that this library can take.
  func type(_ subject: Subject) throws(Failure) -> TensorType {
    guard unsafe device.device_type == MASS_CPU else {
      throw unsafe subject.mismatch(expected: "device type \(MASS_CPU), the CPU", got: "\(device.device_type)")
    }
    guard let element = unsafe ElementType(dtype) else {
      let got = unsafe "code \(dtype.code), \(dtype.bits) bits, \(dtype.lanes) lanes"
      throw subject.mismatch(expected: "an element type of mass_dtype", got: got)
    }
    guard element != .string else {
      throw Failure(MASS_UNSUPPORTED, "\(subject): tensors of strings cannot be passed through the C interface yet")
    }
    let extents = try unsafe extents(subject)
    do throws(TensorError) {
      let bytes = element.byteCount(elements: try Tensor.elementCount(of: extents))
      guard let bytes, bytes <= Tensor.byteLimit else { throw .tooLarge(element, extents) }
    } catch { throw Failure(MASS_MISMATCH, "\(subject): \(error)") }
    guard unsafe isDense else {
      throw subject.mismatch(expected: "dense row-major strides, or NULL", got: "other strides; copy the tensor first")
    }
    return TensorType(element, Shape(extents))
  }

  private func extents(_ subject: Subject) throws(Failure) -> [Int] {
    guard unsafe (0...Int32(MASS_MAX_RANK)).contains(ndim) else {
      throw unsafe subject.mismatch(expected: "0 to \(MASS_MAX_RANK) axes", got: "ndim \(ndim)")
    }
    guard unsafe ndim > 0 else { return [] }
    guard let shape = unsafe shape else { throw .null("\(subject): shape") }
    return unsafe UnsafeBufferPointer(start: shape, count: Int(ndim)).map { Int($0) }
  }

  /// Whether elements lie one after the other, the last axis fastest. Call it on extents that are checked.
  var isDense: Bool {
    guard let strides = unsafe strides, let shape = unsafe shape else { return true }
    var expected: Int64 = 1
    for axis in unsafe stride(from: Int(ndim) - 1, through: 0, by: -1) {
      let extent = unsafe shape[axis]
      if extent == 0 { return true }
      if unsafe extent != 1 && strides[axis] != expected { return false }
      expected &*= extent
    }
    return true
  }

  /// Where the elements are, which the caller says are of this type and count.
  func address(of entry: BoundTensors.Entry, _ subject: Subject) throws(Failure) -> UnsafeMutableRawPointer? {
    // Kernels get an address even where there is nothing to read.
    guard entry.byteCount > 0 else { return unsafe UnsafeMutableRawPointer(bitPattern: 64) }
    guard let data = unsafe data else { throw .null("\(subject): data") }
    guard let offset = unsafe Int(exactly: byte_offset), offset <= Tensor.byteLimit else {
      throw unsafe subject.mismatch(expected: "a byte_offset of at most \(Tensor.byteLimit)", got: "\(byte_offset)")
    }
    let address = unsafe data + offset
    guard Int(bitPattern: address) % entry.element.alignment == 0 else {
      let expected = "memory aligned to \(entry.element.alignment) bytes"
      throw subject.mismatch(expected: expected, got: unsafe "address \(address)")
    }
    return unsafe address
  }
}
