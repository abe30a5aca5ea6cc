/// Decides when which request goes out on which connection, and keeps account of it. It has no clock and no sockets: time
/// is what its caller says, in nanoseconds from the start, and never goes back.
///
/// Response time counts from the moment a request was due. A server that stalls therefore delays every request that falls
/// due meanwhile, and all of these delays are in the histogram, though few requests were under way.
struct LoadLedger: Sendable {
  /// A request to be written now.
  struct Assignment: Hashable, Sendable {
    var connection: Int
    var due: UInt64
  }

  private struct Flight {
    var due: UInt64
    var written: UInt64
  }

  private let plan: LoadPlan
  private var schedule: ArrivalSchedule?
  private var end: UInt64
  private var waiting = FIFO()
  private var idle: [Int] = []
  private var flights: [Flight?]
  private var flightCount = 0
  private(set) var account = LoadAccount()
  /// When the next request falls due; nil when none does by the schedule.
  private(set) var nextArrival: UInt64?

  /// One of `shares` ledgers that together carry out `plan`, this one over `connections` of its connections.
  init(_ plan: LoadPlan, connections: Int, share: Int = 0, of shares: Int = 1) {
    self.plan = plan
    end = plan.warmup + plan.duration
    flights = Array(repeating: nil, count: connections)
    if case .open(let rate, let process) = plan.mode {
      schedule = ArrivalSchedule(process, rate: rate, seed: plan.seed, share: share, of: shares)
      advance()
    }
  }

  /// Whether every request had its answer or failure and none falls due any more.
  func isFinished(at now: UInt64) -> Bool {
    let isOver = plan.isOpen ? nextArrival == nil && waiting.isEmpty : now >= end
    return isOver && flightCount == 0
  }

  var waitingCount: Int { waiting.count }

  // MARK: Requests

  /// The next request to write; asked again and again until there is none.
  mutating func next(at now: UInt64) -> Assignment? {
    while let due = nextArrival, due <= now {
      guard waiting.isEmpty, !idle.isEmpty else {
        admit(due, at: now)
        waiting.append(due)
        continue
      }
      admit(due, at: now)
      return dispatch(due, at: now)
    }
    guard !idle.isEmpty else { return nil }
    if !plan.isOpen, now < end {
      count(due: now) { $0.scheduled += 1 }
      return dispatch(now, at: now)
    }
    return waiting.removeFirst().flatMap { dispatch($0, at: now) }
  }

  private mutating func admit(_ due: UInt64, at now: UInt64) {
    count(due: due) {
      $0.scheduled += 1
      $0.lag.record(nanoseconds: now - due)
    }
    advance()
  }

  private mutating func advance() {
    nextArrival = schedule?.next()
    if let due = nextArrival, due >= end { nextArrival = nil }
  }

  private mutating func dispatch(_ due: UInt64, at now: UInt64) -> Assignment? {
    guard let connection = idle.popLast() else { return nil }
    flights[connection] = Flight(due: due, written: now)
    flightCount += 1
    count(due: due) { $0.sent += 1 }
    return Assignment(connection: connection, due: due)
  }

  /// Changes the account if requests due at `due` are measured.
  private mutating func count(due: UInt64, _ change: (inout LoadAccount) -> Void) {
    if due >= plan.warmup, due < plan.warmup + plan.duration { change(&account) }
  }

  // MARK: Answers

  /// A connection can take a request.
  mutating func opened(_ connection: Int) { idle.append(connection) }

  /// An answer is complete; `isReusable` says whether its connection can take another request. False when no request was
  /// under way on it.
  @discardableResult
  mutating func answered(_ connection: Int, status: Int, isReusable: Bool, at now: UInt64) -> Bool {
    guard let flight = land(connection) else { return false }
    if isReusable { idle.append(connection) }
    let isGood = 200...299 ~= status
    if isGood, now >= plan.warmup, now < end { account.answeredInWindow += 1 }
    let response = now - flight.due
    let isWithin = isGood && response <= plan.objective ?? .max
    count(due: flight.due) {
      $0.statuses[status, default: 0] += 1
      if isWithin { $0.withinObjective += 1 }
      if isGood {
        $0.response.record(nanoseconds: response)
        $0.service.record(nanoseconds: now - flight.written)
      }
    }
    return true
  }

  /// A connection cannot be used until it is `opened` again; the request on it, if any, fails.
  mutating func lost(_ connection: Int, because failure: LoadFailure = .closed) {
    idle.removeAll { $0 == connection }
    guard let flight = land(connection) else { return }
    count(due: flight.due) { $0.failures[failure, default: 0] += 1 }
  }

  private mutating func land(_ connection: Int) -> Flight? {
    guard let flight = flights[connection] else { return nil }
    flights[connection] = nil
    flightCount -= 1
    return flight
  }

  // MARK: Ends

  /// Gives up requests that were due longer ago than the timeout, and names the connections to close for it.
  mutating func expire(at now: UInt64) -> [Int] {
    guard now >= plan.timeout else { return [] }
    let limit = now - plan.timeout
    while let due = waiting.first, due <= limit {
      _ = waiting.removeFirst()
      timeOut(due, at: now)
    }
    var expired: [Int] = []
    for (connection, flight) in flights.enumerated() {
      guard let flight, flight.due <= limit else { continue }
      _ = land(connection)
      timeOut(flight.due, at: now)
      expired.append(connection)
    }
    return expired
  }

  private mutating func timeOut(_ due: UInt64, at now: UInt64) {
    count(due: due) {
      $0.failures[.timeout, default: 0] += 1
      $0.response.record(nanoseconds: now - due)
    }
  }

  /// Ends the run: nothing falls due any more, and what has no answer yet is left unfinished.
  mutating func stop(at now: UInt64) {
    end = min(end, now)
    nextArrival = nil
    while let due = waiting.removeFirst() { count(due: due) { $0.unfinished += 1 } }
    for connection in flights.indices {
      if let flight = land(connection) { count(due: flight.due) { $0.unfinished += 1 } }
    }
  }
}

/// A queue of moments.
private struct FIFO: Sendable {
  private var elements: [UInt64] = []
  private var head = 0

  var isEmpty: Bool { head == elements.count }
  var count: Int { elements.count - head }
  var first: UInt64? { isEmpty ? nil : elements[head] }

  mutating func append(_ element: UInt64) { elements.append(element) }

  mutating func removeFirst() -> UInt64? {
    guard let element = first else { return nil }
    head += 1
    if head == elements.count || head >= 4096 && head * 2 >= elements.count {
      elements.removeFirst(head)
      head = 0
    }
    return element
  }
}
