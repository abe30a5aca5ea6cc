import CMass
import MassRuntime

/// One input or output of a model: its type, and what `mass_value_info` points to.
///
/// Everything is written in `init`, which is what makes it `Sendable` (held by the threads of Tests/C/abi_test.c).
@safe final class ValueBox: @unchecked Sendable {
  let name: String
  let type: ValueType
  private let nameText: CText
  private let symbolTexts: [CText?]
  private let extents: UnsafeMutablePointer<Int64>
  private let symbols: UnsafeMutablePointer<UnsafePointer<CChar>?>

  init(_ value: ValueInfo) {
    name = value.name
    type = value.type
    nameText = CText(value.name)
    let shape = value.type.tensor?.shape ?? []
    symbolTexts = shape.map { $0.constant == nil ? CText("\($0)") : nil }
    unsafe extents = .allocate(capacity: max(shape.count, 1))
    unsafe symbols = .allocate(capacity: max(shape.count, 1))
    for (axis, extent) in shape.enumerated() {
      unsafe (extents + axis).initialize(to: Int64(extent.constant ?? -1))
      unsafe (symbols + axis).initialize(to: symbolTexts[axis]?.pointer)
    }
  }

  deinit {
    unsafe extents.deallocate()
    unsafe symbols.deallocate()
  }

  var info: mass_value_info {
    unsafe mass_value_info(
      struct_size: MemoryLayout<mass_value_info>.size, name: nameText.pointer, kind: kind,
      dtype: kind == MASS_TENSOR ? type.element?.dtype ?? mass_dtype() : mass_dtype(),
      rank: type.tensor.map { Int64($0.rank) } ?? -1, shape: extents, symbols: symbols)
  }

  private var kind: mass_value_kind {
    switch type {
    case .tensor, .unrankedTensor: MASS_TENSOR
    case .sequence: MASS_SEQUENCE
    case .optional: MASS_OPTIONAL
    case .map: MASS_MAP
    case .unknown: MASS_UNKNOWN
    }
  }
}

extension [ValueBox] {
  /// Writes as much of the description of value `index` as the caller's struct has room for.
  func describe(
    _ index: Int, _ role: String, in info: UnsafeMutablePointer<mass_value_info>?
  ) throws(Failure) {
    guard let info = unsafe info else { throw .null("info") }
    guard indices.contains(index) else {
      let text = "index: expected one of \(count) \(role)s, got \(UInt(bitPattern: index))"
      throw Failure(MASS_INVALID_ARGUMENT, text)
    }
    let size = unsafe info.pointee.struct_size
    let minimum = 48
    guard size >= minimum else {
      let text = "info: expected a struct_size of at least \(minimum), got \(size); set it with sizeof"
      throw Failure(MASS_INVALID_ARGUMENT, text)
    }
    var value = unsafe self[index].info
    unsafe value.struct_size = size
    unsafe Swift.withUnsafeBytes(of: &value) { bytes in
      let target = unsafe UnsafeMutableRawBufferPointer(start: info, count: Swift.min(size, bytes.count))
      unsafe target.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[..<target.count]))
    }
  }

  func find(_ name: String, _ role: String, _ index: UnsafeMutablePointer<Int>?) throws(Failure) {
    guard let index = unsafe index else { throw .null("index") }
    guard let found = firstIndex(where: { $0.name.utf8.elementsEqual(name.utf8) }) else {
      let known = map { "'\($0.name)'" }.joined(separator: ", ")
      throw Failure(MASS_NOT_FOUND, "there is no \(role) '\(name)'; the model's \(role)s are \(known)")
    }
    unsafe index.pointee = found
  }
}
