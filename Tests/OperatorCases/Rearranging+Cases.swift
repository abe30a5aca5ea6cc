import MassRuntime

extension OperatorCase {
  /// Operators that put elements in other places.
  static let rearranging = transpose + concat + split + slice + expand + pad + blocks + triangles + sequences

  private static let transpose = [
    OperatorCase(
      Transpose(permutation: [1, 0]), .f32([2, 3], [1, 2, 3, 4, 5, 6]), gives: .f32([3, 2], [1, 4, 2, 5, 3, 6])),
    OperatorCase(
      Transpose(), .i8([1, 2, 2], [1, 2, 3, 4]), gives: .i8([2, 2, 1], [1, 3, 2, 4]),
      because: "no order reverses the axes"),
    OperatorCase(
      Transpose(permutation: [0, 2, 1]), .bool([1, 2, 2], [true, true, false, false]),
      gives: .bool([1, 2, 2], [true, false, true, false])),
    OperatorCase(Transpose(permutation: [1, 0]), .f32([0, 3], []), gives: .f32([3, 0], [])),
    OperatorCase(Transpose(permutation: []), .f32([], [7]), gives: .f32([], [7])),
    OperatorCase(
      Transpose(permutation: [1, 0]), .literal(.int4, [2, 3], [1, -2, 3, 4, 5, -6]),
      gives: .literal(.int4, [3, 2], [1, 4, -2, 5, 3, -6]), because: "packed elements move too"),
    OperatorCase(
      Transpose(permutation: [1, 0]), .strings([2, 2], ["a", "b", "c", "d"]),
      gives: .strings([2, 2], ["a", "c", "b", "d"])),
    .refusal(Transpose(permutation: [0, 0]), .f32([1, 1], [1]), expected: "a permutation of 2 axes"),
    .refusal(Transpose(permutation: [0]), .f32([1, 1], [1]), expected: "a permutation of 2 axes"),
  ]

  private static let concat = [
    OperatorCase(Concat(axis: 0), .i64([1], [1]), .i64([2], [2, 3]), gives: .i64([3], [1, 2, 3])),
    OperatorCase(
      Concat(axis: -1), .f32([2, 1], [1, 2]), .f32([2, 2], [3, 4, 5, 6]), gives: .f32([2, 3], [1, 3, 4, 2, 5, 6])),
    OperatorCase(
      Concat(axis: 1), .u8([2, 0], []), .u8([2, 1], [8, 9]), gives: .u8([2, 1], [8, 9]),
      because: "an operand may be empty"),
    OperatorCase(
      Concat(axis: 0), .literal(.uint4, [1], [15]), .literal(.uint4, [2], [1, 2]),
      gives: .literal(.uint4, [3], [15, 1, 2])),
    OperatorCase(Concat(axis: 0), .strings([1], ["x"]), .strings([1], ["y"]), gives: .strings([2], ["x", "y"])),
    .refusal(
      Concat(axis: 1), .f32([2, 1], [1, 2]), .f32([1, 1], [1]), expected: "extents that agree outside axis 1"),
    .refusal(Concat(axis: 0), .f32([1], [1]), .i64([1], [1]), expected: "element type"),
    .refusal(Concat(axis: 2), .f32([1, 1], [1]), .f32([1, 1], [1]), expected: "axis in -2..<2"),
    .refusal(Concat(axis: 0), .f32([], [1]), .f32([], [1]), expected: "axis in"),
  ]

  private static let split = [
    OperatorCase(
      Split(axis: 0, parts: 2), .f32([5], [1, 2, 3, 4, 5]), gives: .f32([3], [1, 2, 3]), .f32([2], [4, 5]),
      because: "the last part takes what is left"),
    OperatorCase(
      Split(axis: -1, parts: 2), .f32([2, 3], [1, 2, 3, 4, 5, 6]), .i64([2], [1, 2]),
      gives: .f32([2, 1], [1, 4]), .f32([2, 2], [2, 3, 5, 6])),
    OperatorCase(Split(axis: 0, parts: 2), .f32([0], []), gives: .f32([0], []), .f32([0], [])),
    OperatorCase(
      Split(axis: 0, parts: 3), .i32([2], [1, 2]), .i64([3], [0, 2, 0]), gives: .i32([0], []), .i32([2], [1, 2]),
      .i32([0], [])),
    .refusal(Split(axis: 0, parts: 2), .f32([3], [1, 2, 3]), .i64([2], [1, 1]), expected: "sizes that add up to 3"),
    .refusal(Split(axis: 0, parts: 2), .f32([3], [1, 2, 3]), .i64([2], [4, -1]), expected: "sizes of 0 and above"),
    .refusal(Split(axis: 0, parts: .max), .f32([3], [1, 2, 3]), expected: "parts"),
  ]

