/// Sixteen bytes moved as one: complex128.
private struct WideWord: BitwiseCopyable {
  var low: UInt64 = 0
  var high: UInt64 = 0
}

extension Tensor {
  /// Reference kernels make no result of more elements than this.
  static let referenceLimit = 1 << 30

  /// Elements of a result of `shape`, refused beyond `referenceLimit`: index lists of that length stay affordable.
  static func referenceCount(_ element: ElementType, _ shape: [Int]) throws(TensorError) -> Int {
    let count = try elementCount(of: shape)
    guard count <= referenceLimit else { throw .tooLarge(element, shape) }
    return count
  }

  /// A tensor of `shape` whose elements are this tensor's at the offsets that `axes` give, in row-major order.
  ///
  /// Whatever the element type is, elements are moved unchanged. Positions without a source hold `filler`'s only
  /// element, or zero. The axes need not be those of `shape`: only the order and the count matter.
  func gathered(_ axes: [AxisSource], shape: [Int], filler: Tensor? = nil) throws(TensorError) -> Tensor {
    let count = try Self.referenceCount(element, shape)
    if count == 0 { return try Tensor.empty(element, shape) }
    let walk = IndexWalk(axes)
    guard walk.reads(within: self.count), axes.reduce(1, { $0 &* $1.count }) == count else {
      throw .storageTooSmall(needed: count, available: self.count)
    }
    switch element.bitWidth {
    case 0: return try gatheredStrings(walk, shape, filler)
    case 8: return try moveWords(walk, shape, filler, zero: UInt8(0))
    case 16: return try moveWords(walk, shape, filler, zero: UInt16(0))
    case 32: return try moveWords(walk, shape, filler, zero: UInt32(0))
    case 64: return try moveWords(walk, shape, filler, zero: UInt64(0))
    case 128: return try moveWords(walk, shape, filler, zero: WideWord())
    default:
      let moved = try unpacked().moveWords(walk, shape, try filler?.unpacked(), zero: UInt8(0))
      return try moved.packed(as: element)
    }
  }

  /// A tensor without elements.
  static func empty(_ element: ElementType, _ shape: [Int]) throws(TensorError) -> Tensor {
    if element == .string { return try Tensor(strings: [], shape: shape) }
    return try Tensor(element: element, shape: shape)
  }

  private func moveWords<Word: BitwiseCopyable>(
    _ walk: IndexWalk, _ shape: [Int], _ filler: Tensor?, zero: Word
  ) throws(TensorError) -> Tensor {
    var word = zero
    if let filler, filler.count > 0, filler.byteCount >= MemoryLayout<Word>.size {
      word = unsafe filler.withUnsafeBytes { unsafe $0.loadUnaligned(as: Word.self) }
    }
    return try unsafe withSource { (source) throws(TensorError) in
      try unsafe Tensor(element: element, shape: shape) { bytes in
        guard let destination = bytes.baseAddress else { return }
        var sink = unsafe WordSink(source: source, destination: destination, filler: word)
        walk.run(&sink)
      }
    }
  }

  private func withSource<R>(_ body: (UnsafeRawPointer) throws(TensorError) -> R) throws(TensorError) -> R {
    defer { withExtendedLifetime(storage) {} }
    return try unsafe body(baseAddress)
  }

  private func gatheredStrings(_ walk: IndexWalk, _ shape: [Int], _ filler: Tensor?) throws(TensorError) -> Tensor {
    var sink = ArraySink(source: strings, filler: filler?.strings.first ?? "")
    walk.run(&sink)
    return try Tensor(strings: sink.result, shape: shape)
  }

  /// A packed type with one element to the byte, bits unchanged.
  private func unpacked() throws(TensorError) -> Tensor {
    let plain = reinterpreted(as: element.bitWidth == 2 ? .uint2 : .uint4) ?? self
    return try Tensor.make(.uint8, shape, integers: plain.integers())
  }

  private func packed(as element: ElementType) throws(TensorError) -> Tensor {
    let plain = try Tensor.make(element.bitWidth == 2 ? .uint2 : .uint4, shape, integers: integers())
    return plain.reinterpreted(as: element) ?? plain
  }
}

extension Tensor {
  /// The elements of all `parts`, interleaved: for each of `outer` steps, the next `count / outer` of each part.
  ///
  /// - Requires: Parts of one element type whose counts are multiples of `outer`.
  static func joined(_ parts: [Tensor], outer: Int, shape: [Int]) throws(TensorError) -> Tensor {
    guard let element = parts.first?.element else { return try empty(.uint8, shape) }
    let count = try referenceCount(element, shape)
    guard count > 0, outer > 0 else { return try empty(element, shape) }
    guard parts.reduce(0, { $0 + $1.count }) == count else {
      throw .storageTooSmall(needed: count, available: parts.reduce(0) { $0 + $1.count })
    }
    if element == .string {
      var strings: [String] = []
      for i in 0..<outer {
        for part in parts {
          let run = part.count / outer
          strings.append(contentsOf: part.strings[i * run..<(i + 1) * run])
        }
      }
      return try Tensor(strings: strings, shape: shape)
    }
    if element.bitWidth < 8 {
      var plain: [Tensor] = []
      for part in parts { plain.append(try part.unpacked()) }
      return try joined(plain, outer: outer, shape: shape).packed(as: element)
    }
    return try unsafe Tensor(element: element, shape: shape) { unsafe copyInterleaved(parts, outer, $0) }
  }

  private static func copyInterleaved(_ parts: [Tensor], _ outer: Int, _ bytes: UnsafeMutableRawBufferPointer) {
    let total = bytes.count / outer
    var start = 0
    for part in parts {
      let run = part.byteCount / outer
      unsafe part.withUnsafeBytes { source in
        for i in 0..<outer {
          unsafe UnsafeMutableRawBufferPointer(rebasing: bytes[i * total + start..<i * total + start + run])
            .copyMemory(from: UnsafeRawBufferPointer(rebasing: source[i * run..<(i + 1) * run]))
        }
      }
      start += run
    }
  }

  /// The axes of the tensor as it lies in memory.
  var axisSources: [AxisSource] {
    zip(shape, Strides.rowMajor(shape)).map { .strided(step: $1, count: $0) }
  }
}
