extension OperatorCase {
  /// Every row. A family not listed here is not tested; `everyOperatorHasARow` notices.
  public static let all: [OperatorCase] =
    elementwise + attentions + convolutions + indexing + lstm + normalizations + pools + products + random
    + rearranging + recurrent + reductions + resizes + sampling + selection + shapes + signals + vision
}
