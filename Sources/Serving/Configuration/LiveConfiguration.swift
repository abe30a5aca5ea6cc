import Synchronization

/// A number that may change while others read it.
final class LiveNumber: Sendable {
  private let storage: Atomic<Int>

  init(_ value: Int) { storage = Atomic(value) }

  var value: Int {
    get { storage.load(ordering: .relaxed) }
    set { storage.store(newValue, ordering: .relaxed) }
  }
}

/// The configuration that a running server goes by.
final class LiveConfiguration: Sendable {
  /// What became of another configuration.
  struct Outcome: Hashable, Sendable {
    /// Members that hold from now on.
    var changed: [String] = []
    /// Members that differ from what the server goes by until it is started again.
    var needRestart: [String] = []
  }

  private typealias Member = (name: String, take: @Sendable (inout ServerConfiguration, ServerConfiguration) -> Void)

  /// The members that can change while the server runs.
  private static let members: [Member] = [
    ("threads", { $0.threads = $1.threads }),
    ("instances", { $0.instances = $1.instances }),
    ("queue_limit", { $0.queueLimit = $1.queueLimit }),
    ("max_body_bytes", { $0.maxBodyBytes = $1.maxBodyBytes }),
    ("response_cache_bytes", { $0.responseCacheBytes = $1.responseCacheBytes }),
    ("drain_seconds", { $0.drainSeconds = $1.drainSeconds }),
    ("watch_seconds", { $0.watchSeconds = $1.watchSeconds }),
    ("stuck_seconds", { $0.stuckSeconds = $1.stuckSeconds }),
    ("log.requests", { $0.requestLog = $1.requestLog }),
  ]

  private let state: Mutex<ServerConfiguration>
  private let onChange: @Sendable (ServerConfiguration) -> Void

  /// - Parameter onChange: Called with what holds from now on.
  init(_ configuration: ServerConfiguration, onChange: @escaping @Sendable (ServerConfiguration) -> Void = { _ in }) {
    state = Mutex(configuration)
    self.onChange = onChange
  }

  var current: ServerConfiguration { state.withLock { $0 } }

  /// Takes over the members that can change. Where gRPC listens its limit stays what it was at the start.
  func take(_ new: ServerConfiguration) -> Outcome {
    let (outcome, current) = state.withLock { current in
      var next = current
      for member in Self.members { member.take(&next, new) }
      let outcome = Outcome(changed: next.changes(from: current), needRestart: new.changes(from: next))
      current = next
      return (outcome, next)
    }
    if !outcome.changed.isEmpty { onChange(current) }
    return outcome
  }
}

extension LiveConfiguration {
  /// What the options say, where they and their configuration differ.
  convenience init(_ options: ServerOptions, onChange: @escaping @Sendable (ServerConfiguration) -> Void = { _ in }) {
    var configuration = options.reload.configuration
    configuration.drainSeconds = options.drainSeconds
    configuration.watchSeconds = options.watchSeconds
    self.init(configuration, onChange: onChange)
  }
}
