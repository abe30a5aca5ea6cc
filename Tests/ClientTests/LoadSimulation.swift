@testable import MassClient

/// A server without sockets and without time: it answers each request after `serviceTime`, and not at all while it stalls.
struct LoadSimulation {
  var serviceTime: UInt64 = 1_000_000
  /// When nothing is answered: what is under way is answered at its end, or later.
  var stall: Range<UInt64> = 0..<0
  var status = 200
  /// How late the client looks at anything.
  var clientLag: UInt64 = 0

  private struct Answer: Comparable {
    var time: UInt64
    var connection: Int
    static func < (a: Answer, b: Answer) -> Bool { (a.time, a.connection) < (b.time, b.connection) }
  }

  /// Carries out a plan on one ledger and gives its account.
  func run(_ plan: LoadPlan, share: Int = 0, of shares: Int = 1, until stop: UInt64? = nil) -> LoadAccount {
    var ledger = LoadLedger(plan, connections: plan.connections, share: share, of: shares)
    for connection in 0..<plan.connections { ledger.opened(connection) }
    var answers: [Answer] = []
    var now: UInt64 = 0
    while !ledger.isFinished(at: now) {
      if let stop, now >= stop {
        ledger.stop(at: now)
        break
      }
      for connection in ledger.expire(at: now) {
        answers.removeAll { $0.connection == connection }
        ledger.lost(connection)
        ledger.opened(connection)
      }
      while let assignment = ledger.next(at: now) {
        answers.append(Answer(time: end(of: now), connection: assignment.connection))
      }
      let step = answers.min()
      if let step, step.time <= now {
        answers.removeAll { $0.connection == step.connection }
        ledger.answered(step.connection, status: status, isReusable: true, at: now)
        continue
      }
      let arrival = ledger.nextArrival.map { $0 + clientLag }
      // Timeouts are looked for every 5 ms.
      now = max(now, min(step?.time ?? .max, arrival ?? .max, now + 5_000_000))
    }
    return ledger.account
  }

  private func end(of start: UInt64) -> UInt64 {
    let time = start + serviceTime
    return stall.contains(time) || stall.contains(start) ? stall.upperBound + serviceTime : time
  }
}

extension UInt64 {
  static func seconds(_ count: Double) -> UInt64 { UInt64(count * 1e9) }
}
