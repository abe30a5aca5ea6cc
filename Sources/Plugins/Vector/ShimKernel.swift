import MassRuntime

/// A kernel that is one call into the shim: everything it needs was computed when it was made.
@safe final class ShimKernel: Kernel {
  typealias Call = (Operands.Pointers, UnsafeMutableRawPointer?) throws(OperatorError) -> Void

  let scratchBytes: Int
  let inPlacePairs: [InPlacePair]
  private let call: Call

  /// - Parameters:
  ///   - inPlace: Operands whose memory the first result may take.
  ///   - pairs: The same for any result.
  init(scratchBytes: Int = 0, inPlace: [Int] = [], pairs: [InPlacePair] = [], _ call: @escaping Call) {
    self.scratchBytes = scratchBytes
    inPlacePairs = inPlace.map { InPlacePair(input: $0) } + pairs
    unsafe self.call = call
  }

  func run(_ operands: Operands.Pointers, scratch: UnsafeMutableRawPointer?) throws(OperatorError) {
    try unsafe call(operands, scratch)
  }
}

extension KernelOffer {
  /// The one offer of a lowering that only moves elements.
  static func exact(_ make: @escaping () -> (any Kernel)?) -> [KernelOffer] {
    [KernelOffer("", exactness: .exact, make: make)]
  }

  /// The one offer of a lowering that computes.
  static func single(_ make: @escaping () -> (any Kernel)?) -> [KernelOffer] { [KernelOffer("", make: make)] }
}

extension Operands.Pointers {
  func floats(_ i: Int) -> UnsafeMutablePointer<Float>? { unsafe self[i]?.assumingMemoryBound(to: Float.self) }
  func optionalFloats(_ i: Int?) -> UnsafeMutablePointer<Float>? { unsafe i.flatMap { unsafe floats($0) } }
  func integers(_ i: Int) -> UnsafeMutablePointer<Int64>? { unsafe self[i]?.assumingMemoryBound(to: Int64.self) }
}

extension UnsafeMutableRawBufferPointer {
  /// Fills the front of one of the shim's fixed arrays of 64-bit numbers.
  func store(_ values: [Int]) {
    for (i, value) in values.enumerated() { unsafe storeBytes(of: Int64(value), toByteOffset: i * 8, as: Int64.self) }
  }
}

extension BoundNode {
  var team: Int32 { Int32(clamping: threads) }

  /// True when memory order is logical order for every operand and result.
  var isRowMajor: Bool {
    inputs.allSatisfy { ($0?.layout ?? .rowMajor) == .rowMajor } && outputs.allSatisfy { $0.layout == .rowMajor }
  }

  /// Operand `i` counted from the front.
  func resolvedAxis(_ axis: Int, rank: Int) -> Int? {
    let resolved = axis < 0 ? axis + rank : axis
    return (0..<rank).contains(resolved) ? resolved : nil
  }

  /// The elements of an integer operand that is a constant.
  func constants(_ i: Int) -> [Int]? { input(i)?.constant?.integers() }
}

extension BoundOperand {
  /// Bytes of an index, where the shim's kernels can read it.
  var indexSize: Int32? {
    switch element {
    case .int32: 4
    case .int64: 8
    default: nil
    }
  }

  var int64Shape: [Int64] { shape.map(Int64.init) }
}

/// A dense operand seen as outer × axis × inner in the order of its memory.
struct MemoryLines {
  let outer: Int64
  let count: Int64
  let inner: Int64

  init(_ operand: BoundOperand, axis: Int) {
    let axes = operand.axesInMemory
    let position = axes.firstIndex(of: axis) ?? 0
    outer = Int64(axes[..<position].reduce(1) { $0 * operand.shape[$1] })
    count = Int64(operand.shape[axis])
    inner = Int64(axes[(position + 1)...].reduce(1) { $0 * operand.shape[$1] })
  }
}

/// The error of an index that does not lie in its axis.
func badIndex(_ op: String, _ node: String, at position: Int64, _ indices: UnsafeRawPointer?, size: Int32, axis: Int)
  -> OperatorError
{
  let place = Int(position)
  let value = unsafe indices.map { indices in
    unsafe size == 4
      ? Int(indices.loadUnaligned(fromByteOffset: place * 4, as: Int32.self))
      : Int(indices.loadUnaligned(fromByteOffset: place * 8, as: Int64.self))
  }
  return OperatorError(
    op: op, node: node, expected: "an index in \(-axis)..<\(axis)", got: "\(value ?? 0) at element \(place)")
}
