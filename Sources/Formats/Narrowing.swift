import MassRuntime

/// Reads what numpy holds in a wider or untyped item as the type it stands for.
struct Narrowing {
  let place: String
  let header: NPYHeader

  /// The tensor as `element`; nil when the file's type does not stand for it.
  func tensor(_ tensor: Tensor, as element: ElementType) throws(FormatError) -> Tensor? {
    switch (tensor.element, element) {
    case (.uint16, .bfloat16): return tensor.reinterpreted(as: element)
    case (.uint8, .float8e4m3fn), (.uint8, .float8e4m3fnuz), (.uint8, .float8e5m2), (.uint8, .float8e5m2fnuz),
      (.uint8, .float8e8m0):
      return tensor.reinterpreted(as: element)
    case (.int8, .int4), (.int8, .int2), (.uint8, .uint4), (.uint8, .uint2): return try packed(tensor, element)
    case (.uint8, .int4), (.uint8, .int2): return isOpaque ? try packed(tensor, element) : nil
    case (.uint8, .float4e2m1): return try packedFloats(tensor)
    case (.uint8, _) where isOpaque: throw FormatError(place, expected: "\(element)", got: "dtype 'V1'")
    default: return nil
    }
  }

  private var isOpaque: Bool { if case .opaque = header.item { true } else { false } }

  private func packed(_ tensor: Tensor, _ element: ElementType) throws(FormatError) -> Tensor {
    let bits = element.bitWidth
    let range = element.domain == .signed ? -(1 << (bits - 1))...(1 << (bits - 1)) - 1 : 0...(1 << bits) - 1
    let values = tensor.integers()
    if !isOpaque, let stranger = values.first(where: { !range.contains($0) }) {
      throw FormatError(place, expected: "\(element) values in \(range)", got: "\(stranger)")
    }
    return try FormatError.wrapping(place) { () throws(TensorError) in
      try Tensor.make(element, tensor.shape, integers: values)
    }
  }

  private func packedFloats(_ tensor: Tensor) throws(FormatError) -> Tensor {
    let values = tensor.integers().map { SmallFloat.decode(UInt8($0 & 15), as: .float4e2m1) }
    return try FormatError.wrapping(place) { () throws(TensorError) in
      try Tensor.make(.float4e2m1, tensor.shape, doubles: values)
    }
  }
}
