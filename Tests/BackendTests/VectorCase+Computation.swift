import MassRuntime
import OperatorCases

extension VectorCase {
  private static let data = Tensor.random([4, 3, 5], seed: 1)

  static var indexing: [VectorCase] {
    [
      VectorCase(Gather(axis: 1), data, .i64([2, 2], [0, -1, 2, 1])),
      VectorCase(Gather(), .u8([3], [7, 8, 9]), .i32([2], [2, 0])),
      VectorCase(GatherElements(axis: 2), data, .i64([2, 3, 2], [0, 1, 2, 3, 4, -1, -2, -3, 0, 0, 1, 1])),
      VectorCase(GatherND(batchDims: 1), data, .i64([4, 2, 1], [0, 1, 2, -1, -2, 0, 1, 1])),
      VectorCase(GatherND(), data, .i32([2, 2], [3, 2, -1, 0])),
      VectorCase(ScatterElements(axis: 1), data, .i64([1, 2, 2], [0, 2, 1, -1]), .f32([1, 2, 2], [1, 2, 3, 4])),
      VectorCase(
        ScatterElements(axis: 0, reduction: .add), .f32([3], [1, 2, 3]), .i64([4], [0, 0, 2, 0]),
        .f32([4], [1, 2, 3, 4])),
      VectorCase(ScatterElements(axis: 0), .u8([3], [1, 2, 3]), .i32([1], [-1]), .u8([1], [9])),
      VectorCase(ScatterND(), data, .i64([2, 1], [1, -1]), .random([2, 3, 5], seed: 2)),
      VectorCase(ScatterND(reduction: .max), data, .i64([2, 2], [1, 1, 3, -1]), .random([2, 5], seed: 2)),
      VectorCase(ScatterND(reduction: .mul), .i64([2], [3, 4]), .i64([3, 1], [0, 0, 1]), .i64([3], [5, 6, 7])),
      VectorCase(
        OneHot(axis: 1), .i64([2, 3], [0, 1, 2, -1, 7, 3]), .i64([], [4]), .f32([2], [2, 5]), constants: [1]),
      VectorCase(TopK(axis: 1), data, .i64([1], [2]), constants: [1], results: 2),
      VectorCase(
        TopK(isLargest: false), .i64([2, 5], [5, 1, 4, 1, 9, 2, 2, 2, 0, 7]), .i64([1], [3]), constants: [1]),
      VectorCase(TopK(axis: 0), .random([300], seed: 6), .i64([1], [300]), constants: [1], results: 2),
      VectorCase(CumSum(), data, .i64([], [1]), constants: [1]),
      VectorCase(
        CumSum(exclusive: true, reverse: true), .i32([4], [1, 2, 3, Int(Int32.max)]), .i64([], [-1]), constants: [1]),
      VectorCase(ArgExtremum(isMaximum: true, axis: 1), data, layouts: .read),
      VectorCase(ArgExtremum(isMaximum: false, axis: -1, keepDims: false), data, layouts: .read),
      VectorCase(
        ArgExtremum(isMaximum: true, axis: 1, keepDims: false), .random([2, 9, 4, 5], seed: 2), layouts: .read),
      VectorCase(
        ArgExtremum(isMaximum: true, axis: 0, selectLast: true), .i64([4, 2], [3, 1, 3, 2, 0, 2, 3, 0])),
    ]
  }

  /// The index 9 does not exist.
  static var outOfRange: [VectorCase] {
    [
      VectorCase(Gather(axis: 1), data, .i64([2], [0, 9])),
      VectorCase(GatherElements(), .f32([3], [1, 2, 3]), .i32([2], [1, 9])),
      VectorCase(GatherND(), data, .i64([2, 2], [0, 1, 1, 9])),
      VectorCase(ScatterElements(), .f32([3], [1, 2, 3]), .i64([2], [9, 1]), .f32([2], [4, 5])),
      VectorCase(ScatterND(), .f32([3], [1, 2, 3]), .i64([2, 1], [0, 9]), .f32([2], [4, 5])),
    ]
  }

