import GRPCCore
import Synchronization

/// Tells a call that the client left from a call that runs while the server leaves: the transport signals both alike.
final class Drain: Sendable {
  private let begun = Atomic(false)

  var hasBegun: Bool { begun.load(ordering: .acquiring) }

  func begin() { begun.store(true, ordering: .releasing) }

  /// Runs `work` in a task that is cancelled when the client cancels the call, disconnects or its deadline passes, but not
  /// when the server begins to drain: what was admitted is answered.
  func cancellingWithClient<Answer: Sendable>(_ work: @escaping @Sendable () async -> Answer) async -> Answer {
    let task = Task { await work() }
    return await Self.value(of: task) { [self] in if !hasBegun { task.cancel() } }
  }

  /// As above, but the beginning of the drain cancels the work as well.
  func cancellingWithServer<Answer: Sendable>(_ work: @escaping @Sendable () async -> Answer) async -> Answer {
    let task = Task { await work() }
    return await Self.value(of: task) { task.cancel() }
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
}
