import MassRuntime

extension Tensor {
  /// Integers of any element type, packed ones included.
  static func literal(_ element: ElementType, _ shape: [Int], _ values: [Int]) -> Tensor {
    guard let tensor = try? Tensor.make(element, shape, integers: values) else {
      preconditionFailure("\(values.count) values for a literal of shape \(shape)")
    }
    return tensor
  }

  public static func strings(_ shape: [Int], _ values: [String]) -> Tensor {
    guard let tensor = try? Tensor(strings: values, shape: shape) else {
      preconditionFailure("\(values.count) values for a literal of shape \(shape)")
    }
    return tensor
  }
}