  static var reduction: [VectorCase] {
    let picture = Tensor.random([2, 3, 4, 5], seed: 3)
    var rows: [VectorCase] = []
    for kind in ReduceKind.allCases {
      let isLogarithm = kind == .logSum
      let x = isLogarithm ? Tensor.f32([2, 3, 2, 1], (1...12).map(Double.init)) : picture
      rows += [
        VectorCase(Reduce(kind), x, layouts: .read),
        VectorCase(Reduce(kind), x, .i64([2], [2, 3]), constants: [1], layouts: .read),
        VectorCase(Reduce(kind, keepDimensions: false), x, .i64([2], [0, -2]), constants: [1], layouts: .read),
        VectorCase(Reduce(kind, keepDimensions: false), x, .i64([1], [1]), constants: [1], layouts: .read),
        VectorCase(Reduce(kind, noopWithEmptyAxes: true), x, layouts: .read),
      ]
    }
    for kind in [ReduceKind.sum, .max, .min, .prod, .sumSquare, .l1, .mean] {
      rows.append(VectorCase(Reduce(kind), .i64([2, 3], [1, -2, 3, 4, 5, -7]), .i64([1], [1]), constants: [1]))
      rows.append(VectorCase(Reduce(kind), .i32([2, 3], [1, -2, 3, 4, 5, -7]), .i64([1], [0]), constants: [1]))
    }
    rows += [GlobalPool.Kind.average, .max, .lp(p: 1), .lp(p: 2)].map {
      VectorCase(GlobalPool($0), picture, layouts: .kept)
    }
    rows.append(VectorCase(GlobalPool(.average), .random([3, 70, 7, 7], seed: 5), layouts: .kept))
    return rows
  }

  static var normalization: [VectorCase] {
    let (picture, rows) = (Tensor.random([2, 6, 4, 5], seed: 3), Tensor.random([3, 4, 37], seed: 4))
    let channel = (0..<4).map { Tensor.random([6], seed: 10 + $0) }
    let positive = Tensor.f32([6], [1, 2, 0.5, 3, 1, 0.25])
    let (scale, bias) = (Tensor.random([37], seed: 5), Tensor.random([37], seed: 6))
    var cases: [VectorCase] = (-4..<4).flatMap { axis in
      [
        VectorCase(Softmax(axis: axis), picture, layouts: .kept),
        VectorCase(LogSoftmax(axis: axis), picture, layouts: .kept),
        VectorCase(LpNormalization(axis: axis, p: axis & 1 + 1), picture, layouts: .kept),
      ]
    }
    cases += [
      VectorCase(Softmax(), .f32([2, 3], [1000, 1000, 999, -1000, 0, -.infinity])),
      VectorCase(LayerNormalization(), rows, scale, bias, results: 3),
      VectorCase(LayerNormalization(axis: 1), rows, .random([4, 37], seed: 7), results: 1),
      VectorCase(LayerNormalization(), rows, scale, nil),
      VectorCase(RMSNormalization(), rows, scale),
      VectorCase(FusedLayerNormalization(), rows, .random([3, 4, 37], seed: 9), scale, bias, results: 2),
      VectorCase(FusedLayerNormalization(), rows, .random([3, 4, 37], seed: 9), scale, bias),
      VectorCase(FusedLayerNormalization(kind: .rms), rows, nil, scale, nil, results: 2),
      VectorCase(FusedLayerNormalization(kind: .rms), rows, .random([3, 4, 37], seed: 9), scale),
      VectorCase(InstanceNormalization(), picture, channel[0], channel[1], layouts: .kept),
      VectorCase(GroupNormalization(groups: 2), picture, channel[0], channel[1], layouts: .kept),
      VectorCase(GroupNormalization(groups: 3), .random([1, 6, 7], seed: 2), channel[0], channel[1], layouts: .kept),
      VectorCase(BatchNormalization(), picture, channel[0], channel[1], channel[2], positive, layouts: .kept),
    ]
    return cases
  }

  static var resampling: [VectorCase] {
    let picture = Tensor.random([2, 3, 5, 7], seed: 3)
    let (none, double) = (Tensor.f32([0], []), Tensor.f32([4], [1, 1, 2, 2]))
    let sizes = Tensor.i64([2], [3, 11])
    let region = Tensor.f32([4], [0.2, 0.4, 0.7, 1.3])
    func resized(_ op: Resize, _ scales: Tensor, tolerance: Double = 1e-5) -> VectorCase {
      VectorCase(op, picture, none, scales, constants: [1, 2], layouts: .kept, tolerance: tolerance)
    }
    func sized(_ op: Resize, _ x: Tensor) -> VectorCase {
      VectorCase(op, x, nil, nil, sizes, constants: [3], layouts: .kept)
    }
    return [
      resized(Resize(), double), resized(Resize(coordinateMode: .asymmetric, nearestMode: .floor), double),
      resized(Resize(mode: .linear), double), resized(Resize(mode: .cubic), double),
      resized(Resize(mode: .linear, coordinateMode: .alignCorners), .f32([4], [1, 2, 1.5, 0.6])),
      resized(Resize(mode: .linear, antialias: true), .f32([4], [1, 1, 0.5, 0.6])),
      resized(Resize(mode: .cubic, excludeOutside: true, antialias: true), .f32([4], [1, 1, 0.5, 1.7])),
      sized(Resize(mode: .linear, axes: [2, 3]), picture), sized(Resize(axes: [3, 2]), picture),
      sized(Resize(axes: [1, 2]), .u8([1, 2, 2], [1, 2, 3, 4])),
      VectorCase(
        Resize(mode: .linear, coordinateMode: .cropAndResize, extrapolationValue: 7, axes: [2, 3]), picture, region,
        nil,
        sizes, constants: [1, 3], layouts: .kept),
      VectorCase(
        Resize(coordinateMode: .cropAndResize, extrapolationValue: 7, axes: [2, 3]), picture, region, nil, sizes,
        constants: [1, 3], layouts: .kept),
    ]
  }

