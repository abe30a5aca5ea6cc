import MassRuntime

extension OperatorCase {
  /// Operators that pick elements, or find which to pick.
  static let indexing = gather + gatherND + scatter + oneHot + nonZero + topK + extrema + unique + cumulative

  private static let gather = [
    OperatorCase(
      Gather(), .f32([3, 2], [1, 2, 3, 4, 5, 6]), .i64([2], [2, -3]), gives: .f32([2, 2], [5, 6, 1, 2])),
    OperatorCase(Gather(axis: -1), .f32([2, 2], [1, 2, 3, 4]), .i32([], [1]), gives: .f32([2], [2, 4])),
    OperatorCase(
      Gather(axis: 1), .u8([1, 3], [1, 2, 3]), .i64([1, 2], [0, 2]), gives: .u8([1, 1, 2], [1, 3])),
    OperatorCase(Gather(), .f32([2], [1, 2]), .i64([0], []), gives: .f32([0], [])),
    .refusal(Gather(), .f32([2], [1, 2]), .i64([1], [2]), expected: "an index in -2..<2"),
    .refusal(Gather(axis: 1), .f32([2], [1, 2]), .i64([1], [0]), expected: "axis in -1..<1"),
    .refusal(Gather(), .f32([2], [1, 2]), .f32([1], [0]), expected: "integers"),
    OperatorCase(
      GatherElements(axis: 1), .f32([2, 2], [1, 2, 3, 4]), .i64([2, 2], [0, 0, -1, 0]),
      gives: .f32([2, 2], [1, 1, 4, 3])),
    OperatorCase(
      GatherElements(), .f32([3, 2], [1, 2, 3, 4, 5, 6]), .i64([1, 2], [2, 0]), gives: .f32([1, 2], [5, 2])),
    .refusal(GatherElements(), .f32([1, 1], [1]), .i64([1, 2], [0, 0]), expected: "indices no larger"),
    .refusal(GatherElements(), .f32([1], [1]), .i64([1], [-2]), expected: "an index in -1..<1"),
  ]

  private static let gatherND = [
    OperatorCase(GatherND(), .f32([2, 2], [0, 1, 2, 3]), .i64([2, 2], [0, 0, 1, -1]), gives: .f32([2], [0, 3])),
    OperatorCase(GatherND(), .f32([2, 2], [0, 1, 2, 3]), .i64([2, 1], [1, 0]), gives: .f32([2, 2], [2, 3, 0, 1])),
    OperatorCase(
      GatherND(batchDims: 1), .f32([2, 2, 2], [0, 1, 2, 3, 4, 5, 6, 7]), .i64([2, 1], [1, 0]),
      gives: .f32([2, 2], [2, 3, 4, 5])),
    .refusal(GatherND(), .f32([2], [0, 1]), .i64([1, 2], [0, 0]), expected: "coordinates of 1 to 1 axes"),
    .refusal(GatherND(batchDims: -1), .f32([2], [0, 1]), .i64([1, 1], [0]), expected: "batch dimensions"),
  ]

  private static let scatter = [
    OperatorCase(
      ScatterElements(axis: 1), .f32([1, 5], [1, 2, 3, 4, 5]), .i64([1, 2], [1, -2]), .f32([1, 2], [9, 8]),
      gives: .f32([1, 5], [1, 9, 3, 8, 5])),
    OperatorCase(
      ScatterElements(axis: 0, reduction: .add), .f32([2], [1, 2]), .i64([3], [0, 0, 1]), .f32([3], [10, 20, 30]),
      gives: .f32([2], [31, 32]), because: "repeated indices add up"),
    OperatorCase(
      ScatterElements(axis: 0, reduction: .max), .u64([1], [1]), .i64([1], [0]), .u64([1], [-1]),
      gives: .u64([1], [-1]), because: "the largest number is not negative"),
    .refusal(
      ScatterElements(), .f32([1], [1]), .i64([1], [1]), .f32([1], [1]), expected: "an index in -1..<1"),
    .refusal(ScatterElements(), .f32([1], [1]), .i64([1], [0]), .f32([2], [1, 2]), expected: "updates of shape"),
    OperatorCase(
      ScatterND(), .f32([4], [1, 2, 3, 4]), .i64([2, 1], [3, 1]), .f32([2], [8, 9]), gives: .f32([4], [1, 9, 3, 8])),
    OperatorCase(
      ScatterND(), .i64([2, 2], [1, 2, 3, 4]), .i64([1, 1], [-1]), .i64([1, 2], [8, 9]),
      gives: .i64([2, 2], [1, 2, 8, 9])),
    OperatorCase(
      ScatterND(reduction: .mul), .i32([2], [3, 4]), .i64([2, 1], [0, 0]), .i32([2], [2, 5]),
      gives: .i32([2], [30, 4])),
    OperatorCase(ScatterND(), .f32([2], [1, 2]), .i64([0, 1], []), .f32([0], []), gives: .f32([2], [1, 2])),
    .refusal(ScatterND(), .f32([1], [1]), .i64([1, 1], [5]), .f32([1], [1]), expected: "an index in -1..<1"),
    .refusal(ScatterND(), .f32([1], [1]), .i64([1, 2], [0, 0]), .f32([1], [1]), expected: "at most 1 axes"),
  ]

