import MassJSON
import MassRuntime

/// Reads `instances`: a list with one element for each item of the batch.
struct TensorFlowRows {
  private let rows: JSONValue
  private let inputs: [TensorDescription]

  /// - Throws: `invalidArgument` if the value is no list or an empty one.
  init(_ value: JSONValue, _ inputs: [TensorDescription], in root: JSONValue) throws(ServingError) {
    guard value.kind == .array else { throw TensorFlowError.format(root, "Expecting 'instances' to be a list/array") }
    guard value.count > 0 else { throw TensorFlowError.format(root, "No values in 'instances' array") }
    rows = value
    self.inputs = inputs
  }

  func tensors() throws(ServingError) -> [NamedTensor] {
    guard let input = inputs.first else { throw TensorFlowRequest.noInputs }
    // The kind of the first leaf tells most lists of plain items, without a value for each item.
    if rows.leafKind == .object, let first = rows.elements.first, Self.isNamed(first) { return try named() }
    guard inputs.count == 1 else {
      throw .invalid(
        "instances is a plain list, but expecting list of objects as multiple input tensors required as per tensorinfo_map"
      )
    }
    return [NamedTensor(name: input.name, tensor: try plain(TensorFlowInput(input)))]
  }

  /// Whether an element names its inputs.
  private static func isNamed(_ element: JSONValue) -> Bool { element.kind == .object && !element.isBase64 }

  /// The only input's items. Together they are lists nested as the tensor is; one by one they are read to say which of
  /// them is wrong.
  private func plain(_ input: TensorFlowInput) throws(ServingError) -> Tensor {
    do throws(ServingError) { return try input.tensor(rows) } catch {
      let elements = rows.elements
      if let i = elements.firstIndex(where: Self.isNamed) {
        throw .invalid("Expecting value/list but got object at item \(i) of input list")
      }
      do throws(TensorFlowInput.Failure) { return try input.tensor(stacking: elements) } catch {
        throw Self.failure(error, key: nil)
      }
    }
  }

  /// Items that are objects with a member for each input.
  private func named() throws(ServingError) -> [NamedTensor] {
    var columns = [[JSONValue]](repeating: [], count: inputs.count)
    for (i, element) in rows.elements.enumerated() {
      guard Self.isNamed(element) else {
        throw .invalid("Expecting object but got list at item \(i) of input list")
      }
      // As many members as inputs and one for each input: no key is unknown and none stands twice.
      let values = inputs.map { element.member($0.name) }
      guard element.count == inputs.count, !values.contains(where: { $0 == nil }) else {
        throw .invalid(
          "Failed to process element: \(i) of 'instances' list. JSON object: \(TensorFlowError.text(of: element)) "
            + "keys must be equal to: \(inputs.map(\.name).sorted().joined(separator: ","))")
      }
      for (column, value) in values.enumerated() { if let value { columns[column].append(value) } }
    }
    var tensors: [NamedTensor] = []
    for (input, column) in zip(inputs, columns) {
      do throws(TensorFlowInput.Failure) {
        tensors.append(NamedTensor(name: input.name, tensor: try TensorFlowInput(input).tensor(stacking: column)))
      } catch { throw Self.failure(error, key: input.name) }
    }
    return tensors
  }

  private static func failure(_ failure: TensorFlowInput.Failure, key: String?) -> ServingError {
    guard failure.error.code == .invalidArgument else { return failure.error }
    let place = "element: \(failure.part)" + (key.map { " key: \($0)" } ?? "")
    return .invalid(
      "Failed to process \(place) of 'instances' list. Error: INVALID_ARGUMENT: \(failure.error.message)")
  }
}
