import MassRuntime

/// Rearranges the bytes of arrays on their way in.
enum ItemBytes {
  /// Bytes of the numbers an item consists of: a complex one is two.
  static func swapWidth(_ element: ElementType) -> Int {
    let width = element.byteWidth ?? 1
    return element.domain == .complex ? width / 2 : width
  }

  /// Turns the byte order of every number of `width` bytes round.
  static func reverse(in buffer: UnsafeMutableRawBufferPointer, width: Int) {
    guard width > 1 else { return }
    for start in stride(from: 0, through: buffer.count - width, by: width) {
      for i in 0..<width / 2 { unsafe buffer.swapAt(start + i, start + width - 1 - i) }
    }
  }

  /// Kernels count on a bool being 0 or 1.
  static func normalizeBooleans(_ buffer: UnsafeMutableRawBufferPointer) {
    for i in buffer.indices where unsafe buffer[i] > 1 { unsafe buffer[i] = 1 }
  }

  /// The tensor with its axes in reverse order: what column-major data is, read as row-major.
  static func reversingAxes(of tensor: Tensor) throws(TensorError) -> Tensor {
    let width = tensor.element.byteWidth ?? 1
    let order = reversedAxes(tensor.shape)
    return try unsafe Tensor(element: tensor.element, shape: tensor.shape.reversed()) { target in
      unsafe tensor.withUnsafeBytes { source in
        for (to, from) in order.enumerated() {
          for i in 0..<width { unsafe target[to * width + i] = source[from * width + i] }
        }
      }
    }
  }

  /// For every item of the array whose axes are those of `shape` reversed, in row-major order: its place in `shape`.
  static func reversedAxes(_ shape: [Int]) -> [Int] {
    let count = shape.reduce(1, *)
    guard count > 0 else { return [] }
    var strides = [Int](repeating: 1, count: shape.count)
    for axis in shape.indices.dropLast().reversed() { strides[axis] = strides[axis + 1] * shape[axis + 1] }
    var order: [Int] = []
    order.reserveCapacity(count)
    var index = [Int](repeating: 0, count: shape.count)
    var place = 0
    for _ in 0..<count {
      order.append(place)
      for axis in shape.indices {
        index[axis] += 1
        place += strides[axis]
        guard index[axis] == shape[axis] else { break }
        place -= strides[axis] * shape[axis]
        index[axis] = 0
      }
    }
    return order
  }
}
