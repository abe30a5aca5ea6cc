import NIOCore
import NIOPosix

/// What a load run measured.
public struct LoadResult: Sendable {
  public var account: LoadAccount
  /// Seconds that were measured: the plan's duration, less if the run was ended early.
  public var seconds: Double
  /// Connections that could not be opened again.
  public var connectionFailures: Int
  public var isInterrupted: Bool

  /// Good answers a second that came while it was measured.
  public var achievedRate: Double { seconds > 0 ? Double(account.answeredInWindow) / seconds : 0 }
  /// Requests a second that were written.
  public var sentRate: Double { seconds > 0 ? Double(account.sent) / seconds : 0 }
  /// Good answers a second that kept the objective.
  public var goodput: Double { seconds > 0 ? Double(account.withinObjective) / seconds : 0 }

  /// Later than this, the client and not the server may be what is measured.
  public static let lagLimitMilliseconds = 1.0

  /// Whether the client kept the schedule: its own lag is within the limit for 99 % of the requests.
  public var isOnSchedule: Bool { account.lag.percentile(99) ?? 0 <= Self.lagLimitMilliseconds }
}

/// How far a load run is.
public struct LoadProgress: Sendable {
  /// Seconds from the start of the warmup.
  public var seconds: Double
  public var account: LoadAccount
  /// Requests that are due and have no connection yet.
  public var waiting: Int
}

/// A load run: one request, sent again and again by a plan. Everything is ready before the first request is due.
public struct LoadRun: Sendable {
  public let address: ModelAddress
  public let plan: LoadPlan
  public let threads: Int
  let request: ByteBuffer
  /// nil for connections that are not encrypted.
  let encryption: SecureConnections?

  /// - Requires: As many connections as threads, at least.
  /// - Throws: `invalidSecurity` if connections cannot be encrypted.
  public init(
    _ address: ModelAddress, _ encoded: EncodedRequest, plan: LoadPlan, threads: Int = 1,
    security: ClientSecurity = .standard
  ) throws(ClientError) {
    precondition(threads >= 1 && plan.connections >= threads, "\(threads) threads for \(plan.connections) connections")
    encryption = address.scheme == .https ? try SecureConnections(security, host: address.host) : nil
    self.address = address
    self.plan = plan
    self.threads = threads
    let head = """
      POST \(address.path)/infer HTTP/1.1\r
      Host: \(address.authority)\r
      User-Agent: mass\r
      \(security.authorization.map { "Authorization: \($0)\r\n" } ?? "")\
      Content-Type: application/octet-stream\r
      \(ProtocolHeader.jsonLength): \(encoded.headerLength)\r
      Content-Length: \(encoded.body.readableBytes)\r
      \r\n
      """
    var request = ByteBuffer()
    request.reserveCapacity(head.utf8.count + encoded.body.readableBytes)
    request.writeString(head)
    request.writeImmutableBuffer(encoded.body)
    self.request = request
  }

  /// Carries out the plan.
  ///
  /// - Parameters:
  ///   - report: Called about once a second.
  ///   - isInterrupted: Asked some times a second; the run ends early when it says so.
  /// - Throws: `unreachable` when the connections cannot be opened at first.
  public func callAsFunction(
    report: (LoadProgress) -> Void = { _ in }, isInterrupted: () -> Bool = { false }
  ) async throws(ClientError) -> LoadResult {
    let group = MultiThreadedEventLoopGroup(numberOfThreads: threads)
    let result: Result<LoadResult, ClientError>
    do throws(ClientError) {
      result = .success(try await carryOut(on: group, report, isInterrupted))
    } catch { result = .failure(error) }
    try? await group.shutdownGracefully()
    return try result.get()
  }

  private func carryOut(
    on group: MultiThreadedEventLoopGroup, _ report: (LoadProgress) -> Void, _ isInterrupted: () -> Bool
  ) async throws(ClientError) -> LoadResult {
    let workers = try await openWorkers(on: group)
    let start = NIODeadline.now() + Self.preparation
    for worker in workers { worker.eventLoop.execute { worker.value.begin(at: start) } }
    var shown: UInt64 = 1
    var interrupted = false
    while true {
      try? await Task.sleep(for: .milliseconds(50))
      let elapsed = Self.elapsed(since: start)
      interrupted = isInterrupted()
      if interrupted { break }
      let isOver = elapsed >= plan.warmup + plan.duration
      guard isOver || elapsed >= shown * 1_000_000_000 else { continue }
      let total = try await Self.total(workers) { $0.snapshot() }
      if isOver, total.isFinished { break }
      if elapsed >= shown * 1_000_000_000 {
        report(LoadProgress(seconds: Double(elapsed) / 1e9, account: total.account, waiting: total.waiting))
        shown = elapsed / 1_000_000_000 + 1
      }
    }
    let measured = min(max(Self.elapsed(since: start), plan.warmup) - plan.warmup, plan.duration)
    let total = try await Self.total(workers) { $0.stop() }
    return LoadResult(
      account: total.account, seconds: Double(measured) / 1e9, connectionFailures: total.connectionFailures,
      isInterrupted: interrupted)
  }

  /// Between the last connection's opening and the first request.
  private static let preparation = TimeAmount.milliseconds(20)

  private static func elapsed(since start: NIODeadline) -> UInt64 {
    let now = NIODeadline.now()
    return now > start ? UInt64((now - start).nanoseconds) : 0
  }
}

extension LoadRun {
  private typealias Worker = NIOLoopBound<LoadWorker>

  /// A worker for every thread, with all its connections open.
  private func openWorkers(on group: MultiThreadedEventLoopGroup) async throws(ClientError) -> [Worker] {
    var futures: [EventLoopFuture<Worker>] = []
    for (share, loop) in group.makeIterator().enumerated() {
      let connections = plan.connections / threads + (share < plan.connections % threads ? 1 : 0)
      futures.append(
        loop.flatSubmit {
          let worker = LoadWorker(self, share: share, connections: connections, loop: loop)
          return worker.open().assumeIsolated().map { NIOLoopBound(worker, eventLoop: loop) }.nonisolated()
        })
    }
    do { return try await EventLoopFuture.whenAllSucceed(futures, on: group.next()).get() } catch {
      let reason = ConnectionFailure.text(error)
      throw ConnectionFailure.isInsecure(error) ? .insecure(reason: reason) : .unreachable(reason: reason)
    }
  }

  /// The snapshots that workers give, added up.
  private static func total(
    _ workers: [Worker], _ take: @escaping @Sendable (LoadWorker) -> LoadSnapshot
  ) async throws(ClientError) -> LoadSnapshot {
    var total = LoadSnapshot(account: LoadAccount(), waiting: 0, connectionFailures: 0, isFinished: true)
    for worker in workers {
      let part: LoadSnapshot
      do { part = try await worker.eventLoop.submit { take(worker.value) }.get() } catch {
        throw .unreachable(reason: "\(error)")
      }
      total.account.add(part.account)
      total.waiting += part.waiting
      total.connectionFailures += part.connectionFailures
      total.isFinished = total.isFinished && part.isFinished
    }
    return total
  }
}
