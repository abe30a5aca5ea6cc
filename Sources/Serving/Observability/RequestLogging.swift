import Synchronization

/// Which requests the log has a line for.
public enum RequestLogging: UInt8, Hashable, Sendable, CaseIterable, AtomicRepresentable {
  case none
  /// Those that the server failed to answer: HTTP statuses from 500; INTERNAL, UNKNOWN and UNAVAILABLE over gRPC.
  case failed
  case all

  /// By the name of the case.
  public init?(named name: String) {
    guard let match = Self.allCases.first(where: { "\($0)" == name }) else { return nil }
    self = match
  }
}

/// Bounds how much is logged of a flood of failures.
struct LineBudget: Hashable, Sendable {
  /// Lines in one second of the clock.
  static let limit = 100

  private var second: UInt64 = 0
  private var taken = 0
  private var leftOut: UInt64 = 0

  /// Takes a line: how many were left out since the one before; nil when this one is to be left out, too.
  mutating func take(now: UInt64) -> UInt64? {
    begin(now)
    guard taken < Self.limit else {
      leftOut += 1
      return nil
    }
    taken += 1
    defer { leftOut = 0 }
    return leftOut
  }

  /// How many lines were left out and never told of, when the second they belong to is over; nil when there are none.
  mutating func settle(now: UInt64) -> UInt64? {
    guard leftOut > 0, now / 1_000_000_000 > second else { return nil }
    defer { leftOut = 0 }
    return leftOut
  }

  private mutating func begin(_ now: UInt64) {
    guard now / 1_000_000_000 > second else { return }
    second = now / 1_000_000_000
    taken = 0
  }
}
