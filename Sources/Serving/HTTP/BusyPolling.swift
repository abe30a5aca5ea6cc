import NIOCore
import NIOPosix

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// The threads that connections belong to.
struct EventLoops: Sendable {
  let group: MultiThreadedEventLoopGroup
  /// nil for loops that sleep as soon as they have nothing to do.
  let polling: BusyPolling?

  init(busyPollMicroseconds: Int) {
    guard busyPollMicroseconds > 0 else {
      polling = nil
      group = MultiThreadedEventLoopGroup(numberOfThreads: System.coreCount)
      return
    }
    let polling = BusyPolling()
    self.polling = polling
    group = MultiThreadedEventLoopGroup(numberOfThreads: System.coreCount, metricsDelegate: polling)
    polling.follow(group, microseconds: busyPollMicroseconds)
  }
}

/// Has event loops look for the next request for a short while before they sleep.
///
/// A client that sends one small request after the other waits longer for the server's processor to wake up than for the
/// answer. So after quick answers to one and the same client a loop asks the system again and again whether there is anything to do, and gives
/// the processor to whoever else can use it in between. It does so while that pays: when nothing came for the whole while, the
/// next answer is not followed by it, after another miss the next two are not, and so on up to `mostSkipped`.
final class BusyPolling: NIOEventLoopMetricsDelegate, Sendable {
  private let loops = ThreadSpecificVariable<NIOLoopBoundBox<PolledLoop>>()

  /// - Parameter microseconds: How long loops poll after an answer.
  fileprivate func follow(_ group: MultiThreadedEventLoopGroup, microseconds: Int) {
    for loop in group.makeIterator() {
      loop.execute { [self] in
        let polled = PolledLoop(loop, patience: .microseconds(Int64(microseconds)))
        loops.currentValue = NIOLoopBoundBox(polled, eventLoop: loop)
      }
    }
  }

  /// To be called on the event loop that answered a request, when the answer was written.
  ///
  /// - Parameter start: Nanoseconds of the monotonic clock at which the request came.
  func answered(_ connection: Connection, since start: UInt64) {
    loops.currentValue?.value.answered(ObjectIdentifier(connection), since: start)
  }

  func processedTick(info: NIOEventLoopTickInfo) { loops.currentValue?.value.wait() }
}

/// An event loop that is kept from sleeping by a callback that is always due in a moment. It belongs to its thread.
private final class PolledLoop: NIOScheduledCallbackHandler {
  private static let interval = TimeAmount.microseconds(2)
  /// Whoever waits for longer than this does not mind the processor's waking up.
  private static let quick: UInt64 = 100_000
  private static let mostSkipped = 256
  /// Answers in a row that make a client the only one. While there are several, the loop hardly sleeps anyway.
  private static let leastInRow = 8

  private let loop: any EventLoop
  private let patience: TimeAmount
  private var isPolling = false
  private var lastAnswer = NIODeadline.distantPast
  /// When the callback is due.
  private var next = NIODeadline.distantPast
  /// Answers yet to come that are not followed by polling.
  private var skipped = 0
  private var penalty = 1
  private var lastClient: ObjectIdentifier?
  private var inRow = 0

  init(_ loop: any EventLoop, patience: TimeAmount) {
    self.loop = loop
    self.patience = patience
  }

  func answered(_ client: ObjectIdentifier, since start: UInt64) {
    inRow = client == lastClient ? inRow + 1 : 0
    lastClient = client
    guard inRow >= Self.leastInRow else { return }
    if isPolling {
      penalty = 1
      lastAnswer = .now()
    } else if start < (lastAnswer + patience).uptimeNanoseconds {
      // It came in time, and took until the polling was over.
      penalty = 1
      poll(since: start)
    } else if skipped > 0 {
      skipped -= 1
    } else {
      poll(since: start)
    }
  }

  private func poll(since start: UInt64) {
    guard MonotonicClock.now() - start < Self.quick else { return }
    lastAnswer = .now()
    isPolling = true
    schedule(at: lastAnswer)
  }

  func handleScheduledCallback(eventLoop: some EventLoop) {
    let now = NIODeadline.now()
    if now - lastAnswer < patience { return schedule(at: now) }
    isPolling = false
    skipped = penalty
    penalty = min(penalty * 2, Self.mostSkipped)
  }

  private func schedule(at now: NIODeadline) {
    next = now + Self.interval
    // It fails for a loop that is shut down, which has no use for it.
    if (try? loop.assumeIsolated().scheduleCallback(at: next, handler: self)) == nil { isPolling = false }
  }

  /// Waits until the callback is due. The loop, which has nothing else to do then, looks for work without sleeping, and calls.
  func wait() {
    guard isPolling else { return }
    while NIODeadline.now() < next { sched_yield() }
  }
}
