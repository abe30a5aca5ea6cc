import MassRuntime

/// Memory for the outputs that callers leave to the library. Each output has two blocks, so that what one run put into
/// the first may be an input of the next.
@safe struct LentOutputs {
  private var current: [Tensor?]
  private var spare: [Tensor?]
  /// What runs that could not be prepared computed.
  private var results: [Tensor?]

  init(count: Int) {
    current = Array(repeating: nil, count: count)
    spare = current
    results = current
  }

  /// Whether output `i` is the library's: nobody gave memory for it, or the last run did.
  func isLent(_ i: Int, _ data: UnsafeMutableRawPointer?) -> Bool {
    guard let data = unsafe data else { return true }
    if let block = current[i], unsafe UnsafeRawPointer(data) == block.baseAddress { return true }
    if let result = results[i], unsafe UnsafeRawPointer(data) == result.baseAddress { return true }
    return false
  }

  /// Whether `address` is that of the block output `i` was computed in last.
  func isCurrent(_ i: Int, _ address: UnsafeMutableRawPointer?) -> Bool {
    guard let block = current[i], let address = unsafe address else { return false }
    return unsafe UnsafeRawPointer(address) == block.baseAddress
  }

  /// Keeps `result` as output `i`, and gives its address.
  mutating func lend(_ result: Tensor, as i: Int) -> UnsafeMutableRawPointer {
    results[i] = result
    return unsafe UnsafeMutableRawPointer(mutating: result.baseAddress)
  }

  /// Room for `byteCount` bytes of output `i` which `isInUse` does not object to. Allocates when both blocks are too
  /// small or in use.
  mutating func block(
    _ i: Int, byteCount: Int, isInUse: (UnsafeRawPointer) -> Bool
  ) throws(TensorError) -> UnsafeMutableRawPointer {
    func fits(_ block: Tensor?) -> Bool {
      guard let block else { return false }
      return unsafe block.byteCount >= byteCount && !isInUse(block.baseAddress)
    }
    if !fits(current[i]) {
      swap(&current[i], &spare[i])
      if !fits(current[i]) { current[i] = nil }
    }
    let block: Tensor
    if let known = current[i] {
      block = known
    } else {
      block = try Tensor(element: .uint8, shape: [max(byteCount, 1)])
      current[i] = block
    }
    return unsafe UnsafeMutableRawPointer(mutating: block.baseAddress)
  }
}
