import MassServing
import Testing

@Suite struct TensorFlowCodec {
  private func predict(_ model: String, _ body: String) async throws -> (Int, String) {
    try await EchoModels.ask("POST", "/v1/models/\(model):predict", body)
  }

  // MARK: Tensors

  @Test(arguments: [
    ("half", #"{"instances": [1, 2.5, 1e-7]}"#, #"{"predictions":[1.0,2.5,1e-07]}"#),
    ("half", #"{"inputs": [1, 2.5, 1e-7]}"#, #"{"outputs":[1.0,2.5,1e-07]}"#),
    ("half", #"{"inputs": {"x": [1], "more": "ignored"}}"#, #"{"outputs":[1.0]}"#),
    ("half", #"{"instances": [{"x": 1}, {"x": 2}]}"#, #"{"predictions":[1.0,2.0]}"#),
    ("half", #"{"signature_name": "serving_default", "instances": [1]}"#, #"{"predictions":[1.0]}"#),
    ("half", #"{"signature_name": "", "instances": [1]}"#, #"{"predictions":[1.0]}"#),
    ("half", #"{"inputs": [NaN, Infinity, -Infinity]}"#, #"{"outputs":[NaN,Infinity,-Infinity]}"#),
    ("half", #"{"inputs": []}"#, #"{"outputs":[]}"#), ("scalar", #"{"inputs": 7}"#, #"{"outputs":7.0}"#),
    ("scalar", #"{"inputs": {"x": 7}}"#, #"{"outputs":7.0}"#),
    ("double", #"{"inputs": [[1, 2], [3, 4]]}"#, #"{"outputs":[[1.0,2.0],[3.0,4.0]]}"#),
    ("double", #"{"instances": [[], []]}"#, #"{"predictions":[[],[]]}"#),
    ("wide", #"{"inputs": []}"#, #"{"outputs":[]}"#),
    (
      "long", #"{"instances": [9223372036854775807, -9223372036854775808, 2.0]}"#,
      #"{"predictions":[9223372036854775807,-9223372036854775808,2]}"#
    ),
    ("natural", #"{"instances": [18446744073709551615]}"#, #"{"predictions":[18446744073709551615]}"#),
    ("bytes", #"{"instances": [0, 255]}"#, #"{"predictions":[0,255]}"#),
    ("bool", #"{"instances": [true, false]}"#, #"{"predictions":[true,false]}"#),
    ("f16", #"{"instances": [0.1, 65504, -Infinity]}"#, #"{"predictions":[0.0999755859,65504.0,-Infinity]}"#),
    ("bf16", #"{"instances": [1.5, 3e38]}"#, #"{"predictions":[1.5,3.00405527e+38]}"#),
    ("text", #"{"instances": ["a", {"b64": "w6k="}, "\u0000\"\\"]}"#, #"{"predictions":["a","é","\u0000\"\\"]}"#),
    ("text", #"{"inputs": {"b64": "w6k="}}"#, #"{"outputs":"é"}"#),
    ("image", #"{"instances": ["a", {"b64": ""}]}"#, #"{"predictions":[{"b64":"YQ=="},{"b64":""}]}"#),
    (
      "pair", #"{"instances": [{"a": "s", "b": [1, 2]}, {"b": [3, 4], "a": {"b64": "dA=="}}]}"#,
      #"{"predictions":[{"p":[1.0,2.0],"q_bytes":{"b64":"cw=="}},{"p":[3.0,4.0],"q_bytes":{"b64":"dA=="}}]}"#
    ),
    ("pair", #"{"inputs": {"a": ["s"], "b": [[1, 2]]}}"#, #"{"outputs":{"p":[[1.0,2.0]],"q_bytes":[{"b64":"cw=="}]}}"#),
  ])
  func echo(_ model: String, _ body: String, _ expected: String) async throws {
    let (status, text) = try await predict(model, body)
    #expect(text == expected)
    #expect(status == 200)
  }

  @Test(arguments: [
    ("0", "0.0"), ("-0.0", "-0.0"), ("1", "1.0"), ("0.1", "0.1"), ("123456", "123456.0"), ("1234567", "1234567.0"),
    ("16777216", "16777216.0"), ("9000000", "9e+06"), ("0.00003", "3e-05"), ("3.14159274", "3.14159274"),
    ("3.4028235e38", "3.40282347e+38"), ("1e-45", "1.4013e-45"), ("1e20", "1e+20"), ("0.333333343", "0.333333343"),
  ])
  func floatText(_ given: String, _ expected: String) async throws {
    let (_, text) = try await predict("half", #"{"inputs": [\#(given)]}"#)
    #expect(text == #"{"outputs":[\#(expected)]}"#)
  }

  @Test(arguments: [
    ("0.1", "0.1"), ("0.30000000000000004", "0.30000000000000004"), ("1e300", "1e+300"), ("5e-324", "4.94066e-324"),
    ("1.7976931348623157e308", "1.7976931348623157e+308"), ("123456789", "123456789.0"),
  ])
  func doubleText(_ given: String, _ expected: String) async throws {
    let (_, text) = try await predict("double", #"{"inputs": [[\#(given)]]}"#)
    #expect(text == #"{"outputs":[[\#(expected)]]}"#)
  }
}

// MARK: What is refused

extension TensorFlowCodec {
  @Test(arguments: [
    ("half", "", "JSON Parse error: The document is empty"),
    ("half", " \n", "JSON Parse error: The document is empty"),
    ("half", #"{"instances": [1,}"#, "JSON Parse error: Expected a value at offset: 17"),
    ("half", "[1]", "JSON Value: [1] Is not object"),
    (
      "half", #"{"instances": [1], "inputs": [1]}"#,
      #"JSON Value: {"instances":[1],"inputs":[1]} Not formatted correctly expecting only one of 'inputs' or 'instances' keys to exist"#
    ),
    (
      "half", #"{"inputs": [1], "inputs": [2]}"#,
      #"JSON Value: {"inputs":[1],"inputs":[2]} Not formatted correctly expecting only one of 'inputs' or 'instances' keys to exist"#
    ),
    ("half", #"{}"#, "Missing 'inputs' or 'instances' key"),
    ("half", #"{"signature_name": "x", "inputs": [1]}"#, #"Serving signature name: "x" not found in signature def"#),
    (
      "half", #"{"signature_name": 1}"#,
      #"JSON Value: {"signature_name":1} not formatted correctly. 'signature_name' key must be a string value."#
    ),
    ("half", #"{"instances": 1}"#, #"JSON Value: {"instances":1} Expecting 'instances' to be a list/array"#),
    ("half", #"{"instances": []}"#, #"JSON Value: {"instances":[]} No values in 'instances' array"#),
    ("half", #"{"inputs": ["x"]}"#, #"JSON Value: "x" Type: String is not of expected type: float"#),
    ("half", #"{"inputs": [null]}"#, "JSON Value: null Type: Null is not of expected type: float"),
    ("half", #"{"inputs": [true]}"#, "JSON Value: true Type: True is not of expected type: float"),
    ("half", #"{"inputs": [{"a": 1}]}"#, #"JSON Value: {"a":1} Type: Object is not of expected type: float"#),
    (
      "half", #"{"inputs": [{"b64": "YQ=="}]}"#,
      #"JSON Value: {"b64":"YQ=="} Type: Object is not of expected type: float"#
    ),
    ("half", #"{"inputs": [1e39]}"#, "Cannot convert JSON value: 1e+39 to float without loss of precision."),
    ("half", #"{"inputs": [1e400]}"#, "JSON Parse error: A number beyond the range of doubles at offset: 12"),
    ("f16", #"{"inputs": [1, 65520]}"#, "Cannot convert JSON value: 65520.0 to half without loss of precision."),
    ("bytes", #"{"inputs": [256]}"#, "JSON Value: 256 Type: Number is not of expected type: uint8"),
    ("bytes", #"{"inputs": [1.5]}"#, "JSON Value: 1.5 Type: Number is not of expected type: uint8"),
    (
      "long", #"{"inputs": [9223372036854775808]}"#,
      "JSON Value: 9223372036854775808 Type: Number is not of expected type: int64"
    ),
    ("bool", #"{"inputs": [1]}"#, "JSON Value: 1 Type: Number is not of expected type: bool"),
    ("text", #"{"inputs": [1]}"#, "JSON Value: 1 Type: Number is not of expected type: string"),
    ("text", #"{"inputs": [{"b64": "?"}]}"#, "Unable to base64 decode: invalid base64 at character 1"),
    (
      "text", #"{"inputs": [{"b64": "/w=="}]}"#,
      "element 0 of input 'x' is not UTF-8; strings of ONNX models are Unicode text"
    ),
    ("text", #"{"inputs": [{"a": "b"}]}"#, #"JSON Value: {"a":"b"} not formatted correctly for base64 data"#),
    (
      "double", #"{"inputs": [[1, 2], [3]]}"#,
      "Encountered lists of different sizes: [1]: expected a list of 2, got a list of 1"
    ),
    (
      "double", #"{"inputs": [[1], 2]}"#,
      "Encountered lists of different sizes: [1]: expected a list of 1, got no list"
    ),
    (
      "pair", #"{"inputs": [1]}"#,
      "inputs is a plain value/list, but expecting an object as multiple input tensors required as per tensorinfo_map"
    ),
    ("pair", #"{"inputs": {"a": ["s"]}}"#, "Missing named input: b in 'inputs' object."),
    ("none", #"{"instances": [1]}"#, "Failed to get input map for signature: serving_default"),
    ("none", #"{"inputs": {}}"#, "Cannot convert empty tensor map to JSON"),
  ])
  func refused(_ model: String, _ body: String, _ message: String) async throws {
    let (status, text) = try await predict(model, body)
    #expect(text == #"{"error":\#(quoted(message))}"#)
    #expect(status == 400)
  }

  @Test(arguments: [
    (
      "half", #"[1, "x"]"#,
      #"Failed to process element: 1 of 'instances' list. Error: INVALID_ARGUMENT: JSON Value: "x" Type: String is not of expected type: float"#
    ),
    (
      "half", #"[1, [2]]"#,
      "Failed to process element: 1 of 'instances' list. Error: INVALID_ARGUMENT: Expecting shape [] but got: [1]"
    ),
    (
      "double", #"[[1], [2], [3, 4]]"#,
      "Failed to process element: 2 of 'instances' list. Error: INVALID_ARGUMENT: Expecting shape [1] but got: [2]"
    ),
    ("half", #"[1, {"x": 1}]"#, "Expecting value/list but got object at item 1 of input list"),
    ("half", #"[{"x": 1}, 1]"#, "Expecting object but got list at item 1 of input list"),
    (
      "half", #"[{"x": 1}, {"z": 1}]"#,
      #"Failed to process element: 1 of 'instances' list. JSON object: {"z":1} keys must be equal to: x"#
    ),
    (
      "half", #"[{"x": 1, "x": 2}]"#,
      #"Failed to process element: 0 of 'instances' list. JSON object: {"x":1,"x":2} keys must be equal to: x"#
    ),
    (
      "pair", #"[{"a": "s"}]"#,
      #"Failed to process element: 0 of 'instances' list. JSON object: {"a":"s"} keys must be equal to: a,b"#
    ),
    (
      "pair", #"[1]"#,
      "instances is a plain list, but expecting list of objects as multiple input tensors required as per tensorinfo_map"
    ),
    (
      "pair", #"[{"a": "s", "b": [1, 2]}, {"a": 5, "b": [1, 2]}]"#,
      "Failed to process element: 1 key: a of 'instances' list. Error: INVALID_ARGUMENT: JSON Value: 5 Type: Number is not of expected type: string"
    ),
  ])
  func refusedRows(_ model: String, _ rows: String, _ message: String) async throws {
    let (status, text) = try await predict(model, #"{"instances": \#(rows)}"#)
    #expect(text == #"{"error":\#(quoted(message))}"#)
    #expect(status == 400)
  }

  @Test func longValuesAreCut() async throws {
    let (_, text) = try await predict("half", #"{"inputs": ["\#(String(repeating: "x", count: 100_000))"]}"#)
    #expect(text.utf8.count < 400)
    let (_, list) = try await predict("half", "[" + String(repeating: "1,", count: 50_000) + "1]")
    #expect(list.utf8.count < 400)
  }

  private func quoted(_ text: String) -> String {
    let escaped = text.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\\\"")
    return "\"\(escaped)\""
  }
}
