extension ImportRules {
  /// Every ONNX operator this project imports, by family.
  public static let standard = ImportRules(
    ImportRule.elementwise
      + ImportRule.movement
      + ImportRule.shape
      + ImportRule.neuralNetwork
      + ImportRule.normalization
      + ImportRule.recurrent
      + ImportRule.reduction
      + ImportRule.resizing
      + ImportRule.attention
      + ImportRule.vision
      + ImportRule.signal
  )
}
