#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Runs an operator's own meaning where no fast kernel is offered. Allocates; `mass inspect` shows where it is used.
final class ReferenceKernel: Kernel {
  static let name = "reference"

  private let op: any Operator
  private let node: BoundNode
  private let context: EvaluationContext

  init(_ op: any Operator, _ node: BoundNode) {
    self.op = op
    self.node = node
    context = EvaluationContext(node: node.name, resultCount: node.outputs.count)
  }

  func run(_ operands: Operands.Pointers, scratch: UnsafeMutableRawPointer?) throws(OperatorError) {
    var values: [Value?] = []
    for (i, input) in node.inputs.enumerated() {
      guard let input else {
        values.append(nil)
        continue
      }
      values.append(try unsafe load(input, from: operands[i]))
    }
    let results = try op.evaluate(values, context)
    for (i, output) in node.outputs.enumerated() {
      let tensor = try context.tensor(results.map { $0 }, i, for: Swift.type(of: op).name)
      guard tensor.shape == output.shape, tensor.element == output.element else {
        throw OperatorError(
          op: Swift.type(of: op).name, node: node.name, expected: "\(output.element)\(output.shape)",
          got: "\(tensor.element)\(tensor.shape)")
      }
      if let target = unsafe operands[node.inputs.count + i] { unsafe store(tensor, output, to: target) }
    }
  }

  private func load(
    _ operand: BoundOperand, from pointer: UnsafeMutableRawPointer?
  ) throws(OperatorError) -> Value {
    if let constant = operand.constant { return .tensor(constant) }
    guard let pointer = unsafe pointer else {
      throw OperatorError(op: Swift.type(of: op).name, node: node.name, expected: "an operand", got: "none")
    }
    return .tensor(
      try context.checked(Swift.type(of: op).name) { () throws(TensorError) in
        if operand.isPlain {
          let storage = unsafe TensorStorage(borrowing: pointer, byteCount: operand.byteCount, owner: self)
          return try Tensor(element: operand.element, shape: operand.shape, storage: storage)
        }
        return try unsafe Tensor(element: operand.element, shape: operand.shape) { bytes in
          guard let base = bytes.baseAddress else { return }
          unsafe LayoutCopy(operand).toRowMajor(pointer, base)
        }
      })
  }

  private func store(_ tensor: Tensor, _ operand: BoundOperand, to target: UnsafeMutableRawPointer) {
    if operand.isPlain {
      unsafe tensor.withUnsafeBytes { bytes in
        if let base = bytes.baseAddress { unsafe _ = memmove(target, base, bytes.count) }
      }
    } else {
      unsafe tensor.withUnsafeBytes { bytes in
        if let base = bytes.baseAddress { unsafe LayoutCopy(operand).fromRowMajor(base, target) }
      }
    }
  }
}

/// Converts between row-major and channels-last by plain loops.
struct LayoutCopy {
  private let batch: Int
  private let channels: Int
  private let spatial: Int
  private let width: Int

  init(_ operand: BoundOperand) {
    batch = operand.shape.first ?? 1
    channels = operand.rank > 1 ? operand.shape[1] : 1
    spatial = operand.shape.dropFirst(2).reduce(1, *)
    width = operand.element.byteWidth ?? 1
  }

  func toRowMajor(_ source: UnsafeRawPointer, _ target: UnsafeMutableRawPointer) {
    unsafe transpose(source, target, rows: spatial, columns: channels)
  }

  func fromRowMajor(_ source: UnsafeRawPointer, _ target: UnsafeMutableRawPointer) {
    unsafe transpose(source, target, rows: channels, columns: spatial)
  }

  private func transpose(_ source: UnsafeRawPointer, _ target: UnsafeMutableRawPointer, rows: Int, columns: Int) {
    for n in 0..<batch {
      let base = n * rows * columns
      for r in 0..<rows {
        for c in 0..<columns {
          unsafe memcpy(
            target + (base + c * rows + r) * width, source + (base + r * columns + c) * width, width)
        }
      }
    }
  }
}
