/// Fourier transforms of windows that slide over a signal.
///
/// Operands: the signal [N, L], [N, L, 1] or [N, L, 2], the step, and optionally a window and the frame's length.
/// Result: [N, frames, bins, 2].
public struct STFT: Operator {
  public static let name = "STFT"
  public static let arity = 2...4
  public var isOneSided: Bool

  public init(isOneSided: Bool = true) { self.isOneSided = isOneSided }

  public func resultTypes(for operands: Operands) throws(OperatorError) -> [ValueType] {
    let x = try operands.realTensor(0)
    guard x.rank == 2 || x.rank == 3 else {
      throw operands.mismatch(expected: "a signal of rank 2 or 3", got: "\(x)")
    }
    if x.rank == 3, let parts = x.shape[2].constant, parts != 1 && parts != 2 {
      throw operands.mismatch(expected: "one or two parts in the last axis", got: "\(x)")
    }
    guard let step = operands.integers(1)?.first else { throw operands.unresolved("a known step") }
    try operands.require([step], in: 1...ReferenceLimit.attribute, "step")
    let length = try frameLength(operands, x)
    if let window = try operands.optionalTensor(2) {
      try operands.requireOptional(2, x.element, [length], "a window as long as the frame")
      _ = window
    }
    let room = x.shape[1] - length
    guard (room.constant ?? 0) >= 0 else {
      throw operands.mismatch(expected: "a signal at least as long as a frame", got: "\(x.shape[1]) and \(length)")
    }
    let bins = isOneSided ? length.floorDivided(by: 2) + 1 : length
    let frames = room.floorDivided(by: Dimension(step)) + 1
    return [.tensor(TensorType(x.element, [x.shape[0], frames, bins, 2]))]
  }

  private func frameLength(_ operands: Operands, _ x: TensorType) throws(OperatorError) -> Dimension {
    if operands.isPresent(3) {
      guard let length = operands.integers(3)?.first else { throw operands.unresolved("a known frame length") }
      try operands.require([length], in: 1...ReferenceLimit.attribute, "frame length")
      return Dimension(length)
    }
    guard let window = try operands.optionalTensor(2) else { return x.shape[1] }
    guard window.rank == 1 else { throw operands.mismatch(expected: "a window of rank 1", got: "\(window)") }
    return window.shape[0]
  }

  public func evaluate(_ operands: [Value?], _ context: EvaluationContext) throws(OperatorError) -> [Value] {
    let type = try concreteResults(operands, context)[0]
    let x = try context.tensor(operands, 0, for: Self.name)
    let step = try context.tensor(operands, 1, for: Self.name).integers().first ?? 1
    let window = context.optionalTensor(operands, 2)?.doubles()
    let length = context.optionalTensor(operands, 3)?.integers().first ?? window?.count ?? x.shape[1]
    guard length > 0 else { throw context.refusal(Self.name, expected: "a frame length above 0", got: "\(length)") }
    let parts = x.shape.count == 3 ? x.shape[2] : 1
    let (data, transform) = (x.doubles(), FourierReference(length: length))
    let (frames, bins) = (type.shape[1], type.shape[2])
    var y = [Double](repeating: 0, count: type.count)
    for line in 0..<type.shape[0] * frames {
      let start = line / frames * x.shape[1] + line % frames * step
      let re = (0..<length).map { data[(start + $0) * parts] * (window?[$0] ?? 1) }
      let im = (0..<length).map { parts == 2 ? data[(start + $0) * 2 + 1] * (window?[$0] ?? 1) : 0 }
      let result = transform.transform(re, im, count: bins, isInverse: false)
      for k in 0..<bins {
        y[(line * bins + k) * 2] = result.re[k]
        y[(line * bins + k) * 2 + 1] = result.im[k]
      }
    }
    return [try context.result(Self.name, type, doubles: y)]
  }
}
