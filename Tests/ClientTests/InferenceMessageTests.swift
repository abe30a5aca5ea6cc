import MassJSON
import MassRuntime
import NIOCore
import Testing

@testable import MassClient

@Suite struct InferenceMessageTests {
  private func answer(_ header: String, _ tail: [UInt8] = []) throws -> InferenceResponse {
    var body = ByteBuffer(string: header)
    body.writeBytes(tail)
    return try InferenceResponse(body, headerLength: header.utf8.count)
  }

  private func output(_ datatype: String, _ shape: String, _ rest: String) -> String {
    #"{"model_name":"m","model_version":"2","outputs":[{"name":"y","datatype":"\#(datatype)","shape":\#(shape),\#(rest)}]}"#
  }

  private func binary(_ datatype: String, _ shape: String, _ size: Int) -> String {
    output(datatype, shape, #""parameters":{"binary_data_size":\#(size)}"#)
  }

  @Test func requestsAreBinary() throws {
    let numbers = try Tensor.make(.float32, [1, 2], doubles: [1, -2])
    let strings = try Tensor(strings: ["", "ä"], shape: [2])
    let encoded = try EncodedRequest(
      InferenceRequest([NamedTensor("a\"", numbers), NamedTensor("b", strings)], id: "7"))
    let head = try #require(encoded.body.getString(at: 0, length: encoded.headerLength))
    #expect(
      head == #"{"id":"7","parameters":{"binary_data_output":true},"inputs":["#
        + #"{"name":"a\"","datatype":"FP32","shape":[1,2],"parameters":{"binary_data_size":8}},"#
        + #"{"name":"b","datatype":"BYTES","shape":[2],"parameters":{"binary_data_size":10}}]}"#)
    let tail = encoded.body.getBytes(at: encoded.headerLength, length: 18)
    #expect(tail == [0, 0, 0x80, 0x3F, 0, 0, 0, 0xC0, 0, 0, 0, 0, 2, 0, 0, 0, 0xC3, 0xA4])
    #expect(encoded.body.readableBytes == encoded.headerLength + 18)
  }

  @Test func typesWithoutNameAreRefused() throws {
    let tensor = try Tensor(element: .complex64, shape: [1])
    #expect(throws: ClientError.unsupportedType(input: "x", .complex64)) {
      try EncodedRequest(InferenceRequest([NamedTensor("x", tensor)]))
    }
  }

  @Test func readsBinaryAnswers() throws {
    let response = try answer(binary("INT16", "[2,1]", 4), [1, 0, 0xFF, 0xFF])
    #expect(response.modelName == "m" && response.modelVersion == "2" && response.outputs[0].name == "y")
    #expect(response.outputs[0].tensor.integers() == [1, -1] && response.outputs[0].tensor.shape == [2, 1])
    let bools = try answer(binary("BOOL", "[2]", 2), [0, 7]).outputs[0].tensor
    #expect(unsafe bools.withUnsafeBytes { unsafe Array($0) } == [0, 1])
    #expect(try answer(binary("BYTES", "[1]", 5), [1, 0, 0, 0, 97]).outputs[0].tensor.strings == ["a"])
    #expect(try answer(binary("FP32", "[0,3]", 0)).outputs[0].tensor.count == 0)
  }

  @Test func readsJSONAnswers() throws {
    #expect(try answer(output("FP32", "[2,1]", #""data":[[1.5],[2]]"#)).outputs[0].tensor.doubles() == [1.5, 2])
    #expect(try answer(output("BYTES", "[1]", #""data":["a"]"#)).outputs[0].tensor.strings == ["a"])
  }

  @Test(arguments: [
    ("INT16", "[2]", 3), ("INT16", "[2]", 5), ("INT16", "[2]", -1), ("INT16", "[2]", 1 << 62),
    ("FP32", "[1099511627776,1099511627776]", 4), ("FP32", "[4611686018427387904,8]", 4), ("FP32", "[-1]", 4),
    ("FP32", "[1.5]", 4), ("FP32", "4", 4), ("FP99", "[1]", 4), ("BYTES", "[4611686018427387904]", 4),
    ("BYTES", "[1]", 4), ("BYTES", "[0]", 4),
  ])
  func answersThatContradictThemselvesAreRefused(datatype: String, shape: String, size: Int) {
    // As the length of a string, these four bytes are more than there are.
    #expect(throws: ClientError.self) { try answer(binary(datatype, shape, size), [255, 255, 255, 127]) }
  }

  @Test(arguments: [
    "", "{", "[]", "{}", #"{"outputs":1}"#, #"{"outputs":[1]}"#, #"{"outputs":[{"name":"y"}]}"#,
    #"{"outputs":[{"name":"y","datatype":"FP32","shape":[1]}]}"#,
    #"{"outputs":[{"name":"y","datatype":"FP32","shape":[2],"data":[1]}]}"#,
    #"{"outputs":[{"name":"y","datatype":"FP32","shape":[1000000000],"data":[1]}]}"#,
    #"{"outputs":[{"name":"y","datatype":"FP32","shape":[1],"data":["x"]}]}"#,
  ])
  func whatIsNoAnswerIsRefused(_ header: String) {
    #expect(throws: ClientError.self) { try answer(header) }
  }

  @Test func bytesThatBelongToNothingAreRefused() {
    #expect(throws: ClientError.malformed("1 bytes follow its outputs")) { try answer(#"{"outputs":[]}"#, [0]) }
    #expect(throws: ClientError.self) { try InferenceResponse(ByteBuffer(string: "{}"), headerLength: 3) }
    #expect(throws: ClientError.self) { try InferenceResponse(ByteBuffer(string: "{}"), headerLength: -1) }
  }

  @Test func readsMetadata() throws {
    let text = #"""
      {"name":"m","versions":["1"],"platform":"p","inputs":[{"name":"x","datatype":"FP32","shape":[-1,3]}],"outputs":[]}
      """#
    let metadata = try ModelMetadata(JSONDocument(text).root)
    #expect(metadata.inputs == [TensorMetadata(name: "x", element: .float32, shape: [nil, 3])])
    #expect("\(metadata.inputs[0].value.type)" == "f32[d0x3]")
  }

  @Test(arguments: [
    "1", "{}", #"{"name":"m","inputs":1,"outputs":[]}"#, #"{"name":"m","inputs":[{}],"outputs":[]}"#,
    #"{"name":"m","inputs":[{"name":"x","datatype":"?","shape":[1]}],"outputs":[]}"#,
    #"{"name":"m","inputs":[{"name":"x","datatype":"FP32","shape":["N"]}],"outputs":[]}"#,
  ])
  func metadataOfOtherFormsIsRefused(_ text: String) throws {
    let root = try JSONDocument(text).root
    #expect(throws: ClientError.self) { try ModelMetadata(root) }
  }
}
