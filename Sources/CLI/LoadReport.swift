import MassClient
import MassFormats

/// What a load run found, for people and for programs.
struct LoadReport {
  private let result: LoadResult
  private let options: LoadOptions
  private let url: String

  init(_ result: LoadResult, _ options: LoadOptions, url: String) {
    self.result = result
    self.options = options
    self.url = url
  }

  private var account: LoadAccount { result.account }
  private var isOpen: Bool { options.closed == nil }

  /// Why the figures are not what was asked for.
  var problem: String? {
    if isOpen, !result.isOnSchedule {
      return
        "the figures are invalid: the client itself was up to \(Self.milliseconds(account.lag.percentile(99))) late "
        + "for 99 % of the requests, so it could not keep this rate; use more --client-threads or another machine"
    }
    return account.succeeded == 0 && !result.isInterrupted ? "no request was answered with success" : nil
  }

  /// Failed requests by what the server or the connection did.
  private var failures: [(name: String, count: Int)] {
    let refused = account.statuses.filter { !(200...299 ~= $0.key) }.sorted { $0.key < $1.key }
    let broken = LoadFailure.allCases.map { ($0.rawValue, account.failures[$0] ?? 0) }
    return refused.map { ("HTTP \($0.key)", $0.value) } + broken.filter { $0.1 > 0 }
  }

  /// One line about a run that goes on; `sent` is what had been sent a second ago.
  static func progress(_ state: LoadProgress, since sent: Int) -> String {
    let account = state.account
    let latencies = account.response.count > 0 ? account.response : account.service
    return "\(Text.fixed(state.seconds, 0)) s: \(account.sent - sent)/s, \(account.failed) failed, "
      + "\(state.waiting) waiting, p50 \(milliseconds(latencies.percentile(50))), "
      + "p99 \(milliseconds(latencies.percentile(99)))"
  }

  private static func milliseconds(_ value: Double?) -> String { value.map { Text.fixed($0, 3) + " ms" } ?? "–" }
}

extension LoadReport {
  var text: String {
    let mode =
      options.rate.map { "open loop, \(Text.short($0))/s \(options.arrivals.rawValue)" }
      ?? "closed loop (no schedule: latencies are service times)"
    var rows = [["mode", mode], ["connections", "\(options.connectionCount)"]]
    rows.append(["measured", Text.fixed(result.seconds, 2) + " s" + (result.isInterrupted ? ", interrupted" : "")])
    rows.append(["requests", "\(account.sent) sent, \(account.succeeded) answered, \(account.failed) failed"])
    for failure in failures { rows.append(["", "\(failure.count) × \(failure.name)"]) }
    if account.unfinished > 0 { rows.append(["unfinished", "\(account.unfinished)"]) }
    if result.connectionFailures > 0 { rows.append(["failed connections", "\(result.connectionFailures)"]) }
    rows.append([isOpen ? "achieved rate" : "closed-loop throughput", Text.fixed(result.achievedRate, 1) + "/s"])
    if let slo = options.slo {
      let share = account.scheduled > 0 ? Double(account.withinObjective) / Double(account.scheduled) : 0
      rows.append([
        "goodput", "\(Text.fixed(result.goodput, 1))/s within \(Text.short(slo)) ms (\(Text.percent(share)))",
      ])
    }
    if isOpen { rows.append(["client lag", "p99 \(Self.milliseconds(account.lag.percentile(99)))"]) }
    return Text.table(rows) + "\n" + latencyTable
  }

  private var latencyTable: String {
    var columns = [("service", account.service)]
    if isOpen { columns.insert(("response", account.response), at: 0) }
    var rows = [["ms"] + columns.map(\.0)]
    for (i, (name, _)) in account.service.summary.enumerated() {
      rows.append([name] + columns.map { $0.1.summary[i].milliseconds.map { Text.fixed($0, 3) } ?? "–" })
    }
    return Text.table(rows, right: [1, 2])
  }

  var json: JSON {
    func latencies(_ histogram: LatencyHistogram) -> JSON {
      .object(histogram.summary.map { ($0.name, $0.milliseconds.map { .double($0) } ?? .null) })
    }
    return .object([
      ("url", .string(url)), ("mode", .string(isOpen ? "open" : "closed")),
      ("rate", options.rate.map { .double($0) } ?? .null),
      ("arrivals", isOpen ? .string(options.arrivals.rawValue) : .null), ("seed", .string("\(options.seed)")),
      ("connections", .int(options.connectionCount)), ("client_threads", .int(options.clientThreads)),
      ("warmup_s", .double(options.warmup)), ("measured_s", .double(result.seconds)),
      ("interrupted", .bool(result.isInterrupted)), ("valid", .bool(!isOpen || result.isOnSchedule)),
      ("scheduled", .int(account.scheduled)), ("sent", .int(account.sent)), ("answered", .int(account.answered)),
      ("succeeded", .int(account.succeeded)), ("failed", .int(account.failed)),
      ("failures", .object(failures.map { ($0.name, .int($0.count)) })), ("unfinished", .int(account.unfinished)),
      ("connection_failures", .int(result.connectionFailures)), ("sent_rate", .double(result.sentRate)),
      ("achieved_rate", .double(result.achievedRate)), ("slo_ms", options.slo.map { .double($0) } ?? .null),
      ("within_slo", options.slo == nil ? .null : .int(account.withinObjective)),
      ("goodput", options.slo == nil ? .null : .double(result.goodput)),
      ("response_ms", isOpen ? latencies(account.response) : .null), ("service_ms", latencies(account.service)),
      ("client_lag_ms", isOpen ? latencies(account.lag) : .null),
    ])
  }
}
