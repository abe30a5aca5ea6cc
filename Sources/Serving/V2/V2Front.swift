import HTTPTypes
import MassFormats
import MassJSON
import NIOCore

/// The REST endpoints of the Open Inference Protocol and of Triton's extensions to it.
struct V2Front: Sendable {
  let service: any InferenceService
  let version: String

  static let extensions = [
    "classification", "model_repository", "model_configuration", "binary_tensor_data", "parameters", "statistics",
  ]

  /// Answers a request whose path begins with `v2`; nil when there is no such endpoint.
  ///
  /// - Parameter path: The segments behind `v2`, decoded.
  /// - Parameter abandonment: Told when the client goes.
  func answer(
    _ head: HTTPRequestHead, _ path: [String], _ body: BodyBytes, _ abandonment: Abandonment
  ) async throws(ServingError) -> HTTPAnswer? {
    switch path.first {
    case nil: try on(.get, head) { () throws(ServingError) in serverMetadata() }
    case "" where path.count == 1: try on(.get, head) { () throws(ServingError) in serverMetadata() }
    case "health": try health(head, path)
    case "models": try await models(head, Array(path.dropFirst()), body, abandonment)
    case "repository": try await repository(head, Array(path.dropFirst()), body)
    default: nil
    }
  }

  /// What `answer` gives, if the request has this method; HEAD is as good as GET.
  private func on(
    _ method: HTTPRequest.Method, _ head: HTTPRequestHead, _ answer: () throws(ServingError) -> HTTPAnswer
  ) throws(ServingError) -> HTTPAnswer {
    if let refusal = refusal(unless: method, head) { return refusal }
    return try answer()
  }