  private static let slice = [
    OperatorCase(
      Slice(), .f32([2, 4], [1, 2, 3, 4, 5, 6, 7, 8]), .i64([2], [1, 0]), .i64([2], [2, 3]), .i64([2], [0, 1]),
      .i64([2], [1, 2]), gives: .f32([1, 2], [5, 7])),
    OperatorCase(
      Slice(), .f32([4], [1, 2, 3, 4]), .i64([1], [-1]), .i64([1], [.min]), .i64([1], [0]), .i64([1], [-1]),
      gives: .f32([4], [4, 3, 2, 1]), because: "a negative step from the end reverses"),
    OperatorCase(
      Slice(), .f32([4], [1, 2, 3, 4]), .i32([1], [10]), .i32([1], [-10]), .i32([1], [-1]), .i32([1], [-2]),
      gives: .f32([2], [4, 2]), because: "bounds are clamped"),
    OperatorCase(
      Slice(), .f32([3], [1, 2, 3]), .i64([1], [2]), .i64([1], [1]), gives: .f32([0], []), because: "nothing is left"),
    OperatorCase(
      Slice(), .f32([3], [1, 2, 3]), .i64([1], [0]), .i64([1], [.max]), nil, .i64([1], [.max]), gives: .f32([1], [1])),
    OperatorCase(
      Slice(), .f32([0], []), .i64([1], [0]), .i64([1], [.max]), nil, .i64([1], [.min]), gives: .f32([0], [])),
    .refusal(
      Slice(), .f32([1], [1]), .i64([1], [0]), .i64([1], [1]), nil, .i64([1], [0]), expected: "steps other than 0"),
    .refusal(Slice(), .f32([1], [1]), .i64([1], [0]), .i64([1], [1]), .i64([1], [1]), expected: "axis in -1..<1"),
    .refusal(
      Slice(), .f32([1, 1], [1]), .i64([2], [0, 0]), .i64([2], [1, 1]), .i64([2], [0, -2]), expected: "distinct axes"),
    .refusal(Slice(), .f32([1], [1]), .i64([2], [0, 0]), .i64([1], [1]), expected: "as many ends as starts"),
  ]

  private static let expand = [
    OperatorCase(
      Expand(), .f32([2, 1], [1, 2]), .i64([3], [2, 1, 2]), gives: .f32([2, 2, 2], [1, 1, 2, 2, 1, 1, 2, 2])),
    OperatorCase(
      Expand(), .f32([2], [1, 2]), .i64([1], [1]), gives: .f32([2], [1, 2]),
      because: "one in the shape keeps the extent"),
    OperatorCase(Expand(), .f32([1], [1]), .i64([1], [0]), gives: .f32([0], [])),
    .refusal(Expand(), .f32([2], [1, 2]), .i64([1], [3]), expected: "shapes that broadcast"),
    .refusal(Expand(), .f32([1], [1]), .i64([2], [1 << 40, 1 << 40]), expected: "a representable tensor"),
    .refusal(Expand(), .f32([1], [1]), .i64([1], [1 << 60]), expected: "a representable tensor"),
    OperatorCase(Tile(), .f32([1, 2], [1, 2]), .i64([2], [2, 2]), gives: .f32([2, 4], [1, 2, 1, 2, 1, 2, 1, 2])),
    OperatorCase(Tile(), .f32([2], [1, 2]), .i64([1], [0]), gives: .f32([0], [])),
    OperatorCase(Tile(), .f32([], [1]), .i64([0], []), gives: .f32([], [1])),
    .refusal(Tile(), .f32([2], [1, 2]), .i64([1], [-1]), expected: "counts of 0 and above"),
    .refusal(Tile(), .f32([2], [1, 2]), .i64([1], [.max]), expected: "determine the result's shape"),
  ]

  private static let pad = [
    OperatorCase(Pad(), .f32([2], [1, 2]), .i64([2], [1, 2]), gives: .f32([5], [0, 1, 2, 0, 0])),
    OperatorCase(
      Pad(), .f32([1, 2], [1, 2]), .i64([2], [1, 0]), .f32([], [9]), .i64([1], [-1]), gives: .f32([1, 3], [9, 1, 2])),
    OperatorCase(
      Pad(), .i64([3], [1, 2, 3]), .i64([2], [-1, 1]), gives: .i64([3], [2, 3, 0]), because: "negative counts cut"),
    OperatorCase(
      Pad(mode: .reflect), .f32([3], [1, 2, 3]), .i64([2], [2, 3]), gives: .f32([8], [3, 2, 1, 2, 3, 2, 1, 2])),
    OperatorCase(Pad(mode: .edge), .f32([2], [1, 2]), .i64([2], [2, 1]), gives: .f32([5], [1, 1, 1, 2, 2])),
    OperatorCase(
      Pad(mode: .wrap), .f32([3], [1, 2, 3]), .i64([2], [4, 1]), gives: .f32([8], [3, 1, 2, 3, 1, 2, 3, 1])),
    OperatorCase(Pad(), .f32([0], []), .i64([2], [1, 1]), gives: .f32([2], [0, 0])),
    .refusal(Pad(mode: .reflect), .f32([0], []), .i64([2], [1, 1]), expected: "an extent to pad"),
    .refusal(Pad(), .f32([1], [1]), .i64([2], [-2, 0]), expected: "counts that leave axis 0 an extent"),
    .refusal(Pad(), .f32([1], [1]), .i64([2], [.max, .max]), expected: "determine the result's shape"),
    .refusal(Pad(), .f32([1], [1]), .i64([3], [0, 0, 0]), expected: "2 counts"),
    OperatorCase(
      CenterCropPad(axes: [-1]), .f32([1, 5], [1, 2, 3, 4, 5]), .i64([1], [2]), gives: .f32([1, 2], [2, 3]),
      because: "the window starts rounded down"),
    OperatorCase(CenterCropPad(), .f32([2], [1, 2]), .i64([1], [5]), gives: .f32([5], [0, 1, 2, 0, 0])),
    .refusal(CenterCropPad(axes: [0, 0]), .f32([2], [1, 2]), .i64([2], [1, 1]), expected: "distinct axes"),
    .refusal(CenterCropPad(), .f32([2], [1, 2]), .i64([1], [-1]), expected: "extents of 0 and above"),
  ]

