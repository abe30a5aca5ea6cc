import CMass
import MassRuntime

/// The types and shapes of all inputs, or of all outputs, of one run, where C can point to them.
@safe final class BoundTensors {
  struct Entry {
    let element: ElementType
    let dtype: mass_dtype
    let rank: Int
    /// Where its extents start among all extents.
    let start: Int
    let byteCount: Int
  }

  let entries: [Entry]
  private let extents: UnsafeMutablePointer<Int64>

  /// - Parameter types: Concrete types, as the session bound them.
  init(_ types: [TensorType]) {
    var entries: [Entry] = []
    var all: [Int64] = []
    for type in types {
      entries.append(
        Entry(
          element: type.element, dtype: type.element.dtype, rank: type.rank, start: all.count, byteCount: type.byteCount
        ))
      all += type.shape.map { Int64($0.constant ?? 0) }
    }
    self.entries = entries
    unsafe extents = .allocate(capacity: max(all.count, 1))
    for (i, extent) in all.enumerated() { unsafe (extents + i).initialize(to: extent) }
  }

  deinit { unsafe extents.deallocate() }

  /// The extents of tensor `i`.
  func shape(_ i: Int) -> UnsafeMutablePointer<Int64> { unsafe extents + entries[i].start }

  /// Whether the descriptor states exactly the type and shape of tensor `i`. Allocates nothing.
  func matches(_ i: Int, _ tensor: mass_tensor) -> Bool {
    let entry = entries[i]
    guard unsafe tensor.device.device_type == MASS_CPU, unsafe tensor.dtype == entry.dtype,
      unsafe Int(tensor.ndim) == entry.rank
    else { return false }
    guard entry.rank > 0 else { return true }
    guard let stated = unsafe tensor.shape else { return false }
    let known = unsafe shape(i)
    for axis in 0..<entry.rank where unsafe stated[axis] != known[axis] { return false }
    return unsafe tensor.isDense
  }

  /// The type and shape of tensor `i`, as errors spell it.
  func description(_ i: Int) -> String {
    let entry = entries[i]
    let extents = unsafe UnsafeBufferPointer(start: shape(i), count: entry.rank).map { "\($0)" }
    return "\(entry.element)[\(extents.joined(separator: "x"))]"
  }

  /// A descriptor of tensor `i` at `data`.
  func descriptor(_ i: Int, at data: UnsafeMutableRawPointer?) -> mass_tensor {
    unsafe mass_tensor(
      data: data, device: mass_device(device_type: MASS_CPU, device_id: 0), ndim: Int32(clamping: entries[i].rank),
      dtype: entries[i].dtype, shape: shape(i), strides: nil, byte_offset: 0)
  }
}
