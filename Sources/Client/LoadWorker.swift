import NIOCore
import NIOPosix

/// One event loop of a load run, with its connections and its ledger. It is used on that event loop only.
final class LoadWorker {
  private let loop: any EventLoop
  private let address: ModelAddress
  private let request: ByteBuffer
  private let encryption: SecureConnections?
  /// What times are counted from; nil before the run begins.
  private var start: NIODeadline?
  private var ledger: LoadLedger
  private var channels: [(any Channel)?]
  /// Milliseconds before a connection is opened again: none after an answer, longer and longer without one.
  private var retryDelay: [Int64]
  private var alarm: Scheduled<Void>?
  private var alarmTime = NIODeadline.distantFuture
  private var isStopped = false
  private(set) var connectionFailures = 0

  /// How often timeouts are looked for.
  private static let expiryInterval = TimeAmount.milliseconds(5)
  private static let shortestRetry: Int64 = 10
  private static let longestRetry: Int64 = 1000

  init(_ run: LoadRun, share: Int, connections: Int, loop: any EventLoop) {
    self.loop = loop
    address = run.address
    request = run.request
    encryption = run.encryption
    ledger = LoadLedger(run.plan, connections: connections, share: share, of: run.threads)
    channels = Array(repeating: nil, count: connections)
    retryDelay = Array(repeating: 0, count: connections)
  }

  /// Nanoseconds from the start; before it, none.
  private var now: UInt64 {
    guard let start else { return 0 }
    let (begin, now) = (start.uptimeNanoseconds, NIODeadline.now().uptimeNanoseconds)
    return now > begin ? now - begin : 0
  }

  // MARK: Connections

  /// Opens every connection; the future fails if one cannot be opened.
  func open() -> EventLoopFuture<Void> {
    EventLoopFuture.andAllSucceed(channels.indices.map { connect($0) }, on: loop)
  }

  private func connect(_ index: Int) -> EventLoopFuture<Void> {
    let worker = NIOLoopBound(self, eventLoop: loop)
    let channel = ClientBootstrap(group: loop)
      .connectTimeout(.seconds(10))
      .channelOption(.socketOption(.tcp_nodelay), value: 1)
      .channelInitializer { [isEncrypted = encryption != nil] channel in
        channel.eventLoop.makeCompletedFuture {
          // An encrypted connection has it once it is agreed on.
          if !isEncrypted { try channel.pipeline.syncOperations.addHandler(LoadConnection(index, of: worker.value)) }
        }
      }
      .connect(host: address.host, port: address.port)
    let ready = encryption.map { encryption in
      channel.flatMap { channel in
        encryption.secure(channel) { LoadConnection(index, of: worker.value) }.map { channel }
      }
    }
    return (ready ?? channel).assumeIsolated().map { channel in
      // One that is gone already is being opened again.
      guard channel.isActive else { return }
      self.channels[index] = channel
      self.ledger.opened(index)
    }.nonisolated()
  }

  private func reconnect(_ index: Int) {
    guard !isStopped else { return }
    let delay = retryDelay[index]
    retryDelay[index] = min(max(delay * 2, Self.shortestRetry), Self.longestRetry)
    _ = loop.assumeIsolated().scheduleTask(in: .milliseconds(delay)) {
      guard !self.isStopped else { return }
      self.connect(index).assumeIsolated().whenComplete { result in
        guard case .failure = result else { return self.pump() }
        self.connectionFailures += 1
        self.reconnect(index)
      }
    }
  }

  // MARK: Requests

  /// Begins when the clock reaches `start`, which every worker of a run shares.
  func begin(at start: NIODeadline) {
    loop.assumeIsolated().scheduleTask(deadline: start) {
      self.start = start
      self.watch()
    }
  }

  private func watch() {
    guard !isStopped else { return }
    for index in ledger.expire(at: now) { drop(index) }
    pump()
    loop.assumeIsolated().scheduleTask(in: Self.expiryInterval) { self.watch() }
  }

  /// Writes every request that is due and has a connection, and sleeps until the next.
  private func pump() {
    guard let start, !isStopped else { return }
    while let assignment = ledger.next(at: now) {
      channels[assignment.connection]?.writeAndFlush(request, promise: nil)
    }
    if let next = ledger.nextArrival { setAlarm(at: start + .nanoseconds(Int64(next))) }
  }

  private func setAlarm(at time: NIODeadline) {
    if alarm != nil, alarmTime <= time { return }
    alarm?.cancel()
    alarmTime = time
    alarm = loop.assumeIsolated().scheduleTask(deadline: time) {
      self.alarm = nil
      self.pump()
    }
  }

  // MARK: Answers

  /// Says whether a request was waiting for this answer.
  func answered(_ index: Int, status: Int, isReusable: Bool) -> Bool {
    let isAwaited = ledger.answered(index, status: status, isReusable: isReusable, at: now)
    if isAwaited { retryDelay[index] = 0 }
    pump()
    return isAwaited
  }

  func lost(_ index: Int, because failure: LoadFailure) {
    ledger.lost(index, because: failure)
    channels[index] = nil
    reconnect(index)
  }

  /// Closes a connection whose answer nobody waits for any more.
  private func drop(_ index: Int) { channels[index]?.close(promise: nil) }

  // MARK: Ends

  func snapshot() -> LoadSnapshot {
    LoadSnapshot(
      account: ledger.account, waiting: ledger.waitingCount, connectionFailures: connectionFailures,
      isFinished: ledger.isFinished(at: now))
  }

  /// Ends the run, leaving unfinished what has no answer, and gives the account of it.
  func stop() -> LoadSnapshot {
    ledger.stop(at: now)
    isStopped = true
    alarm?.cancel()
    for channel in channels { channel?.close(promise: nil) }
    return snapshot()
  }
}

/// What a worker has done so far.
struct LoadSnapshot: Sendable {
  var account: LoadAccount
  var waiting: Int
  var connectionFailures: Int
  var isFinished: Bool
}
