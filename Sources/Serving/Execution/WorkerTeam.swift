import MassRuntime
import Synchronization
import ThreadsShim

/// The OpenMP workers that help one thread of an instance.
///
/// libgomp counts the workers of every team in the process, whether they work or wait. While there are more of them than
/// processors, all of them sleep at each barrier rather than spin, and a model that runs alone takes half as long again because
/// another one is loaded. So the thread of an idle instance gives its workers up: soon when there are too many of them, later
/// in any case. To start them again takes as long as it takes to start threads.
struct WorkerTeam: ~Copyable {
  /// All workers of the process that belong to instances.
  private static let workers = Atomic(0)
  private static let processors = ThreadCount.affinity
  private static let patience: UInt64 = 5_000_000
  private static let longPatience: UInt64 = 1_000_000_000

  /// The size of the team without the thread itself.
  private let size: Int
  private var isHeld = false

  /// - Parameter threads: The size of the team with the thread itself.
  init(threads: Int) { size = max(0, threads - 1) }

  /// To be called when the thread has run an instance.
  mutating func worked() {
    guard size > 0, !isHeld else { return }
    isHeld = true
    Self.workers.add(size, ordering: .relaxed)
  }

  /// To be called before the thread waits for work, on this thread.
  ///
  /// - Parameter wait: Waits until a moment, in nanoseconds of the monotonic clock, and says whether there was work in time.
  mutating func rest(_ wait: (_ deadline: UInt64) -> Bool) {
    guard isHeld else { return }
    let now = MonotonicClock.now()
    // libgomp counts one more, for the thread that loaded it.
    if Self.workers.load(ordering: .relaxed) >= Self.processors {
      if wait(now.addingClamped(Self.patience)) { return }
    } else if wait(now.addingClamped(Self.longPatience)) {
      return
    }
    release()
  }

  private mutating func release() {
    isHeld = false
    Self.workers.subtract(size, ordering: .relaxed)
    mass_threads_release()
  }

  deinit {
    // The workers end with their thread.
    if isHeld { Self.workers.subtract(size, ordering: .relaxed) }
  }
}
