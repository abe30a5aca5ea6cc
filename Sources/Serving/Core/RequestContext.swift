import MassSecurity
import Synchronization

/// What is known of a request beside what it asks: who it is to logs and to other systems.
///
/// It is bound to the task that answers the request, and to those started from there. HTTP binds one only for a request that
/// names itself or its trace, or where keys are asked for or every request is logged; gRPC binds one for every call.
final class RequestContext: Sendable {
  /// Of the request that the current task works for; nil when nobody asked for it.
  @TaskLocal static var current: RequestContext?

  /// What the request was about, as far as it is known.
  struct Subject: Sendable {
    var model: String?
    var version: Int?
    var timing: StageTimes?
    var error: String?
  }

  private struct State {
    var clientID: String?
    var ownID: String?
    var trace: TraceContext?
    var subject = Subject()
    var principal: Principal?
  }

  private let transportPeer: String
  private let state = Mutex(State())

  /// - Parameter peer: The client's address, alone or as gRPC's transports spell it: `ipv4:ADDRESS:PORT`,
  ///   `ipv6:[ADDRESS]:PORT` or `unix:PATH`.
  init(peer: String) { transportPeer = peer }

  /// The client's address, without a port.
  var peer: String {
    let text = transportPeer[...]
    if text.hasPrefix("ipv6:") { return String(text.dropFirst(5).drop { $0 == "[" }.prefix { $0 != "]" }) }
    if text.hasPrefix("ipv4:") { return String(text.dropFirst(5).prefix { $0 != ":" }) }
    return text.hasPrefix("unix:") ? String(text.dropFirst(5)) : transportPeer
  }

  /// Takes over what the headers say: the values of `x-request-id`, `traceparent` and `tracestate`.
  func identify(id: String?, traceparent: String?, tracestate: String?) {
    let id = id.flatMap(RequestID.accepted)
    let trace = traceparent.map { TraceContext(continuing: $0, tracestate: tracestate) }
    guard id != nil || trace != nil else { return }
    state.withLock { state in
      state.clientID = id
      state.trace = trace
    }
  }

  /// The client's name for the request; nil when it gave none that is acceptable.
  var clientID: String? { state.withLock { $0.clientID } }

  /// The client's name for the request, or else one that is drawn the first time it is asked for.
  var id: String {
    state.withLock { state in
      let id = state.clientID ?? state.ownID ?? RequestID.random()
      if state.clientID == nil { state.ownID = id }
      return id
    }
  }

  var trace: TraceContext? { state.withLock { $0.trace } }

  var subject: Subject { state.withLock { $0.subject } }

  /// Whose key came with it; nil where no keys are asked for, and before that is known.
  var principal: Principal? {
    get { state.withLock { $0.principal } }
    set { state.withLock { $0.principal = newValue } }
  }

  func note(_ response: InferenceResponse) {
    state.withLock { state in
      state.subject = Subject(model: response.modelName, version: response.modelVersion, timing: response.timing)
    }
  }

  func note(_ error: ServingError, of model: ModelReference) {
    state.withLock { state in
      var version: Int?
      if case .version(let number) = model.selector { version = number }
      state.subject = Subject(model: model.name, version: version, error: error.message)
    }
  }
}

/// Names of requests: what `X-Request-Id` carries.
enum RequestID {
  /// The client's name if it may be repeated: 1 to 128 visible characters of ASCII.
  static func accepted(_ text: String) -> String? {
    let bytes = text.utf8
    return (1...128).contains(bytes.count) && bytes.allSatisfy { (0x21...0x7E).contains($0) } ? text : nil
  }

  /// 128 random bits as hexadecimal digits.
  static func random() -> String {
    Hexadecimal.text(.random(in: 0 ... .max)) + Hexadecimal.text(.random(in: 0 ... .max))
  }
}
