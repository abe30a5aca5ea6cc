import MassFormats
import MassRuntime

/// A model's inputs and outputs as requests are checked against them.
struct Signature: Sendable {
  let inputs: [TensorDescription]
  let outputs: [TensorDescription]

  /// - Throws: When the model takes or gives what the protocols cannot carry.
  init(_ model: Model) throws(ServingError) {
    inputs = try Self.describe(model.inputs, "input")
    outputs = try Self.describe(model.outputs, "output")
  }

  private static func describe(_ values: [ValueInfo], _ role: String) throws(ServingError) -> [TensorDescription] {
    var result: [TensorDescription] = []
    for value in values {
      guard let type = value.type.tensor, Datatype.name(of: type.element) != nil else {
        throw ServingError(
          .unsupported, "\(role) '\(value.name)' is \(value.type), which the inference protocols have no type for")
      }
      let shape = type.shape.map { $0.constant ?? -1 }
      result.append(TensorDescription(name: value.name, element: type.element, shape: shape))
    }
    return result
  }

  /// The inputs in the model's order, after checking names, types and ranks; symbols are checked when the model is bound.
  func ordered(_ given: [NamedTensor], model: String) throws(ServingError) -> [Value] {
    if given.count == inputs.count, zip(given, inputs).allSatisfy({ $0.name == $1.name }) {
      for (input, expected) in zip(given, inputs) { try check(input.tensor, expected, model) }
      return given.map { .tensor($0.tensor) }
    }
    var byName: [String: Tensor] = [:]
    for input in given {
      guard byName.updateValue(input.tensor, forKey: input.name) == nil else {
        throw .invalid("input '\(input.name)' is given twice for model '\(model)'")
      }
    }
    var values: [Value] = []
    for expected in inputs {
      guard let tensor = byName.removeValue(forKey: expected.name) else {
        throw .invalid(
          "expected \(inputs.count) inputs but got \(given.count) inputs for model '\(model)': input '\(expected.name)' is missing"
        )
      }
      try check(tensor, expected, model)
      values.append(.tensor(tensor))
    }
    if let stranger = byName.keys.min() {
      let known = inputs.map { "'\($0.name)'" }.joined(separator: ", ")
      throw .invalid("unexpected inference input '\(stranger)' for model '\(model)': its inputs are \(known)")
    }
    return values
  }

  private func check(_ tensor: Tensor, _ expected: TensorDescription, _ model: String) throws(ServingError) {
    guard tensor.element == expected.element else {
      throw .invalid(
        "inference input '\(expected.name)' data-type is '\(Datatype.name(of: tensor.element) ?? "\(tensor.element)")', but model '\(model)' expects '\(Datatype.name(of: expected.element) ?? "")'"
      )
    }
    let isFitting =
      tensor.shape.count == expected.shape.count
      && zip(tensor.shape, expected.shape).allSatisfy { $1 < 0 || $0 == $1 }
    guard isFitting else {
      throw .invalid(
        "unexpected shape for input '\(expected.name)' for model '\(model)': expected \(expected.shape), got \(tensor.shape)"
      )
    }
  }

  /// The places of the outputs asked for; all of them when none is named.
  func places(of requested: [RequestedOutput], model: String) throws(ServingError) -> [Int] {
    guard !requested.isEmpty else { return Array(outputs.indices) }
    var places: [Int] = []
    for output in requested {
      guard let place = outputs.firstIndex(where: { $0.name == output.name }) else {
        let known = outputs.map { "'\($0.name)'" }.joined(separator: ", ")
        throw .invalid("unexpected inference output '\(output.name)' for model '\(model)': its outputs are \(known)")
      }
      guard !places.contains(place) else { throw .invalid("output '\(output.name)' is asked for twice") }
      places.append(place)
    }
    return places
  }
}
