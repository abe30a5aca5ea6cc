import MassRuntime
import OneDNNShim

extension ElementType {
  var oneDNN: mass_dnnl_type? {
    switch self {
    case .float32: MASS_DNNL_F32
    case .bfloat16: MASS_DNNL_BF16
    case .int32: MASS_DNNL_S32
    case .int8: MASS_DNNL_S8
    case .uint8: MASS_DNNL_U8
    default: nil
    }
  }
}

extension mass_dnnl_tensor {
  /// No tensor: how an optional operand is left out.
  static var absent: mass_dnnl_tensor { mass_dnnl_tensor() }

  /// The operand as it lies in memory.
  init?(_ operand: BoundOperand) { self.init(operand.element, operand.shape, strides: operand.strides) }

  init?(_ element: ElementType, _ shape: [Int], strides: [Int]) {
    guard let type = element.oneDNN, !shape.isEmpty, shape.count <= Int(MASS_DNNL_MAX_RANK) else { return nil }
    var tensor = mass_dnnl_tensor()
    let (dims, steps) = (shape.map(Int64.init), strides.map(Int64.init))
    let status = unsafe mass_dnnl_tensor_plain(type, Int32(shape.count), dims, steps, &tensor)
    guard status == MASS_DNNL_OK else { return nil }
    self = tensor
  }

  /// A tensor whose layout the primitive chooses.
  static func any(_ element: ElementType, _ shape: [Int]) -> mass_dnnl_tensor? {
    guard let type = element.oneDNN, !shape.isEmpty, shape.count <= Int(MASS_DNNL_MAX_RANK) else { return nil }
    var tensor = mass_dnnl_tensor()
    let status = unsafe mass_dnnl_tensor_any(type, Int32(shape.count), shape.map(Int64.init), &tensor)
    return status == MASS_DNNL_OK ? tensor : nil
  }

  var byteCount: Int {
    var copy = self
    return unsafe mass_dnnl_tensor_byte_count(&copy)
  }

  /// The description as bytes that plan files hold; empty when it cannot leave the machine.
  var encoded: [UInt8] {
    var copy = self
    var bytes = [UInt8](repeating: 0, count: Int(MASS_DNNL_ENCODED_TENSOR_LIMIT))
    let count = unsafe mass_dnnl_tensor_encode(&copy, &bytes, bytes.count)
    return Array(bytes.prefix(count))
  }
}

/// Brings a constant into the layout a primitive wants: from the plan if it is there, else packed now and shared.
///
/// - Parameters:
///   - arrange: Makes of the constant what `source` describes; nil when it is that already.
///   - format: Names the arrangement in plan files.
func packedConstant(
  _ operand: BoundOperand, as source: mass_dnnl_tensor, to wanted: mass_dnnl_tensor, _ environment: BindingEnvironment,
  format: String = "onednn", arrange: ((Tensor) -> Tensor?)? = nil
) -> Tensor? {
  guard let constant = operand.constant else { return nil }
  let description = wanted.encoded
  if arrange == nil, source.encoded == description, !description.isEmpty { return constant }
  func pack() -> Tensor? {
    guard let plain = arrange.map({ $0(constant) }) ?? constant, plain.byteCount >= source.byteCount else { return nil }
    return try? unsafe Tensor(element: .uint8, shape: [wanted.byteCount]) { bytes in
      var (from, to) = (source, wanted)
      unsafe _ = mass_dnnl_reorder_once(
        &from, plain.baseAddress, &to, bytes.baseAddress, Int32(clamping: environment.threads))
    }
  }
  guard let id = operand.constantID, !description.isEmpty else { return pack() }
  let key = PackedConstants.Key(constant: id, format: format, description: description)
  let found = environment.packed.tensor(key, pack: pack)
  // A plan may be damaged or hostile: a blob of the wrong size is not used.
  return found?.byteCount == wanted.byteCount ? found : pack()
}
