extension OperatorSet {
  /// Every operator of this module. A plugin's operators are added with `adding(_:)`.
  public static let standard = OperatorSet(elementwise + movement + neuralNetwork)

  static let elementwise: [any Operator.Type] = [Unary.self, Binary.self]
}
