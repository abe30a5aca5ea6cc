import GRPCCore
import Synchronization

/// Tells a call that the client left from a call that runs while the server leaves: the transport signals both alike. And knows
/// when everything that was admitted is answered, which the transport does not tell from a connection that is silent.
final class Drain: Sendable {
  private let begun = Atomic(false)
  private let admitted = Atomic(0)
  /// Ends when the drain begins.
  private let start = AsyncStream<Never>.makeStream()

  var hasBegun: Bool { begun.load(ordering: .acquiring) }

  func begin() {
    begun.store(true, ordering: .releasing)
    start.continuation.finish()
  }

  /// Returns when the drain has begun and nothing that was admitted has run for as long as an answer may take to be sent.
  ///
  /// - Throws: `CancellationError`.
  func end() async throws {
    for await _ in start.stream {}
    var quiet = Duration.zero
    while quiet < Self.patience {
      try await Task.sleep(for: Self.interval)
      quiet = admitted.load(ordering: .acquiring) == 0 ? quiet + Self.interval : .zero
    }
  }

  /// Runs `work`, whose end the drain waits for.
  func admitting<Answer, Failure: Error>(
    _ work: () async throws(Failure) -> Answer
  ) async throws(Failure) -> Answer {
    admitted.add(1, ordering: .acquiringAndReleasing)
    defer { admitted.subtract(1, ordering: .acquiringAndReleasing) }
    return try await work()
  }

  /// Runs `work` in a task that is cancelled when the client cancels the call, disconnects or its deadline passes, but not
  /// when the server begins to drain: what was admitted is answered.
  func cancellingWithClient<Answer: Sendable>(_ work: @escaping @Sendable () async -> Answer) async -> Answer {
    let task = Task { await admitting(work) }
    return await Self.value(of: task) { [self] in if !hasBegun { task.cancel() } }
  }

  /// As above, but the beginning of the drain cancels the work as well.
  ///
  /// - Parameter deadline: Cancels the work, too; the transport overlooks deadlines of eight digits.
  /// - Throws: What the work threw; if it threw that it was cancelled, why it was.
  func cancellingWithServer(
    before deadline: UInt64?, _ work: @escaping @Sendable () async throws -> Void
  ) async throws {
    let task = Task { () -> Result<Void, any Error> in
      do { return .success(try await work()) } catch { return .failure(error) }
    }
    let timer = deadline.map { deadline in
      Task {
        try await CallDeadline.sleep(until: deadline)
        task.cancel()
      }
    }
    defer { timer?.cancel() }
    do {
      try await Self.value(of: task) { task.cancel() }.get()
    } catch is CancellationError {
      throw reason(deadline)
    }
  }

  /// Why work was cancelled.
  private func reason(_ deadline: UInt64?) -> ServingError {
    if CallDeadline.isOver(deadline) { return InstancePool.expired }
    if hasBegun { return ServingError(.unavailable, "the server is exiting") }
    return ServingError(.cancelled, "the call was cancelled")
  }

  private static func value<Answer: Sendable>(
    of task: Task<Answer, Never>, onSignal: @escaping @Sendable () -> Void
  ) async -> Answer {
    await withTaskCancellationHandler {
      await withRPCCancellationHandler(operation: { await task.value }, onCancelRPC: onSignal)
    } onCancel: {
      task.cancel()
    }
  }

  private static let patience = Duration.seconds(10)
  private static let interval = Duration.milliseconds(250)
}