  /// Enough elements for the work to be shared among threads.
  static var large: [VectorCase] {
    let (picture, row) = (Tensor.random([2, 32, 29, 31], seed: 1), Tensor.random([700], seed: 2))
    let channel = Tensor.random([32], seed: 3)
    return [
      VectorCase(Binary(.add), picture, .random([32, 1, 1], seed: 4), layouts: .kept),
      VectorCase(Unary(.geluErf), picture, layouts: .kept),
      VectorCase(Concat(axis: 1), picture, .random([2, 8, 29, 31], seed: 5), layouts: .kept),
      VectorCase(Transpose(permutation: [0, 3, 1, 2]), picture, layouts: .read),
      VectorCase(Pad(), picture, .i64([4], [1, 2, 3, 0]), nil, .i64([2], [2, 3]), constants: [1, 3], layouts: .kept),
      VectorCase(Gather(), .random([50, 300], seed: 6), .i64([7, 40], (0..<280).map { $0 % 50 })),
      VectorCase(Softmax(), .random([100, 700], seed: 7), layouts: .plain),
      VectorCase(Softmax(axis: 1), picture, layouts: .kept),
      VectorCase(LayerNormalization(), .random([90, 700], seed: 8), row, row),
      VectorCase(GroupNormalization(groups: 4), picture, channel, channel, layouts: .kept),
      VectorCase(Reduce(.mean), picture, .i64([2], [2, 3]), constants: [1], layouts: .read),
      VectorCase(Reduce(.sum), picture, .i64([1], [1]), constants: [1], layouts: .read),
      VectorCase(Resize(mode: .linear), picture, nil, .f32([4], [1, 1, 1.5, 2]), constants: [2], layouts: .kept),
      VectorCase(TopK(axis: 1), .random([20, 2000], seed: 9), .i64([1], [10]), constants: [1], results: 2),
    ]
  }

  static var attention: [VectorCase] {
    let (q, k, v) = (
      Tensor.random([2, 4, 5, 8], seed: 1), Tensor.random([2, 2, 7, 8], seed: 2), Tensor.random([2, 2, 7, 6], seed: 3)
    )
    let past = (Tensor.random([2, 2, 3, 8], seed: 4), Tensor.random([2, 2, 3, 6], seed: 5))
    let visible = Tensor.bool([5, 7], (0..<35).map { $0 % 3 != 1 && $0 / 7 != 2 })
    let packed = Attention(queryHeads: 4, keyHeads: 2)
    let swapped = Attention(
      scale: 0.3, softcap: 2, queryLayout: .sequenceFirst, keyLayout: .sequenceFirst, valueLayout: .sequenceFirst,
      outputLayout: .sequenceFirst)
    return [
      VectorCase(Attention(), q, k, v), VectorCase(Attention(isCausal: true), q, k, v),
      VectorCase(Attention(), q, k, v, .random([2, 1, 5, 7], seed: 6)),
      VectorCase(Attention(), q, k, v, visible), VectorCase(Attention(), q, k, v, .random([5, 4], seed: 6)),
      VectorCase(Attention(), q, k, v, .random([4, 5, 1], seed: 6)),
      VectorCase(Attention(isCausal: true), q, k, v, nil, past.0, past.1, results: 3),
      VectorCase(Attention(isCausal: true), q, k, v, nil, past.0, past.1),
      VectorCase(Attention(), q, k, v, results: 2),
      VectorCase(Attention(), q, k, v, nil, nil, nil, .i64([2], [7, 3]), constants: [6]),
      VectorCase(Attention(isCausal: true), q, k, v, visible, nil, nil, .i64([2], [6, 3]), constants: [6]),
      VectorCase(packed, .random([2, 5, 32], seed: 1), .random([2, 7, 16], seed: 2), .random([2, 7, 12], seed: 3)),
      VectorCase(
        packed, .random([2, 5, 32], seed: 1), .random([2, 7, 16], seed: 2), .random([2, 7, 12], seed: 3), nil, past.0,
        past.1, results: 3),
      VectorCase(
        swapped, .random([2, 5, 4, 8], seed: 1), .random([2, 7, 2, 8], seed: 2), .random([2, 7, 2, 6], seed: 3)),
    ]
  }
}
