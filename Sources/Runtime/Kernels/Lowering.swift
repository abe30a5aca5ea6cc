/// Turns nodes of one operator type into kernels: the facet a plugin adds to an operator.
public struct Lowering: Sendable {
  /// What `mass inspect` and plan files call the kernels of this lowering, such as `onednn.conv`.
  public let name: String
  package let operatorType: ObjectIdentifier
  package let offers: @Sendable (any Operator, BoundNode) -> [KernelOffer]

  /// - Parameter offers: The kernels that can compute the node, best first; empty to decline. Called once per node and
  ///   shape signature, so it should be quick; the work of making a kernel belongs into `KernelOffer.make`.
  public init<Op: Operator>(
    _ type: Op.Type, _ name: String, offers: @escaping @Sendable (Op, BoundNode) -> [KernelOffer]
  ) {
    self.name = name
    operatorType = ObjectIdentifier(type)
    self.offers = { op, node in (op as? Op).map { offers($0, node) } ?? [] }
  }
}

/// One way to compute a node.
public struct KernelOffer {
  /// Distinguishes the offers of one lowering, such as `brgemm` or `winograd`.
  public var name: String
  public var exactness: Exactness
  /// Makes the kernel, or declines with nil when the library turns out not to support the case.
  public var make: () -> (any Kernel)?

  public init(_ name: String, exactness: Exactness = .reassociating, make: @escaping () -> (any Kernel)?) {
    self.name = name
    self.exactness = exactness
    self.make = make
  }
}

/// How far a rewrite or a kernel may move the numbers.
public enum Exactness: Hashable, Sendable, Codable {
  /// Bit for bit the same result.
  case exact
  /// Sums are taken in another order or roundings skipped.
  case reassociating
  /// Off by up to `epsilon` of the result's largest magnitude.
  case approximate(epsilon: Float)

  public var isApproximate: Bool {
    if case .approximate = self { true } else { false }
  }
}

/// A node as a lowering sees it: every type concrete, every constant at hand.
public struct BoundNode {
  public var name: String
  public var inputs: [BoundOperand?]
  public var outputs: [BoundOperand]
  public var environment: BindingEnvironment

  public init(name: String, inputs: [BoundOperand?], outputs: [BoundOperand], environment: BindingEnvironment) {
    self.name = name
    self.inputs = inputs
    self.outputs = outputs
    self.environment = environment
  }

  public var threads: Int { environment.threads }

  public func input(_ i: Int) -> BoundOperand? { i < inputs.count ? inputs[i] : nil }

  /// True when every present operand and result has this element type.
  public func isAll(_ element: ElementType) -> Bool {
    inputs.allSatisfy { $0.map { $0.element == element } ?? true } && outputs.allSatisfy { $0.element == element }
  }
}

/// One operand or result of a bound node.
public struct BoundOperand {
  public var element: ElementType
  /// Logical extents.
  public var shape: [Int]
  public var layout: Layout
  /// The tensor, row-major, when the operand is a constant.
  public var constant: Tensor?
  /// The key under which `constant` may be packed.
  public var constantID: ConstantID?

  public init(
    element: ElementType, shape: [Int], layout: Layout, constant: Tensor? = nil, constantID: ConstantID? = nil
  ) {
    self.element = element
    self.shape = shape
    self.layout = layout
    self.constant = constant
    self.constantID = constantID
  }

  public var rank: Int { shape.count }
  public var count: Int { shape.reduce(1, *) }

  /// Elements between neighbours along each logical axis.
  public var strides: [Int] { layout.strides(shape) }

  /// Logical axes from the slowest varying in memory to the fastest.
  public var axesInMemory: [Int] { layout.axesInMemory(rank: shape.count) }

  /// Axes of extent other than one, from the slowest in memory.
  public var memoryOrder: [Int] { axesInMemory.filter { shape[$0] != 1 } }

  /// True when memory order and logical order are the same, whatever the layout is called.
  public var isPlain: Bool { layout == .rowMajor || memoryOrder == memoryOrder.sorted() }

  public var byteCount: Int { element.byteCount(elements: count) ?? 0 }
}

extension Layout {
  public func axesInMemory(rank: Int) -> [Int] {
    self == .rowMajor || rank < 3 ? Array(0..<rank) : [0] + Array(2..<rank) + [1]
  }

  /// Strides, by logical axis, of a dense tensor of logical `shape`.
  public func strides(_ shape: [Int]) -> [Int] {
    var strides = [Int](repeating: 1, count: shape.count)
    var step = 1
    for axis in axesInMemory(rank: shape.count).reversed() {
      strides[axis] = step
      step = step &* max(shape[axis], 1)
    }
    return strides
  }
}

/// What all nodes of one binding share.
public struct BindingEnvironment {
  /// Size of the OpenMP team the kernels run on.
  public var threads: Int
  /// Approximate kernels are not offered.
  public var isStrict: Bool
  /// Constants in the form kernels read them, shared by all sessions of a model.
  public var packed: PackedConstants

  public init(threads: Int, isStrict: Bool, packed: PackedConstants) {
    self.threads = threads
    self.isStrict = isStrict
    self.packed = packed
  }
}
