/// What load is put on a server, and what of it is measured. Times are nanoseconds.
public struct LoadPlan: Hashable, Sendable {
  public enum Mode: Hashable, Sendable {
    /// Requests are due by a schedule that no answer delays: `rate` a second.
    case open(rate: Double, ArrivalProcess)
    /// Every connection sends its next request when it has its answer.
    case closed
  }

  public var mode: Mode
  /// All of them are opened before the first request is due.
  public var connections: Int
  /// Requests due within this time from the start are sent and not measured.
  public var warmup: UInt64
  public var duration: UInt64
  /// Counted from the moment a request is due.
  public var timeout: UInt64
  /// The response time that good answers keep.
  public var objective: UInt64?
  public var seed: UInt64

  public init(
    mode: Mode, connections: Int, warmup: UInt64, duration: UInt64, timeout: UInt64, objective: UInt64? = nil,
    seed: UInt64 = 0
  ) {
    self.mode = mode
    self.connections = connections
    self.warmup = warmup
    self.duration = duration
    self.timeout = timeout
    self.objective = objective
    self.seed = seed
  }

  var isOpen: Bool { mode != .closed }
}