  private func refusal(unless method: HTTPRequest.Method, _ head: HTTPRequestHead) -> HTTPAnswer? {
    guard head.method != method, !(method == .get && head.method == .head) else { return nil }
    return HTTPAnswer(
      status: 405, contentType: "application/json", headers: [("Allow", method.rawValue)],
      body: ByteBuffer(string: #"{"error":"Method Not Allowed"}"#))
  }

  // MARK: Server

  private func serverMetadata() -> HTTPAnswer {
    var writer = JSONWriter()
    writer.object { writer in
      writer.key("name")
      writer.string("mass")
      writer.key("version")
      writer.string(version)
      writer.key("extensions")
      writer.array { writer in for name in Self.extensions { writer.string(name) } }
    }
    return V2Answer.json(writer)
  }

  private func health(_ head: HTTPRequestHead, _ path: [String]) throws(ServingError) -> HTTPAnswer? {
    guard path.count == 2, path[1] == "live" || path[1] == "ready" else { return nil }
    if let refusal = refusal(unless: .get, head) { return refusal }
    let isGood = path[1] == "live" ? service.isLive : service.isReady
    guard isGood else { return .json("{\"\(path[1])\":false,\"error\":\"the server is not \(path[1])\"}", status: 503) }
    return .json("{\"\(path[1])\":true}")
  }

  // MARK: Models

  private func models(
    _ head: HTTPRequestHead, _ path: [String], _ body: BodyBytes, _ abandonment: Abandonment
  ) async throws(ServingError)
    -> HTTPAnswer?
  {
    guard let name = path.first, !name.isEmpty else {
      return path.count > 1 ? nil : try on(.get, head) { () throws(ServingError) in names() }
    }
    if name == "stats", path.count == 1 { return try on(.get, head) { () throws(ServingError) in try statistics(nil) } }
    var reference = ModelReference(name)
    var rest = path.dropFirst()
    if rest.first == "versions" {
      guard let text = rest.dropFirst().first else { return nil }
      guard let number = Int(text), number > 0, text.utf8.allSatisfy({ (48...57).contains($0) }) else {
        throw .invalid(
          "failed to get model version from specified version string '\(text)': versions are whole numbers from 1")
      }
      reference.selector = .version(number)
      rest = rest.dropFirst(2)
    }
    switch (rest.first, rest.count) {
    case (nil, _): return try on(.get, head) { () throws(ServingError) in try metadata(reference) }
    case ("infer", 1):
      if let refusal = refusal(unless: .post, head) { return refusal }
      return try await infer(head, reference, body, abandonment)
    case ("ready", 1): return try on(.get, head) { () throws(ServingError) in try ready(reference) }
    case ("config", 1):
      return try on(.get, head) { () throws(ServingError) in try .json(service.configuration(reference)) }
    case ("stats", 1): return try on(.get, head) { () throws(ServingError) in try statistics(reference) }
    default: return nil
    }
  }

  private func infer(
    _ head: HTTPRequestHead, _ reference: ModelReference, _ body: BodyBytes, _ abandonment: Abandonment
  ) async throws(ServingError)
    -> HTTPAnswer
  {
    var request = try V2Request(body, headerLength: head.headers.inferenceHeaderLength, reference) {
      () throws(ServingError) in try service.describe(reference)
    }
    request.request.abandonment = abandonment
    request.request.header = { name in HTTPField.Name(name).flatMap { head.headers[$0] } }
    let response = try await service.infer(request.request)
    var answer = try V2Answer.inference(response, request.style)
    if head.headers.asksForTiming {
      answer.headers.append(("Server-Timing", response.timing.serverTiming))
    }
    return answer
  }

  private func names() -> HTTPAnswer {
    var writer = JSONWriter()
    writer.object { writer in
      writer.key("models")
      writer.array { writer in
        var last: String?
        for entry in service.index(ready: false) where entry.name != last {
          writer.string(entry.name)
          last = entry.name
        }
      }
    }
    return V2Answer.json(writer)
  }

  private func metadata(_ reference: ModelReference) throws(ServingError) -> HTTPAnswer {
    let model = try service.describe(reference)
    var writer = JSONWriter()
    writer.object { writer in
      writer.key("name")
      writer.string(model.name)
      writer.key("versions")
      writer.array { writer in for version in model.versions { writer.string("\(version)") } }
      writer.key("platform")
      writer.string(model.platform)
      for (key, tensors) in [("inputs", model.inputs), ("outputs", model.outputs)] {
        writer.key(key)
        writer.array { writer in for tensor in tensors { Self.write(tensor, &writer) } }
      }
    }
    return V2Answer.json(writer)
  }

  private static func write(_ tensor: TensorDescription, _ writer: inout JSONWriter) {
    writer.object { writer in
      writer.key("name")
      writer.string(tensor.name)
      writer.key("datatype")
      writer.string(Datatype.name(of: tensor.element) ?? "")
      writer.key("shape")
      writer.array { writer in for extent in tensor.shape { writer.integer(extent) } }
    }
  }

  private func ready(_ reference: ModelReference) throws(ServingError) -> HTTPAnswer {
    do throws(ServingError) { _ = try service.describe(reference) } catch {
      // A model that exists and is not ready is told from one that does not exist.
      guard service.index(ready: false).contains(where: { $0.name == reference.name }) else { throw error }
      throw ServingError(.unavailable, error.message)
    }
    var writer = JSONWriter()
    writer.object { writer in
      writer.key("name")
      writer.string(reference.name)
      writer.key("ready")
      writer.bool(true)
    }
    return V2Answer.json(writer)
  }

  private func statistics(_ reference: ModelReference?) throws(ServingError) -> HTTPAnswer {
    V2Answer.json(V2Statistics.writer(try service.statistics(reference)))
  }

  // MARK: Repository

  private func repository(_ head: HTTPRequestHead, _ path: [String], _ body: BodyBytes) async throws(ServingError)
    -> HTTPAnswer?
  {
    // A repository may be named; there is one only.
    let path = path.count == 2 && path[1] == "index" || path.count == 4 ? Array(path.dropFirst()) : path
    if path == ["index"] {
      if let refusal = refusal(unless: .post, head) { return refusal }
      let members = try Self.members(body)
      let ready = members?["ready"]
      guard ready == nil || ready?.kind == .bool else { throw .invalid("'ready' is no bool") }
      return V2Answer.json(V2Statistics.index(service.index(ready: ready?.bool ?? false)))
    }
    guard path.count == 3, path[0] == "models", path[2] == "load" || path[2] == "unload" else { return nil }
    if let refusal = refusal(unless: .post, head) { return refusal }
    let members = try Self.members(body)
    if path[2] == "load" {
      guard members?["parameters"].map({ $0.count == 0 }) ?? true else {
        throw ServingError(
          .unsupported, "models are loaded from the repository as they lie there: load takes no parameters")
      }
      try await service.load(path[1])
    } else {
      try await service.unload(path[1])
    }
    return HTTPAnswer(contentType: "application/json", body: ByteBuffer())
  }

  private static func members(_ body: BodyBytes) throws(ServingError) -> V2Object? {
    guard body.count > 0 else { return nil }
    let document: JSONDocument
    do throws(JSONError) {
      document = try unsafe JSONDocument(byteCount: body.count) { unsafe body.copy(to: $0) }
    } catch { throw .invalid("failed to parse the request JSON buffer: \(error)") }
    return try V2Object(document.root, in: "the request")
  }
}

extension StageTimes {
  /// W3C, "Server Timing": milliseconds by stage.
  var serverTiming: String {
    let stages = [("queue", queue), ("input", input), ("compute", compute), ("output", output)]
    return stages.map { "\($0.0);dur=\(Double($0.1 / 1000) / 1000)" }.joined(separator: ", ")
  }
}
