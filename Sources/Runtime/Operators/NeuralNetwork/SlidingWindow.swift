/// How padding is chosen. The `same` modes depend on the input's extents and are resolved when these are known.
public enum AutoPadding: String, Hashable, Sendable, Codable {
  case explicit, sameUpper, sameLower, valid
}

/// The attributes that convolution and pooling share: a window that slides over the spatial axes.
///
/// Each array has one entry per spatial axis, or is empty for the default (strides and dilations 1, pads 0).
public protocol SlidingWindow {
  var strides: [Int] { get }
  var dilations: [Int] { get }
  var padsBegin: [Int] { get }
  var padsEnd: [Int] { get }
  var autoPad: AutoPadding { get }
  /// Whether a last window that is only partly inside counts.
  var ceilMode: Bool { get }
}

/// A window with every number known, one entry per spatial axis.
public struct ResolvedWindow: Hashable, Sendable {
  public var input: [Int]
  public var kernel: [Int]
  public var output: [Int]
  public var strides: [Int]
  public var dilations: [Int]
  public var padsBegin: [Int]
  /// Padding at the end as stated; with `ceilMode` the last window may reach beyond it.
  public var padsEnd: [Int]
}

extension SlidingWindow {
  public var ceilMode: Bool { false }

  public func stride(_ axis: Int) -> Int { axis < strides.count ? strides[axis] : 1 }
  public func dilation(_ axis: Int) -> Int { axis < dilations.count ? dilations[axis] : 1 }
  public func padBegin(_ axis: Int) -> Int { axis < padsBegin.count ? padsBegin[axis] : 0 }
  public func padEnd(_ axis: Int) -> Int { axis < padsEnd.count ? padsEnd[axis] : 0 }

  /// Output extents for input extents, by the rules of ONNX.
  ///
  /// - Throws: On attributes out of range, and where the window is known not to fit the padded input.
  func outputShape(
    input: Shape, kernel: Shape, _ operands: Operands
  ) throws(OperatorError) -> Shape {
    try checkWindow(rank: input.count, kernel: kernel, operands)
    var output: Shape = []
    for axis in input.indices {
      try operands.require([input[axis].constant ?? 0], in: 0...ReferenceLimit.extent, "spatial extents")
      output.append(try outputExtent(axis, input[axis], kernel[axis], operands))
    }
    return output
  }

  /// The window for known extents, or nil where it does not fit or attributes are out of range.
  public func resolved(input: [Int], kernel: [Int]) -> ResolvedWindow? {
    let operands = Operands(op: "", node: "", types: [], values: [], constants: [], resultCount: 1)
    guard input.count == kernel.count,
      let output = try? outputShape(input: Shape(input), kernel: Shape(kernel), operands).constants
    else { return nil }
    var begin: [Int] = []
    var end: [Int] = []
    for axis in input.indices {
      let needed = (output[axis] - 1) * stride(axis) + (kernel[axis] - 1) * dilation(axis) + 1 - input[axis]
      let total = max(needed, 0)
      switch autoPad {
      case .explicit: (begin, end) = (begin + [padBegin(axis)], end + [padEnd(axis)])
      case .valid: (begin, end) = (begin + [0], end + [0])
      case .sameUpper: (begin, end) = (begin + [total / 2], end + [total - total / 2])
      case .sameLower: (begin, end) = (begin + [total - total / 2], end + [total / 2])
      }
    }
    return ResolvedWindow(
      input: input, kernel: kernel, output: output, strides: input.indices.map { stride($0) },
      dilations: input.indices.map { dilation($0) }, padsBegin: begin, padsEnd: end)
  }

  /// Refuses attribute lists of the wrong length and numbers that index arithmetic could overflow on.
  func checkWindow(rank: Int, kernel: Shape, _ operands: Operands) throws(OperatorError) {
    for list in [strides, dilations, padsBegin, padsEnd] where !list.isEmpty && list.count != rank {
      throw operands.mismatch(expected: "\(rank) strides, dilations and pads", got: "\(list.count)")
    }
    guard kernel.count == rank else {
      throw operands.mismatch(expected: "a kernel of \(rank) extents", got: "\(kernel.count)")
    }
    let limit = ReferenceLimit.attribute
    try operands.require(strides, in: 1...limit, "strides")
    try operands.require(dilations, in: 1...limit, "dilations")
    try operands.require(padsBegin + padsEnd, in: -limit...limit, "pads")
    try operands.require(kernel.compactMap(\.constant), in: 1...limit, "kernel extents")
  }

  private func outputExtent(
    _ axis: Int, _ input: Dimension, _ kernel: Dimension, _ operands: Operands
  ) throws(OperatorError) -> Dimension {
    let step = stride(axis)
    if autoPad == .sameUpper || autoPad == .sameLower { return input.ceilDivided(by: step) }
    let begin = autoPad == .valid ? 0 : padBegin(axis)
    let end = autoPad == .valid ? 0 : padEnd(axis)
    let reach = (kernel - 1) * Dimension(dilation(axis)) + 1
    let room = input + Dimension(begin + end) - reach
    if let room = room.constant, room < 0 {
      throw operands.mismatch(
        expected: "a window that fits the padded input",
        got: "extent \(input) padded by \(begin) and \(end) for a window reaching over \(reach)")
    }
    guard ceilMode else { return room.floorDivided(by: Dimension(step)) + 1 }
    // Windows that would start in the padding at the end are dropped.
    let starts = (input + Dimension(begin)).ceilDivided(by: step)
    return Dimension.minimum(room.ceilDivided(by: step) + 1, starts)
  }
}

extension ResolvedWindow {
  var rank: Int { input.count }

  /// The outputs along `axis` whose element at kernel position `tap` lies inside the input.
  func outputs(_ axis: Int, tap: Int) -> Range<Int> {
    let shift = tap * dilations[axis] - padsBegin[axis]
    let step = strides[axis]
    let first = shift >= 0 ? 0 : (-shift + step - 1) / step
    let room = input[axis] - shift
    let last = room <= 0 ? 0 : (room + step - 1) / step
    let end = min(last, output[axis])
    return first < end ? first..<end : 0..<0
  }

  /// The kernel positions along `axis` that lie inside the input for output `o`.
  func taps(_ axis: Int, output o: Int) -> Range<Int> {
    taps(axis, output: o, limit: input[axis], from: 0)
  }

  /// The kernel positions that fall into the input or its stated padding, for averages that count padding.
  func paddedTaps(_ axis: Int, output o: Int) -> Range<Int> {
    taps(axis, output: o, limit: input[axis] + padsEnd[axis], from: -padsBegin[axis])
  }

  private func taps(_ axis: Int, output o: Int, limit: Int, from low: Int) -> Range<Int> {
    let origin = o * strides[axis] - padsBegin[axis]
    let step = dilations[axis]
    let first = origin >= low ? 0 : (low - origin + step - 1) / step
    let last = limit <= origin ? 0 : (limit - origin + step - 1) / step
    let end = min(last, kernel[axis])
    return first < end ? first..<end : 0..<0
  }
}
