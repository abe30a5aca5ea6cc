/// Where the elements along one axis of a result come from: offsets, in elements, into a flat source.
///
/// The offset of an element is the sum over the axes.
enum AxisSource {
  /// `start + i * step` for `i` in `0..<count`.
  case strided(start: Int = 0, step: Int, count: Int)
  /// One offset per position; a negative one means that there is no source and the fill value is taken.
  case list([Int])

  var count: Int {
    switch self {
    case .strided(_, _, let count): count
    case .list(let offsets): offsets.count
    }
  }

  /// Smallest and largest offset; nil when nothing is read.
  fileprivate var bounds: ClosedRange<Int>? {
    switch self {
    case .strided(let start, let step, let count):
      let last = start &+ (count &- 1) &* step
      return count > 0 ? min(start, last)...max(start, last) : nil
    case .list(let offsets):
      var bounds: ClosedRange<Int>?
      for offset in offsets where offset >= 0 {
        bounds = min(offset, bounds?.lowerBound ?? offset)...max(offset, bounds?.upperBound ?? offset)
      }
      return bounds
    }
  }
}

/// Takes the runs of elements an `IndexWalk` visits, in the result's order.
protocol ElementSink {
  mutating func copy(from offset: Int, step: Int, count: Int)
  mutating func fill(count: Int)
}

/// Visits source offsets in the row-major order of a result.
struct IndexWalk {
  private var axes: [AxisSource] = []
  /// Elements below one position of each axis.
  private var inner: [Int] = []
  private let isEmpty: Bool

  /// - Parameter axes: The product of their counts must not overflow.
  init(_ axes: [AxisSource]) {
    isEmpty = axes.contains { $0.count == 0 }
    if isEmpty { return }
    for axis in axes { append(axis) }
    if self.axes.isEmpty { self.axes = [.strided(step: 1, count: 1)] }
    inner = Array(repeating: 1, count: self.axes.count)
    for i in stride(from: inner.count - 2, through: 0, by: -1) { inner[i] = inner[i + 1] &* self.axes[i + 1].count }
  }

  /// Merges an axis into its outer neighbour where both together are one stride.
  private mutating func append(_ axis: AxisSource) {
    if case .strided(let start, let step, let count) = axis,
      case .strided(let outerStart, let outerStep, let outerCount)? = axes.last,
      count == 1 || outerCount == 1 || outerStep == step &* count
    {
      axes[axes.count - 1] = .strided(
        start: start &+ outerStart, step: count == 1 ? outerStep : step, count: count &* outerCount)
    } else {
      axes.append(axis)
    }
  }

  /// True when every offset lies in `0..<count`.
  func reads(within count: Int) -> Bool {
    var (low, high) = (0, 0)
    for axis in axes {
      guard let bounds = axis.bounds else { return true }
      low &+= bounds.lowerBound
      high &+= bounds.upperBound
    }
    return isEmpty || (low >= 0 && high < count)
  }

  func run<Sink: ElementSink>(_ sink: inout Sink) {
    if !isEmpty { visit(0, 0, &sink) }
  }

  private func visit<Sink: ElementSink>(_ axis: Int, _ offset: Int, _ sink: inout Sink) {
    let isLast = axis == axes.count - 1
    switch axes[axis] {
    case .strided(let start, let step, let count):
      if isLast { return sink.copy(from: offset + start, step: step, count: count) }
      for i in 0..<count { visit(axis + 1, offset + start + i * step, &sink) }
    case .list(let offsets):
      for own in offsets {
        if own < 0 {
          sink.fill(count: inner[axis])
        } else if isLast {
          sink.copy(from: offset + own, step: 1, count: 1)
        } else {
          visit(axis + 1, offset + own, &sink)
        }
      }
    }
  }
}

/// Copies words of memory; the element's meaning does not matter.
@safe struct WordSink<Word: BitwiseCopyable>: ElementSink {
  private let source: UnsafeRawPointer
  private var destination: UnsafeMutableRawPointer
  private let filler: Word

  init(source: UnsafeRawPointer, destination: UnsafeMutableRawPointer, filler: Word) {
    unsafe self.source = source
    unsafe self.destination = destination
    self.filler = filler
  }

  mutating func copy(from offset: Int, step: Int, count: Int) {
    let width = MemoryLayout<Word>.size
    if step == 1 && count > 1 {
      unsafe destination.copyMemory(from: source + offset * width, byteCount: count * width)
    } else {
      for i in 0..<count {
        let word = unsafe source.loadUnaligned(fromByteOffset: (offset + i * step) * width, as: Word.self)
        unsafe destination.storeBytes(of: word, toByteOffset: i * width, as: Word.self)
      }
    }
    unsafe destination += count * width
  }

  mutating func fill(count: Int) {
    let width = MemoryLayout<Word>.size
    for i in 0..<count { unsafe destination.storeBytes(of: filler, toByteOffset: i * width, as: Word.self) }
    unsafe destination += count * width
  }
}

/// Copies elements of a Swift array: strings, symbolic dimensions.
struct ArraySink<Element>: ElementSink {
  let source: [Element]
  let filler: Element
  var result: [Element] = []

  mutating func copy(from offset: Int, step: Int, count: Int) {
    for i in 0..<count { result.append(source[offset + i * step]) }
  }

  mutating func fill(count: Int) {
    result.append(contentsOf: repeatElement(filler, count: count))
  }
}