  private static let oneHot = [
    OperatorCase(
      OneHot(), .i64([3], [0, -1, 5]), .i64([], [2]), .f32([2], [0, 1]), gives: .f32([3, 2], [1, 0, 0, 1, 0, 0]),
      because: "what is out of range is off"),
    OperatorCase(
      OneHot(axis: 0), .i64([2], [1, 0]), .i64([1], [2]), .i64([2], [7, 9]), gives: .i64([2, 2], [7, 9, 9, 7])),
    .refusal(OneHot(), .i64([1], [0]), .i64([], [-1]), .f32([2], [0, 1]), expected: "a depth of 0 and above"),
    .refusal(OneHot(), .i64([1], [0]), .i64([], [.max]), .f32([2], [0, 1]), expected: "a representable tensor"),
    .refusal(OneHot(axis: 3), .i64([1], [0]), .i64([], [1]), .f32([2], [0, 1]), expected: "axis in"),
  ]

  private static let nonZero = [
    OperatorCase(NonZero(), .f32([2, 2], [1, 0, 0.5, -1]), gives: .i64([2, 3], [0, 1, 1, 0, 0, 1])),
    OperatorCase(NonZero(), .bool([2], [false, false]), gives: .i64([1, 0], [])),
    OperatorCase(
      Compress(axis: 0), .f32([3, 2], [1, 2, 3, 4, 5, 6]), .bool([3], [false, true, true]),
      gives: .f32([2, 2], [3, 4, 5, 6])),
    OperatorCase(
      Compress(), .f32([2, 2], [1, 2, 3, 4]), .bool([3], [true, false, true]), gives: .f32([2], [1, 3]),
      because: "beyond the condition nothing is kept"),
    .refusal(Compress(axis: 2), .f32([1, 1], [1]), .bool([1], [true]), expected: "axis in -2..<2"),
  ]

  private static let topK = [
    OperatorCase(
      TopK(), .f32([2, 3], [1, 3, 2, 5, 5, 4]), .i64([1], [2]), gives: .f32([2, 2], [3, 2, 5, 5]),
      .i64([2, 2], [1, 2, 0, 1]), because: "of equal elements the earlier comes first"),
    OperatorCase(
      TopK(axis: 0, isLargest: false), .i64([3, 1], [3, 1, 2]), .i64([1], [2]), gives: .i64([2, 1], [1, 2]),
      .i64([2, 1], [1, 2])),
    OperatorCase(TopK(), .f32([2], [1, 2]), .i64([1], [0]), gives: .f32([0], []), .i64([0], [])),
    .refusal(TopK(), .f32([2], [1, 2]), .i64([1], [3]), expected: "a count of 0 to 2"),
    .refusal(TopK(), .f32([2], [1, 2]), .i64([1], [-1]), expected: "a count of 0 to 2"),
  ]

  private static let extrema = [
    OperatorCase(ArgExtremum(isMaximum: true, axis: 1), .f32([2, 2], [2, 1, 3, 10]), gives: .i64([2, 1], [0, 1])),
    OperatorCase(
      ArgExtremum(isMaximum: false, axis: -1, keepDims: false, selectLast: true), .i32([2, 2], [2, 2, 1, 3]),
      gives: .i64([2], [1, 0])),
    OperatorCase(
      ArgExtremum(isMaximum: true), .f32([3], [1, .nan, 2]), gives: .i64([1], [1]), because: "NaN is extreme"),
    OperatorCase(ArgExtremum(isMaximum: true), .u64([2], [-1, 1]), gives: .i64([1], [0])),
    OperatorCase(ArgExtremum(isMaximum: true), .f32([2, 0], []), gives: .i64([1, 0], [])),
    .refusal(ArgExtremum(isMaximum: true), .f32([0], []), expected: "elements along axis 0"),
    .refusal(ArgExtremum(isMaximum: true, axis: 1), .f32([1], [1]), expected: "axis in -1..<1"),
  ]

  private static let unique = [
    OperatorCase(
      Unique(isSorted: false), .f32([6], [2, 1, 1, 3, 4, 3]), gives: .f32([4], [2, 1, 3, 4]), .i64([4], [0, 1, 3, 4]),
      .i64([6], [0, 1, 1, 2, 3, 2]), .i64([4], [1, 2, 2, 1])),
    OperatorCase(
      Unique(axis: 0), .f32([3, 2], [1, 0, 1, 0, 0, 9]), gives: .f32([2, 2], [0, 9, 1, 0]), .i64([2], [2, 0]),
      .i64([3], [1, 1, 0]), .i64([2], [1, 2])),
    OperatorCase(Unique(), .i64([0], []), gives: .i64([0], []), .i64([0], []), .i64([0], []), .i64([0], [])),
    OperatorCase(
      Unique(), .strings([3], ["b", "a", "b"]), gives: .strings([2], ["a", "b"]), .i64([2], [1, 0]),
      .i64([3], [1, 0, 1]),
      .i64([2], [1, 2])),
    .refusal(Unique(axis: 1), .f32([1], [1]), expected: "axis in -1..<1"),
  ]

  private static let cumulative = [
    OperatorCase(CumSum(), .f32([2, 2], [1, 2, 3, 4]), .i32([], [-1]), gives: .f32([2, 2], [1, 3, 3, 7])),
    OperatorCase(
      CumSum(exclusive: true, reverse: true), .i64([3], [1, 2, 3]), .i64([], [0]), gives: .i64([3], [5, 3, 0])),
    OperatorCase(CumProd(exclusive: true), .f32([3], [2, 3, 4]), .i64([], [0]), gives: .f32([3], [1, 2, 6])),
    OperatorCase(CumProd(reverse: true), .i32([3], [2, 3, 4]), .i64([], [0]), gives: .i32([3], [24, 12, 4])),
    OperatorCase(CumSum(), .f32([0], []), .i64([], [0]), gives: .f32([0], [])),
    .refusal(CumSum(), .f32([1], [1]), .i64([], [1]), expected: "axis in -1..<1"),
  ]
}
