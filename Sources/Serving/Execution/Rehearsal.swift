import Dispatch
import MassRuntime
import Synchronization

/// What every instance of a pool runs before it takes requests: it binds the programs that they will need.
final class Rehearsal: Sendable {
  struct Plan: Sendable {
    var inputs: [[Value]] = []
    /// Whether an instance that fails on them is of no use.
    var isRequired = false
  }

  private let plan: Plan
  private let instances: Int
  private let failure = Mutex<ServingError?>(nil)
  private let done = DispatchSemaphore(value: 0)

  init(_ plan: Plan, instances: Int) {
    self.plan = plan
    self.instances = instances
  }

  /// Runs everything, up to the first failure.
  func run(on instance: Instance) {
    do throws(ServingError) { for values in plan.inputs { _ = try instance.rehearse(values) } } catch {
      failure.withLock { $0 = $0 ?? error }
    }
    done.signal()
  }

  /// Waits for all instances.
  ///
  /// - Throws: Why one of them failed, if that matters.
  func wait() throws(ServingError) {
    guard !plan.inputs.isEmpty else { return }
    for _ in 0..<instances { done.wait() }
    if plan.isRequired, let error = failure.withLock({ $0 }) { throw error }
  }
}
