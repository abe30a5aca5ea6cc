/// One node's computation, bound to shapes, layouts and constants: the unit the run loop executes.
///
/// A kernel belongs to one session and is not used by two threads at once.
public protocol Kernel: AnyObject {
  /// Bytes of 64-byte aligned scratch memory `run` may overwrite.
  var scratchBytes: Int { get }

  /// Operand pairs that may share memory: the result is stored where the operand lies, if the operand dies here.
  /// A kernel that lists a pair works whether or not the memory is shared.
  var inPlacePairs: [InPlacePair] { get }

  /// Computes. `operands` holds the node's inputs, then its outputs; absent ones are nil.
  ///
  /// Allocates nothing. Throws only on data it cannot honour, such as an index out of range.
  func run(_ operands: Operands.Pointers, scratch: UnsafeMutableRawPointer?) throws(OperatorError)
}

extension Kernel {
  public var scratchBytes: Int { 0 }
  public var inPlacePairs: [InPlacePair] { [] }
}

public struct InPlacePair: Hashable, Sendable {
  public var input: Int
  public var output: Int

  public init(input: Int, output: Int = 0) {
    self.input = input
    self.output = output
  }
}

extension Operands {
  /// Addresses of a node's inputs and outputs, in that order.
  public typealias Pointers = UnsafePointer<UnsafeMutableRawPointer?>
}

/// Where a result may live inside another value's memory, so that no kernel need run at all.
public enum ViewKind: Hashable, Sendable {
  /// The result is the operand `input` from `byteOffset` on.
  case view(input: Int, byteOffset: Int)
  /// Every operand lies, one after the other, inside the result (concatenation along the outermost varying axis).
  case gatherOfOperands
}
