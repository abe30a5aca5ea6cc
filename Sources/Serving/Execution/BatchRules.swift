import MassRuntime

/// How requests of a model are joined into batches.
public struct BatchRules: Hashable, Sendable {
  /// Rows of a batch at most. A request that has more by itself runs alone.
  public var largest: Int
  /// Nanoseconds that an idle instance waits for more requests after the first one came.
  public var delay: UInt64
  /// Whether every answer has to have the bits that it would have alone.
  public var isExact: Bool

  public init(largest: Int, delay: UInt64 = 0, isExact: Bool = false) {
    self.largest = largest
    self.delay = delay
    self.isExact = isExact
  }
}
