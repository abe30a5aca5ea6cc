import MassServing
import Testing

@Suite struct TensorFlowRoutes {
  struct Row: Sendable, CustomTestStringConvertible {
    var method: String
    var path: String
    var route: TensorFlowRoute?

    init(_ method: String, _ path: String, _ route: TensorFlowRoute?) {
      self.method = method
      self.path = path
      self.route = route
    }

    var testDescription: String { "\(method) \(path)" }
  }

  @Test(arguments: [
    Row("POST", "/v1/models/half:predict", .call(.predict, ModelReference("half"))),
    Row("POST", "/V1/MODELS/Half:PREDICT", .call(.predict, ModelReference("Half"))),
    Row("POST", "/v1/models/half:classify", .call(.classify, ModelReference("half"))),
    Row("POST", "/v1/models/half:regress", .call(.regress, ModelReference("half"))),
    Row("POST", "/v1/models/half/versions/12:predict", .call(.predict, ModelReference("half", .version(12)))),
    Row("POST", "/v1/models/half/Versions/007:predict", .call(.predict, ModelReference("half", .version(7)))),
    Row("POST", "/v1/models/half/labels/stable:predict", .call(.predict, ModelReference("half", .label("stable")))),
    Row("POST", "/v1/models/a%2Fb%3Ac%20%C3%A9:predict", .call(.predict, ModelReference("a/b:c é"))),
    Row("POST", "/v1/models/a/labels/x%2Fy:predict", .call(.predict, ModelReference("a", .label("x/y")))),
    Row("POST", "/v1/models/versions:predict", .call(.predict, ModelReference("versions"))),
    Row("GET", "/v1/models/half", .status(ModelReference("half"))),
    Row("GET", "/v1/models/half/versions/1", .status(ModelReference("half", .version(1)))),
    Row("GET", "/v1/models/half/labels/stable", .status(ModelReference("half", .label("stable")))),
    Row("GET", "/v1/models/half/labels/metadata", .status(ModelReference("half", .label("metadata")))),
    Row("GET", "/v1/models/half/metadata", .metadata(ModelReference("half"))),
    Row("GET", "/v1/models/half/METADATA", .metadata(ModelReference("half"))),
    Row("GET", "/v1/models/half/versions/3/metadata", .metadata(ModelReference("half", .version(3)))),
    Row("GET", "/v1/models/half/labels/a/metadata", .metadata(ModelReference("half", .label("a")))),
    Row("GET", "/v1/models/metadata", .status(ModelReference("metadata"))),
    Row("GET", "/v1/models/versions", .status(ModelReference("versions"))),
    Row("GET", "/v1/models", .models),
    Row("GET", "/v2/models", nil), Row("GET", "/v1", nil), Row("GET", "/", nil), Row("GET", "", nil),
    Row("GET", "v1/models", nil), Row("GET", "//v1/models", nil),
  ])
  func parse(_ row: Row) throws {
    #expect(try TensorFlowRoute.parse(method: row.method, path: row.path) == row.route)
  }

  @Test(arguments: [
    ("POST", "/v1/models/x:foo"), ("POST", "/v1/models/x"), ("POST", "/v1/models/:predict"), ("POST", "/v1/models"),
    ("POST", "/v1/models/a:b:predict"), ("POST", "/v1/models/a/versions/:predict"), ("POST", "/v1/models/a/:predict"),
    ("POST", "/v1/models/a/versions/one:predict"), ("POST", "/v1/models/a/versions/-1:predict"),
    ("POST", "/v1/models/a/versions/1/labels/b:predict"), ("POST", "/v1/models/a/metadata:predict"),
    ("POST", "/v1/models:predict"), ("GET", "/v1/models/x:predict"), ("GET", "/v1/models/x/"), ("GET", "/v1/models/"),
    ("GET", "/v1/models/x/versions/y"), ("GET", "/v1/models/x/other"), ("GET", "/v1/"), ("GET", "/v1/other"),
    ("PUT", "/v1/models/x:predict"), ("DELETE", "/v1/models/x"), ("OPTIONS", "/v1/models/x:predict"),
    ("post", "/v1/models/x:predict"), ("GET", "/v1/models/x/metadata/metadata"), ("GET", "/v1//models/x"),
  ])
  func malformed(_ method: String, _ path: String) {
    #expect(throws: ServingError.invalid("Malformed request: \(method) \(path)")) {
      try TensorFlowRoute.parse(method: method, path: path)
    }
  }

  @Test(arguments: [
    ("/v1/models/versions/1", "Missing model name in request."),
    ("/v1/models/labels/a", "Missing model name in request."),
    ("/v1/models/versions/3/metadata", "Missing model name in request."),
    ("/v1/models/x/versions/99999999999999999999", "Failed to convert version: 99999999999999999999 to numeric."),
    ("/v1/models/x%2", "Failed to decode model name: x%2"),
    ("/v1/models/x%zz", "Failed to decode model name: x%zz"),
    ("/v1/models/x%FF", "Failed to decode model name: x%FF"),
    ("/v1/models/x%00", "Failed to decode model name: x%00"),
    ("/v1/models/x/labels/%C3", "Failed to decode model version label: %C3"),
  ])
  func refused(_ path: String, _ message: String) {
    #expect(throws: ServingError.invalid(message)) { try TensorFlowRoute.parse(method: "GET", path: path) }
  }
}
