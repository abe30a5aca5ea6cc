import MassRuntime

extension ONNXSparseTensor {
  /// The dense tensor. Indices are linear, or one coordinate per axis, in ascending order.
  ///
  /// - Parameter byteLimit: How large it may be: its size bears no relation to the file's.
  func decoded(externalData: ExternalData, byteLimit: Int) throws(TensorDecodingError) -> Tensor {
    let values = try values.decoded(externalData: externalData)
    let indices = try indices.decoded(externalData: externalData)
    let layout = try DataLayout(values.element, dimensions, label: label)
    guard let width = values.element.byteWidth else {
      throw TensorDecodingError(kind: .unsupportedType, message: "\(label): sparse \(values.element) is not supported")
    }
    guard layout.byteCount <= byteLimit else {
      throw TensorDecodingError(
        kind: .limit, message: "\(label): expected at most \(byteLimit) bytes when dense, got \(layout.byteCount)")
    }
    let positions = try positions(indices, count: values.count)
    return try unsafe layout.allocated { bytes in
      unsafe values.withUnsafeBytes { source in
        for (i, position) in positions.enumerated() {
          let element = unsafe UnsafeRawBufferPointer(rebasing: source[i * width..<(i + 1) * width])
          unsafe UnsafeMutableRawBufferPointer(rebasing: bytes[position * width..<(position + 1) * width])
            .copyMemory(from: element)
        }
      }
    }
  }

  private var label: String { name.isEmpty ? "sparse tensor" : "sparse tensor '\(name)'" }

  private func positions(_ indices: Tensor, count: Int) throws(TensorDecodingError) -> [Int] {
    let rank = dimensions.count
    guard indices.element == .int64, indices.shape == [count] || indices.shape == [count, rank] else {
      throw TensorDecodingError(
        message: "\(label): expected i64 indices of shape [\(count)] or [\(count), \(rank)], got \(indices.type)")
    }
    let numbers = indices.integers()
    let total = dimensions.reduce(1, *)
    let isLinear = indices.shape.count == 1
    var positions: [Int] = []
    positions.reserveCapacity(count)
    for i in 0..<count {
      let position = isLinear ? numbers[i] : linear(numbers[i * rank..<(i + 1) * rank])
      guard let position, position >= 0, position < total, position > positions.last ?? -1 else {
        throw TensorDecodingError(
          message: "\(label): expected ascending indices within \(dimensions), got others at entry \(i)")
      }
      positions.append(position)
    }
    return positions
  }

  private func linear(_ coordinates: ArraySlice<Int>) -> Int? {
    var position = 0
    for (coordinate, extent) in zip(coordinates, dimensions) {
      guard coordinate >= 0, coordinate < extent else { return nil }
      position = position * extent + coordinate
    }
    return position
  }
}