  private static let blocks = [
    OperatorCase(
      DepthToSpace(blockSize: 2), .f32([1, 8, 1, 1], [0, 1, 2, 3, 4, 5, 6, 7]),
      gives: .f32([1, 2, 2, 2], [0, 2, 4, 6, 1, 3, 5, 7])),
    OperatorCase(
      DepthToSpace(blockSize: 2, order: .columnRowDepth), .f32([1, 8, 1, 1], [0, 1, 2, 3, 4, 5, 6, 7]),
      gives: .f32([1, 2, 2, 2], [0, 1, 2, 3, 4, 5, 6, 7])),
    .refusal(DepthToSpace(blockSize: 2), .f32([1, 2, 1, 1], [0, 1]), expected: "a multiple of 4 channels"),
    .refusal(DepthToSpace(blockSize: 0), .f32([1, 2, 1, 1], [0, 1]), expected: "a block size"),
    .refusal(DepthToSpace(blockSize: .max), .f32([1, 2, 1, 1], [0, 1]), expected: "a block size"),
    OperatorCase(
      SpaceToDepth(blockSize: 2), .f32([1, 2, 2, 2], [0, 2, 4, 6, 1, 3, 5, 7]),
      gives: .f32([1, 8, 1, 1], [0, 1, 2, 3, 4, 5, 6, 7])),
    OperatorCase(
      SpaceToDepth(blockSize: 2, order: .columnRowDepth), .f32([1, 2, 2, 2], [0, 1, 2, 3, 4, 5, 6, 7]),
      gives: .f32([1, 8, 1, 1], [0, 1, 2, 3, 4, 5, 6, 7])),
    .refusal(SpaceToDepth(blockSize: 2), .f32([1, 1, 1, 2], [0, 1]), expected: "multiples of 2 pixels"),
  ]

  private static let triangles = [
    OperatorCase(Trilu(), .f32([2, 2], [1, 2, 3, 4]), gives: .f32([2, 2], [1, 2, 0, 4])),
    OperatorCase(
      Trilu(isUpper: false), .i64([1, 2, 3], [1, 2, 3, 4, 5, 6]), .i64([], [1]),
      gives: .i64([1, 2, 3], [1, 2, 0, 4, 5, 6])),
    OperatorCase(
      Trilu(), .f32([1, 1], [1]), .i64([], [.max]), gives: .f32([1, 1], [0]), because: "the diagonal may lie outside"),
    OperatorCase(Trilu(), .f32([1, 1], [1]), .i64([], [.min]), gives: .f32([1, 1], [1])),
    .refusal(Trilu(), .f32([2], [1, 2]), expected: "matrices"),
    OperatorCase(
      EyeLike(element: .float64, k: 1), .i32([2, 3], [9, 9, 9, 9, 9, 9]), gives: .f64([2, 3], [0, 1, 0, 0, 0, 1])),
    OperatorCase(EyeLike(k: .max), .f32([1, 1], [5]), gives: .f32([1, 1], [0])),
    .refusal(EyeLike(), .f32([1], [5]), expected: "a matrix"),
  ]

  private static let sequences = [
    OperatorCase(
      ReverseSequence(), .f32([3, 2], [1, 2, 3, 4, 5, 6]), .i64([2], [3, 2]), gives: .f32([3, 2], [5, 4, 3, 2, 1, 6])),
    OperatorCase(
      ReverseSequence(timeAxis: 1, batchAxis: 0), .f32([2, 2], [1, 2, 3, 4]), .i64([2], [0, 2]),
      gives: .f32([2, 2], [1, 2, 4, 3])),
    .refusal(ReverseSequence(), .f32([1, 1], [1]), .i64([1], [2]), expected: "lengths of 0 to 1"),
    .refusal(
      ReverseSequence(timeAxis: 2, batchAxis: 0), .f32([1, 1, 1], [1]), .i64([1], [1]), expected: "axes 0 and 1"),
  ]
}
