import MassServing
import Testing

@Suite struct TensorFlowModels {
  private static let oneState = #"{"version":"1","state":"AVAILABLE","status":{"error_code":"OK","error_message":""}}"#

  @Test(arguments: [
    ("POST", "/v1/models/nope:predict", 404, #"{"error":"Servable not found for request: Latest(nope)"}"#),
    (
      "POST", "/v1/models/half/versions/9:predict", 404,
      #"{"error":"Servable not found for request: Specific(half, 9)"}"#
    ),
    (
      "POST", "/v1/models/half/labels/gone:predict", 404,
      #"{"error":"Servable not found for request: Specific(half, 9)"}"#
    ),
    ("POST", "/v1/models/half/labels/canary:predict", 400, #"{"error":"Unrecognized servable version label: canary"}"#),
    ("POST", "/v1/models/half/versions/2:predict", 503, #"{"error":"not ready"}"#),
    ("POST", "/v1/models/half/labels/stable:predict", 200, #"{"outputs":[1.0]}"#),
    ("POST", "/v1/models/half:foo", 400, #"{"error":"Malformed request: POST /v1/models/half:foo"}"#),
    ("GET", "/v1/models/nope", 404, #"{"error":"Could not find any versions of model nope"}"#),
    ("GET", "/v1/models/half/versions/9", 404, #"{"error":"Could not find version 9 of model half"}"#),
    ("GET", "/v1/models/half/labels/canary", 400, #"{"error":"Unrecognized servable version label: canary"}"#),
    ("GET", "/v1/models/nope/metadata", 404, #"{"error":"Servable not found for request: Latest(nope)"}"#),
    ("GET", "/v1/models", 200, #"{"models":["half"]}"#),
    ("GET", "/v1/models/half/versions/1", 200, #"{"model_version_status":[\#(oneState)]}"#),
    ("GET", "/v1/models/half/labels/stable", 200, #"{"model_version_status":[\#(oneState)]}"#),
  ])
  func answers(_ method: String, _ path: String, _ status: Int, _ expected: String) async throws {
    let answer = try await EchoModels.ask(method, path, #"{"inputs": [1]}"#)
    #expect(answer.1 == expected)
    #expect(answer.0 == status)
  }

  @Test func states() async throws {
    func row(_ version: Int, _ state: String, _ code: String = "OK", _ message: String = "") -> String {
      #"{"version":"\#(version)","state":"\#(state)","status":{"error_code":"\#(code)","error_message":"\#(message)"}}"#
    }
    let half = [row(3, "AVAILABLE"), row(2, "END", "UNKNOWN", #"no \"file\""#), row(1, "AVAILABLE")]
    let scale = [row(4, "LOADING"), row(2, "UNLOADING"), row(1, "END")]
    #expect(
      try await EchoModels.ask("GET", "/v1/models/half").1
        == #"{"model_version_status":[\#(half.joined(separator: ","))]}"#)
    #expect(
      try await EchoModels.ask("GET", "/v1/models/scale").1
        == #"{"model_version_status":[\#(scale.joined(separator: ","))]}"#)
  }

  @Test func metadata() async throws {
    func dimension(_ size: Int) -> String { #"{"size":"\#(size)","name":""}"# }
    func info(_ name: String, _ type: String, _ sizes: [Int]) -> String {
      let dimensions = sizes.map(dimension).joined(separator: ",")
      return
        #""\#(name)":{"dtype":"\#(type)","tensor_shape":{"dim":[\#(dimensions)],"unknown_rank":false},"name":"\#(name)"}"#
    }
    let inputs = [info("b", "DT_FLOAT", [-1, 2]), info("a", "DT_STRING", [-1])].joined(separator: ",")
    let outputs = [info("p", "DT_FLOAT", [-1, 2]), info("q_bytes", "DT_STRING", [-1])].joined(separator: ",")
    let signature =
      #""serving_default":{"inputs":{\#(inputs)},"outputs":{\#(outputs)},"method_name":"tensorflow/serving/predict"}"#
    let expected =
      #"{"model_spec":{"name":"pair","signature_name":"","version":"1"},"#
      + #""metadata":{"signature_def":{"signature_def":{\#(signature)}}}}"#
    #expect(try await EchoModels.ask("GET", "/v1/models/pair/versions/1/metadata").1 == expected)
  }

  @Test(arguments: ["classify", "regress"]) func refusesExamples(_ method: String) async throws {
    let (status, text) = try await EchoModels.ask("POST", "/v1/models/half:\(method)", #"{"examples": [{"x": 1}]}"#)
    #expect(status == 501)
    #expect(text.hasPrefix(#"{"error":"Classify and Regress"#))
  }

  @Test func leavesOtherPathsAlone() async {
    let front = TensorFlowFront(service: EchoModels())
    #expect(await front.answer(method: "GET", path: "/v2/models", body: [])?.status == nil)
  }

  @Test func saysWhenToComeAgain() async throws {
    let front = TensorFlowFront(service: EchoModels())
    let body = [HTTPAnswer.json(#"{"inputs": [1]}"#).body]
    let answer = try #require(
      await front.answer(method: "POST", path: "/v1/models/half/versions/2:predict", body: body))
    #expect(answer.headers.map { "\($0): \($1)" } == ["Retry-After: 5"])
  }
}
