extension ImportRules {
  /// Every ONNX operator this project imports.
  public static let standard = ImportRules([])
}
