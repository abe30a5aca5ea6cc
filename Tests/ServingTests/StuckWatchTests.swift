import Logging
import NIOPosix
import Synchronization
import Testing

@testable import MassServing

/// A clock that stands still unless it is moved.
private final class ManualClock: Sendable {
  private let nanoseconds = Atomic<UInt64>(1_000_000_000_000)

  var now: UInt64 { nanoseconds.load(ordering: .relaxed) }

  func advance(_ seconds: Double) { nanoseconds.add(UInt64(seconds * 1e9), ordering: .relaxed) }
}

/// Keeps what is logged.
final class LogRecord: Sendable {
  private let lines = Mutex<[String]>([])

  var events: [String] { lines.withLock { $0 } }

  func append(_ line: String) { lines.withLock { $0.append(line) } }

  var logger: Logger { Logger(label: "test") { _ in Handler(record: self) } }

  private struct Handler: LogHandler {
    let record: LogRecord
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.trace

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
      get { metadata[key] }
      set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
      let values = (event.metadata ?? [:]).sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
      record.append((["\(event.message)"] + values).joined(separator: " "))
    }
  }
}

@Suite struct StuckWatches {
  private let clock = ManualClock()
  private let log = LogRecord()
  private let watch: StuckWatch

  init() {
    let clock = clock
    watch = StuckWatch(seconds: 10, log: log.logger) { clock.now }
  }

  /// Looks every second for so long.
  private func pass(_ seconds: Int, _ executions: [StuckWatch.Execution] = [], beating: [() -> Void] = []) {
    for _ in 0..<seconds {
      clock.advance(1)
      for beat in beating { beat() }
      watch.look(executions)
    }
  }

  @Test func aLoopThatBeatsIsWell() {
    let beat = watch.heartbeat()
    pass(100, beating: [beat])
    #expect(watch.found.isEmpty)
    #expect(log.events.isEmpty)
  }

  @Test func aLoopThatStopsIsFoundOnce() {
    let (first, second) = (watch.heartbeat(), watch.heartbeat())
    pass(3, beating: [first, second])
    pass(11, beating: [first])
    #expect(watch.found.isEmpty)
    pass(1, beating: [first])
    #expect(watch.found == [.eventLoop(1)])
    pass(20, beating: [first])
    #expect(log.events == ["stuck limit_s=10 thread=event loop 1"])
    pass(1, beating: [first, second])
    #expect(watch.found.isEmpty)
    #expect(log.events.last == "not stuck any more thread=event loop 1")
  }

  @Test func aLongExecutionIsFound() {
    pass(1)
    let executions = [
      StuckWatch.Execution(model: "slow", version: 3, start: clock.now),
      StuckWatch.Execution(model: "quick", version: 1, start: clock.now + 8_000_000_000),
    ]
    pass(10, executions)
    #expect(watch.found.isEmpty)
    pass(1, executions)
    #expect(watch.found == [.model("slow", version: 3)])
    #expect(log.events == ["stuck limit_s=10 thread=model 'slow' version 3"])
    pass(1)
    #expect(watch.found.isEmpty)
  }

  @Test func aProcessThatWasStoppedIsExcused() {
    let beat = watch.heartbeat()
    pass(1, beating: [beat])
    let execution = StuckWatch.Execution(model: "a", version: 1, start: clock.now)
    clock.advance(3600)
    watch.look([execution])
    #expect(watch.found.isEmpty)
    pass(10, [execution])
    #expect(watch.found.isEmpty)
    pass(1, [execution])
    #expect(watch.found.count == 2)
  }

  @Test func zeroIsNever() {
    _ = watch.heartbeat()
    watch.seconds = 0
    pass(1000, [StuckWatch.Execution(model: "a", version: 1, start: 0)])
    #expect(watch.found.isEmpty)
    #expect(watch.seconds == 0)
  }

  @Test func theLimitMayChange() {
    _ = watch.heartbeat()
    watch.seconds = 60
    pass(30)
    #expect(watch.found.isEmpty)
    watch.seconds = 5
    pass(1)
    #expect(watch.found == [.eventLoop(0)])
  }

  @Test func eventLoopsBeat() async throws {
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 2)
    watch.follow(group)
    clock.advance(30)
    // The first beats were scheduled before these.
    for loop in group.makeIterator() { try await loop.submit {}.get() }
    watch.look([])
    pass(1)
    #expect(watch.found.isEmpty)
    try await group.shutdownGracefully()
  }
}
