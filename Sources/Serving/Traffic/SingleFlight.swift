import Synchronization

/// Lets one of those who want the same thing make it, and gives it to all of them.
///
/// When the one who makes it fails or is cancelled, the next in line makes it; the others go on waiting.
final class SingleFlight<Key: Hashable & Sendable, Value: Sendable>: Sendable {
  private enum Turn: Sendable {
    case lead
    case value(Value)
    case refused(ServingError)
  }

  private struct Flight {
    var waiting: [UInt64: CheckedContinuation<Turn, Never>] = [:]
    /// In their order; those that left are skipped.
    var order: [UInt64] = []
    var head = 0

    mutating func next() -> CheckedContinuation<Turn, Never>? {
      while head < order.count {
        head += 1
        if let next = waiting.removeValue(forKey: order[head - 1]) { return next }
      }
      return nil
    }
  }

  private struct State {
    var flights: [Key: Flight] = [:]
    var visitors: UInt64 = 0
  }

  private let state = Mutex(State())

  /// Those who wait for somebody else's value.
  var waitingCount: Int { state.withLock { $0.flights.values.reduce(0) { $0 + $1.waiting.count } } }

  /// Makes the value, or waits for the one who does.
  ///
  /// - Parameters:
  ///   - abandonment: Ends the waiting; `make` has to heed it by itself. The task's cancellation is one, too.
  ///   - make: Runs in the caller's task, for at most one caller of a key at a time.
  /// - Returns: The value, and whether another one's.
  /// - Throws: What `make` throws, or the reason of the abandonment.
  func value(
    for key: Key, abandonment: Abandonment, make: () async throws(ServingError) -> Value
  ) async throws(ServingError) -> (value: Value, isShared: Bool) {
    switch await turn(key, abandonment) {
    case .value(let value): return (value, true)
    case .refused(let error): throw error
    case .lead: break
    }
    do throws(ServingError) {
      let value = try await make()
      for waiting in end(key) { waiting.resume(returning: .value(value)) }
      return (value, false)
    } catch {
      handOver(key)
      throw error
    }
  }

  private func turn(_ key: Key, _ abandonment: Abandonment) async -> Turn {
    let visitor: UInt64? = state.withLock { state in
      if state.flights[key] == nil {
        state.flights[key] = Flight()
        return nil
      }
      state.visitors += 1
      return state.visitors
    }
    guard let visitor else { return .lead }
    return await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        wait(key, visitor, continuation)
        abandonment.fill { [weak self] error in self?.leave(key, visitor, error) }
      }
    } onCancel: {
      abandonment.give(ServingError(.cancelled, "the request was cancelled"))
    }
  }

  private func wait(_ key: Key, _ visitor: UInt64, _ continuation: CheckedContinuation<Turn, Never>) {
    let leads = state.withLock { state in
      // The flight may have ended in between.
      guard state.flights[key] != nil else {
        state.flights[key] = Flight()
        return true
      }
      state.flights[key]?.order.append(visitor)
      state.flights[key]?.waiting[visitor] = continuation
      return false
    }
    if leads { continuation.resume(returning: .lead) }
  }

  private func leave(_ key: Key, _ visitor: UInt64, _ error: ServingError) {
    let waiting = state.withLock { $0.flights[key]?.waiting.removeValue(forKey: visitor) }
    waiting?.resume(returning: .refused(error))
  }

  private func end(_ key: Key) -> [CheckedContinuation<Turn, Never>] {
    state.withLock { state in
      guard let flight = state.flights.removeValue(forKey: key) else { return [] }
      return Array(flight.waiting.values)
    }
  }

  private func handOver(_ key: Key) {
    let next = state.withLock { state in
      let next = state.flights[key]?.next()
      if next == nil { state.flights[key] = nil }
      return next
    }
    next?.resume(returning: .lead)
  }
}
