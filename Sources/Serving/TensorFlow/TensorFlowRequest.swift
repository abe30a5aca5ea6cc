import MassJSON
import MassRuntime
import NIOCore

/// Which way tensors are laid out, in a request as in its answer.
enum TensorFlowForm {
  /// One element for each item of the batch.
  case row
  /// One value for each tensor.
  case columnar

  var requestKey: String { self == .row ? "instances" : "inputs" }
  var answerKey: String { self == .row ? "predictions" : "outputs" }
}

/// The body of a predict request.
struct TensorFlowRequest {
  /// The name of the one signature that models have; no name and an empty one mean it too.
  static let signatureName = "serving_default"

  private let root: JSONValue

  /// Parses a body. How large it may be was decided where it was received.
  init(_ body: [ByteBuffer]) throws(ServingError) {
    let bytes = BodyBytes(body)
    do throws(JSONError) {
      let options = JSONOptions(byteLimit: bytes.count, acceptsNonFinite: true)
      root = try unsafe JSONDocument(byteCount: bytes.count, options: options) { unsafe bytes.copy(to: $0) }.root
    } catch { throw TensorFlowError.parse(error) }
    guard root.kind == .object else { throw TensorFlowError.format(root, "Is not object") }
    guard root.member("signature_name").map({ $0.kind == .string }) ?? true else {
      throw TensorFlowError.format(root, "not formatted correctly. 'signature_name' key must be a string value.")
    }
  }

  /// The form of the request and the tensors of a model's inputs.
  func tensors(
    _ inputs: [TensorDescription]
  ) throws(ServingError) -> (form: TensorFlowForm, tensors: [NamedTensor]) {
    if let name = root.member("signature_name")?.string, !name.isEmpty, name != Self.signatureName {
      throw .invalid("Serving signature name: \"\(name)\" not found in signature def")
    }
    var found: [(form: TensorFlowForm, value: JSONValue)] = []
    root.forEachMember { key, value in
      for form in [TensorFlowForm.row, .columnar] where form.requestKey == key { found.append((form, value)) }
    }
    guard let (form, value) = found.first else { throw .invalid("Missing 'inputs' or 'instances' key") }
    guard found.count == 1 else {
      throw TensorFlowError.format(
        root, "Not formatted correctly expecting only one of 'inputs' or 'instances' keys to exist")
    }
    switch form {
    case .row: return (form, try TensorFlowRows(value, inputs, in: root).tensors())
    case .columnar: return (form, try Self.columns(value, inputs))
    }
  }

  /// Reads `inputs`: the value of the only input, or an object with one for each. Members for no input are passed over.
  private static func columns(
    _ value: JSONValue, _ inputs: [TensorDescription]
  ) throws(ServingError) -> [NamedTensor] {
    guard value.kind == .object, !value.isBase64 else {
      guard let input = inputs.first else { throw noInputs }
      guard inputs.count == 1 else {
        throw .invalid(
          "inputs is a plain value/list, but expecting an object as multiple input tensors required as per tensorinfo_map"
        )
      }
      return [NamedTensor(name: input.name, tensor: try TensorFlowInput(input).tensor(value))]
    }
    var tensors: [NamedTensor] = []
    for input in inputs {
      guard let column = value.member(input.name) else {
        throw .invalid("Missing named input: \(input.name) in 'inputs' object.")
      }
      tensors.append(NamedTensor(name: input.name, tensor: try TensorFlowInput(input).tensor(column)))
    }
    return tensors
  }

  /// A model without inputs is asked with an empty object of inputs.
  static let noInputs = ServingError.invalid("Failed to get input map for signature: \(signatureName)")
}
