import GRPCCore

extension StreamingServerRequest {
  /// The message of a call that has one. It must come before the call's deadline, which the transport leaves to who reads.
  ///
  /// - Throws: `RPCError` if there are none or several, `InstancePool.expired`.
  func onlyMessage() async throws -> Message {
    guard let deadline = CallDeadline.deadline(in: metadata) else {
      return try await ServerRequest(stream: self).message
    }
    return try await withThrowingTaskGroup(of: Message?.self) { group in
      group.addTask { try await ServerRequest(stream: self).message }
      group.addTask {
        try await CallDeadline.sleep(until: deadline)
        return nil
      }
      defer { group.cancelAll() }
      guard let first = try await group.next(), let message = first else { throw InstancePool.expired }
      return message
    }
  }
}

/// The deadline a client sends with a call, as the protocol spells it: at most eight digits and a unit.
enum CallDeadline {
  static let header = "grpc-timeout"

  /// Whether the metadata name no deadline, or one that can be read.
  static func isWellFormed(in metadata: Metadata) -> Bool {
    var values = metadata[stringValues: header].makeIterator()
    guard let value = values.next() else { return true }
    return nanoseconds(value) != nil
  }

  /// The monotonic time of the deadline, counted from now; nil if there is none.
  static func deadline(in metadata: Metadata) -> UInt64? {
    var values = metadata[stringValues: header].makeIterator()
    return values.next().flatMap(nanoseconds).map { MonotonicClock.now(adding: $0) }
  }

  /// Whether what ended now may have ended because of the deadline.
  static func isOver(_ deadline: UInt64?) -> Bool {
    deadline.map { MonotonicClock.now(adding: transportLead) >= $0 } ?? false
  }

  /// Sleeps a second at a time: a sleep that is cancelled leaves its alarm behind until it would have ended.
  ///
  /// - Throws: `CancellationError`.
  static func sleep(until deadline: UInt64) async throws {
    while true {
      let rest = deadline - min(deadline, MonotonicClock.now())
      guard rest > 0 else { return }
      try await Task.sleep(for: .nanoseconds(min(rest, 1_000_000_000)))
    }
  }

  /// Nanoseconds: the transport reads the metadata first, and cancels calls by what it counts from then.
  private static let transportLead: UInt64 = 100_000_000

  static func nanoseconds(_ text: String) -> UInt64? {
    let digits = text.utf8.dropLast()
    guard (1...8).contains(digits.count), digits.allSatisfy({ (0x30...0x39).contains($0) }),
      let amount = UInt64(text.dropLast()), let unit = text.last.flatMap({ units[$0] })
    else { return nil }
    let (product, overflow) = amount.multipliedReportingOverflow(by: unit)
    return overflow ? .max : product
  }

  private static let units: [Character: UInt64] = [
    "n": 1, "u": 1_000, "m": 1_000_000, "S": 1_000_000_000, "M": 60_000_000_000, "H": 3_600_000_000_000,
  ]
}
