/// A row-major tensor in host memory: element type, extents, and shared read-only storage.
public struct Tensor: Sendable {
  public let element: ElementType
  public let shape: [Int]
  public let storage: TensorStorage
  /// Where the first element lies in `storage`.
  public let byteOffset: Int
  /// Product of the extents.
  public let count: Int

  /// Wraps storage, checking that it holds every element.
  public init(element: ElementType, shape: [Int], storage: TensorStorage, byteOffset: Int = 0) throws(TensorError) {
    let count = try Self.elementCount(of: shape)
    guard let bytes = element.byteCount(elements: count) else { throw .tooLarge(element, shape) }
    if element == .string {
      guard storage.strings.count == count else {
        throw .storageTooSmall(needed: count, available: storage.strings.count)
      }
    } else {
      guard byteOffset >= 0, byteOffset <= storage.byteCount, bytes <= storage.byteCount - byteOffset else {
        throw .storageTooSmall(needed: bytes, available: storage.byteCount - byteOffset)
      }
    }
    self.element = element
    self.shape = shape
    self.storage = storage
    self.byteOffset = byteOffset
    self.count = count
  }

  private init(unchecked element: ElementType, _ shape: [Int], _ count: Int, _ storage: TensorStorage, _ offset: Int) {
    self.element = element
    self.shape = shape
    self.count = count
    self.storage = storage
    byteOffset = offset
  }

  /// Allocates a tensor of zeros and lets `fill` write its bytes.
  public init(
    element: ElementType, shape: [Int], fill: (UnsafeMutableRawBufferPointer) -> Void
  ) throws(TensorError) {
    try unsafe self.init(element, shape, isZeroed: true, fill)
  }

  /// Allocates a tensor whose bytes `initializer` writes, every one of them: what it leaves out is indeterminate, and may be
  /// what the process freed before. Spares large tensors a pass over their memory.
  @unsafe public init(
    unsafeUninitialized element: ElementType, shape: [Int],
    initializingWith initializer: (UnsafeMutableRawBufferPointer) -> Void
  ) throws(TensorError) {
    try unsafe self.init(element, shape, isZeroed: false, initializer)
  }

  private init(
    _ element: ElementType, _ shape: [Int], isZeroed: Bool, _ fill: (UnsafeMutableRawBufferPointer) -> Void
  ) throws(TensorError) {
    let count = try Self.elementCount(of: shape)
    guard let bytes = element.byteCount(elements: count), bytes <= Self.byteLimit else {
      throw .tooLarge(element, shape)
    }
    let storage = try TensorStorage(byteCount: bytes, isZeroed: isZeroed)
    unsafe fill(UnsafeMutableRawBufferPointer(start: storage.base, count: bytes))
    self.init(unchecked: element, shape, count, storage, 0)
  }

  /// Allocates a tensor of zeros.
  public init(element: ElementType, shape: [Int]) throws(TensorError) {
    try unsafe self.init(element: element, shape: shape, fill: { _ in })
  }

  public init(strings: [String], shape: [Int]) throws(TensorError) {
    try self.init(element: .string, shape: shape, storage: TensorStorage(strings: strings))
  }

  /// No single tensor may be larger than this; a model that asks for more is refused rather than swapped to death.
  public static let byteLimit = 1 << 40

  public static func elementCount(of shape: [Int]) throws(TensorError) -> Int {
    var count = 1
    for extent in shape {
      guard extent >= 0 else { throw .negativeExtent(shape) }
      let (product, overflow) = count.multipliedReportingOverflow(by: extent)
      guard !overflow else { throw .shapeOverflow(shape) }
      count = product
    }
    return count
  }

  /// Bytes of the elements; zero for strings.
  public var byteCount: Int { element.byteCount(elements: count) ?? 0 }

  public var strings: [String] { storage.strings }

  public var type: TensorType { TensorType(element, Shape(shape)) }

  /// The same elements under another shape of equal count.
  public func reshaped(_ shape: [Int]) throws(TensorError) -> Tensor {
    let other = try Self.elementCount(of: shape)
    guard other == count else { throw .reshape(from: self.shape, to: shape) }
    return Tensor(unchecked: element, shape, count, storage, byteOffset)
  }

  /// The same bytes read as another element type of equal width.
  public func reinterpreted(as element: ElementType) -> Tensor? {
    guard element.bitWidth == self.element.bitWidth, element.bitWidth > 0 else { return nil }
    return Tensor(unchecked: element, shape, count, storage, byteOffset)
  }

  public func withUnsafeBytes<R>(_ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
    defer { withExtendedLifetime(storage) {} }
    return try unsafe body(UnsafeRawBufferPointer(start: storage.base + byteOffset, count: byteCount))
  }

  /// The first byte; valid while `storage` lives.
  @unsafe public var baseAddress: UnsafeRawPointer { unsafe UnsafeRawPointer(storage.base + byteOffset) }
}

/// What can be wrong with a tensor's description.
public enum TensorError: Error, Hashable, CustomStringConvertible {
  case negativeExtent([Int])
  case shapeOverflow([Int])
  case tooLarge(ElementType, [Int])
  case storageTooSmall(needed: Int, available: Int)
  case reshape(from: [Int], to: [Int])
  case notNumeric(ElementType)
  case outOfMemory(bytes: Int)

  public var description: String {
    switch self {
    case .negativeExtent(let shape): "shape \(shape) has a negative extent"
    case .shapeOverflow(let shape): "shape \(shape) has more elements than an Int can count"
    case .tooLarge(let element, let shape): "a tensor \(element)\(shape) exceeds the limit of \(Tensor.byteLimit) bytes"
    case .storageTooSmall(let needed, let available): "expected \(needed) bytes of data, got \(available)"
    case .outOfMemory(let bytes): "there is no memory for a tensor of \(bytes) bytes"
    case .notNumeric(let element): "elements of type \(element) are not made from numbers"
    case .reshape(let from, let to): "cannot reshape \(from) to \(to): element counts differ"
    }
  }
}

/// What a value is at run time.
public indirect enum Value: Sendable {
  case tensor(Tensor)
  case sequence([Value])
  case optional(Value?)
  case map([(key: MapKey, value: Value)])

  public enum MapKey: Hashable, Sendable {
    case integer(Int64)
    case string(String)
  }

  public var tensor: Tensor? {
    if case .tensor(let tensor) = self { tensor } else { nil }
  }

  public var type: ValueType {
    switch self {
    case .tensor(let tensor): .tensor(tensor.type)
    case .sequence(let values): .sequence(values.first?.type ?? .unknown)
    case .optional(let value): .optional(value?.type ?? .unknown)
    case .map(let entries):
      .map(
        key: { if case .string = entries.first?.key { .string } else { .int64 } }(),
        value: entries.first?.value.type ?? .unknown)
    }
  }
}
