import Testing

@testable import MassClient

@Suite struct LoadLedgerTests {
  private func plan(
    _ mode: LoadPlan.Mode, connections: Int = 10, warmup: Double = 0, duration: Double = 20, timeout: Double = 10,
    objective: Double? = nil
  ) -> LoadPlan {
    LoadPlan(
      mode: mode, connections: connections, warmup: .seconds(warmup), duration: .seconds(duration),
      timeout: .seconds(timeout), objective: objective.map { .seconds($0) }, seed: 1)
  }

  /// Ten connections answer 10,000/s. Of 20,000 requests in 20 s, the 1000 that fall due while the server stands still
  /// from 5 s to 6 s wait for its end and for those before them: the one due `t` after the stall's begin takes 1 - 0.9 t.
  @Test func stallOfOneSecondIsInThePercentiles() throws {
    let simulation = LoadSimulation(stall: .seconds(5) ..< .seconds(6))
    let account = simulation.run(plan(.open(rate: 1000, .uniform)))
    #expect(account.scheduled == 20_000 && account.succeeded == 20_000 && account.failed == 0)
    func response(_ percent: Double) throws -> Double { try #require(account.response.percentile(percent)) }
    #expect(try abs(response(50) - 1) < 0.01)
    #expect(try abs(response(90) - 1) < 0.01)
    // 200 requests are slower than the 99th percentile: those of the stall's first 0.2 s.
    #expect(try abs(response(99) - (1000 - 0.9 * 200)) < 10)
    #expect(try abs(response(99.9) - (1000 - 0.9 * 20)) < 10)
    #expect(try abs(response(100) - 1001) < 3)
    // What a closed loop would have told: ten requests were slow.
    #expect(try #require(account.service.percentile(99.9)) < 1.01)
    #expect(try #require(account.service.percentile(100)) > 999)
  }

  @Test func poissonArrivalsShowTheStallAsWell() throws {
    let account = LoadSimulation(stall: .seconds(5) ..< .seconds(6)).run(plan(.open(rate: 1000, .poisson)))
    #expect(abs(try #require(account.response.percentile(99)) - 820) < 40)
    #expect(account.lag.percentile(100) == 0)
  }

  @Test func closedLoopDoesNotSeeTheStall() throws {
    let account = LoadSimulation(stall: .seconds(5) ..< .seconds(6)).run(plan(.closed))
    // 190,000 requests, of which ten were slow.
    #expect(abs(account.succeeded - 190_000) <= 30)
    #expect(try #require(account.service.percentile(99.9)) < 1.01)
  }

  /// One connection answers 100/s; 200/s are due. The backlog grows by 100/s, so the wait grows to half the duration.
  @Test func waitForConnectionCounts() throws {
    let simulation = LoadSimulation(serviceTime: .seconds(0.01))
    let account = simulation.run(plan(.open(rate: 200, .uniform), connections: 1, duration: 4, timeout: 60))
    #expect(account.succeeded == 800)
    #expect(abs(try #require(account.response.percentile(100)) - 4010) < 20)
    #expect(abs(try #require(account.response.percentile(50)) - 2000) < 20)
    #expect(try #require(account.service.percentile(100)) < 10.02)
    // Half of what is asked for is answered while it is asked for.
    #expect(abs(account.answeredInWindow - 400) <= 1)
  }

  @Test(arguments: ArrivalProcess.allCases, [50.0, 2000])
  func rateIsAchievedInExpectation(process: ArrivalProcess, rate: Double) {
    let account = LoadSimulation().run(plan(.open(rate: rate, process)))
    let expected = rate * 20
    #expect(abs(Double(account.scheduled) - expected) <= (process == .uniform ? 1 : 5 * expected.squareRoot()))
    #expect(account.sent == account.scheduled && account.succeeded == account.sent)
    #expect(account.answeredInWindow <= account.sent && account.sent - account.answeredInWindow < 20)
  }

  @Test func sharesAddUpToTheWhole() {
    let whole = plan(.open(rate: 1000, .uniform), duration: 2)
    var total = LoadAccount()
    for share in 0..<3 { total.add(LoadSimulation().run(whole, share: share, of: 3)) }
    #expect(total.scheduled == 2000 && total.succeeded == 2000)
    #expect(total.response.count == 2000 && total.statuses == [200: 2000])
  }

  @Test func warmupIsNotMeasured() {
    let account = LoadSimulation(stall: 0 ..< .seconds(0.5)).run(
      plan(.open(rate: 1000, .uniform), warmup: 1, duration: 1))
    #expect(account.scheduled == 1000 && account.response.count == 1000)
    #expect(account.response.percentile(100).map { $0 < 1.01 } == true)
  }

  @Test func requestsThatAreDueTooLongAgoTimeOut() throws {
    let simulation = LoadSimulation(stall: .seconds(1) ..< .seconds(3))
    let account = simulation.run(plan(.open(rate: 100, .uniform), duration: 4, timeout: 0.5))
    let timeouts = try #require(account.failures[.timeout])
    // Those due in the stall but for its last half second; they are answered within 10 ms of its end.
    #expect(abs(timeouts - 150) <= 2)
    #expect(account.succeeded + timeouts == 400 && account.scheduled == 400)
    #expect(account.response.count == 400, "timeouts count with what they waited")
    #expect(abs(try #require(account.response.percentile(99)) - 505) < 10)
  }

  @Test func objectiveCountsResponsesWithinIt() {
    let simulation = LoadSimulation(stall: .seconds(5) ..< .seconds(6))
    let account = simulation.run(plan(.open(rate: 1000, .uniform), objective: 0.1))
    // 1 - 0.9 t ≤ 0.1 at the stall's last request; those after it wait for a backlog of at most 100 ms.
    #expect(abs(account.withinObjective - 19_000) <= 5)
  }

  @Test func refusalsAreNoGoodAnswers() {
    let account = LoadSimulation(status: 503).run(plan(.open(rate: 100, .uniform), duration: 1, objective: 1))
    #expect(account.statuses == [503: 100] && account.failed == 100 && account.succeeded == 0)
    #expect(account.withinObjective == 0 && account.answeredInWindow == 0 && account.response.count == 0)
  }

  @Test func clientThatIsLateSaysSo() throws {
    let late = LoadSimulation(clientLag: 2_000_000).run(plan(.open(rate: 100, .uniform), duration: 1))
    #expect(try #require(late.lag.percentile(99)) >= 2)
    #expect(try #require(late.response.percentile(50)) >= 3, "lateness counts")
    let result = LoadResult(account: late, seconds: 1, connectionFailures: 0, isInterrupted: false)
    #expect(!result.isOnSchedule)
    let punctual = LoadSimulation(clientLag: 500_000).run(plan(.open(rate: 100, .uniform), duration: 1))
    #expect(LoadResult(account: punctual, seconds: 1, connectionFailures: 0, isInterrupted: false).isOnSchedule)
  }

  @Test func lostConnectionsFailTheirRequests() {
    var ledger = LoadLedger(plan(.open(rate: 1000, .uniform), connections: 1), connections: 1)
    ledger.opened(0)
    let first = ledger.next(at: 0)
    ledger.lost(0)
    ledger.lost(0)
    let withoutConnection = ledger.next(at: 2_000_000)
    #expect(withoutConnection == nil && ledger.waitingCount == 2)
    ledger.opened(0)
    let second = ledger.next(at: 3_000_000)
    #expect(first == .init(connection: 0, due: 0) && second == .init(connection: 0, due: 1_000_000))
    #expect(ledger.account.failures == [.closed: 1] && ledger.account.sent == 2)
  }

  @Test func answersNobodyWaitsForAreTold() {
    var ledger = LoadLedger(plan(.closed, connections: 1), connections: 1)
    ledger.opened(0)
    let isEarlyAwaited = ledger.answered(0, status: 200, isReusable: true, at: 0)
    let requests = [ledger.next(at: 1), ledger.next(at: 1)]
    let isAwaited = ledger.answered(0, status: 200, isReusable: true, at: 2)
    #expect(!isEarlyAwaited && isAwaited)
    #expect(requests[0] != nil && requests[1] == nil)
  }

  @Test func stopLeavesRequestsUnfinished() {
    let simulation = LoadSimulation(serviceTime: .seconds(1))
    let account = simulation.run(plan(.open(rate: 100, .uniform), connections: 2), until: .seconds(1))
    #expect(account.scheduled == account.succeeded + account.unfinished && account.unfinished >= 98)
  }
}
