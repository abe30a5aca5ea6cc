import Dispatch
import MassRuntime
import Synchronization

/// What every instance of a pool runs before it takes requests: it binds the programs that they will need.
final class Rehearsal: Sendable {
  private let inputs: [[Value]]
  private let instances: Int
  private let failure = Mutex<ServingError?>(nil)
  private let done = DispatchSemaphore(value: 0)

  init(_ inputs: [[Value]], instances: Int) {
    self.inputs = inputs
    self.instances = instances
  }

  /// Runs everything, up to the first failure.
  func run(on instance: Instance) {
    do throws(ServingError) { for values in inputs { _ = try instance.rehearse(values) } } catch {
      failure.withLock { $0 = $0 ?? error }
    }
    done.signal()
  }

  /// Waits for all instances.
  ///
  /// - Throws: Why one of them failed.
  func wait() throws(ServingError) {
    guard !inputs.isEmpty else { return }
    for _ in 0..<instances { done.wait() }
    if let error = failure.withLock({ $0 }) { throw error }
  }
}
