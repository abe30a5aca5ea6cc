import HTTPTypes
import Logging
import NIOCore
import Testing

@testable import MassServing

@Suite struct LineBudgets {
  @Test func aSecondHasItsLimit() {
    var budget = LineBudget()
    let taken = (0..<250).filter { _ in budget.take(now: 7_500_000_000) != nil }
    #expect(taken.count == LineBudget.limit)
    #expect(budget.take(now: 7_999_999_999) == nil)
    #expect(budget.take(now: 8_000_000_000) == 151)
    #expect(budget.take(now: 8_000_000_001) == 0)
  }

  @Test func whatWasLeftOutIsToldWhenTheSecondIsOver() {
    var budget = LineBudget()
    for _ in 0..<103 { _ = budget.take(now: 1_000_000_000) }
    #expect(budget.settle(now: 1_900_000_000) == nil)
    #expect(budget.settle(now: 2_000_000_000) == 3)
    #expect(budget.settle(now: 3_000_000_000) == nil)
    #expect(budget.take(now: 3_000_000_000) == 0)
  }
}

@Suite struct RequestLogs {
  private let log = LogRecord()

  /// What is logged and answered for a request that was answered so.
  private func end(
    _ status: Int, path: String = "/v2/models/a/versions/3/infer", _ headers: [String: String] = [:],
    body: String = #"{"error":"no room"}"#, logging: RequestLogging = .failed
  ) -> (event: String?, headers: [String: String]) {
    let observer = RequestObserver(log.logger, logging: logging)
    var request = HTTPRequest(method: .post, scheme: "http", authority: nil, path: path)
    for (name, value) in headers { if let name = HTTPField.Name(name) { request.headerFields[name] = value } }
    let exchange = HTTPExchange(HTTPRequestHead(request), peer: "10.0.0.1", logging: logging, isGuarded: false)
    var answer = HTTPAnswer.json(body, status: status)
    observer.ended(exchange, answer, sent: &answer)
    return (log.events.last, Dictionary(answer.headers) { first, _ in first })
  }

  @Test func whatSucceedsIsNotLogged() {
    let (event, headers) = end(200)
    #expect(event == nil)
    #expect(headers.isEmpty)
    #expect(end(404).event == nil)
    #expect(end(429).headers.isEmpty)
  }

  @Test func aFailureIs() throws {
    let (event, headers) = end(503, ["x-request-id": "mine"])
    let text = try #require(event)
    for part in [
      "request bytes_in=0 bytes_out=19 duration_ms=", " error=no room ", " method=POST ", " model=a ",
      " path=/v2/models/a/versions/3/infer ", " peer=10.0.0.1 ", " protocol=http ", " request_id=mine ",
      " status=503 version=3",
    ] { #expect(text.contains(part), "\(text)") }
    #expect(headers == ["X-Request-Id": "mine"])
  }

  @Test func aFailureHasANameInAnyCase() throws {
    let (event, headers) = end(500, logging: .none)
    #expect(event == nil)
    #expect(headers["X-Request-Id"]?.utf8.count == 32)
    #expect(end(500, ["x-request-id": "not one"]).headers["X-Request-Id"]?.utf8.count == 32)
  }

  @Test func probesDoNotFail() { #expect(end(503, path: "/v2/health/ready").event == nil) }

  @Test func theTraceIsAnswered() throws {
    let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    let (_, headers) = end(200, ["traceparent": parent])
    let response = try #require(headers["traceresponse"].flatMap { TraceParent($0) })
    #expect(response.trace == TraceParent(parent)?.trace)
    #expect(response.span != TraceParent(parent)?.span)
    #expect(headers["X-Request-Id"] == nil)
  }

  @Test func allMeansAll() throws {
    let (event, headers) = end(200, path: "/v1/models/b:predict?x=1", body: "{}", logging: .all)
    let text = try #require(event)
    #expect(text.contains(" model=b path=/v1/models/b:predict peer="))
    #expect(!text.contains("error="))
    #expect(headers.isEmpty)
  }

  @Test func textsAreBounded() throws {
    let long = String(repeating: "é", count: 10_000)
    let (event, _) = end(500, path: "/\(String(repeating: "x", count: 10_000))", body: #"{"error":"\#(long)"}"#)
    #expect(try #require(event).utf8.count < 1200)
  }

  @Test func aFloodIsBounded() {
    let observer = RequestObserver(log.logger)
    var request = HTTPRequest(method: .get, scheme: "http", authority: nil, path: "/")
    request.headerFields = [:]
    let exchange = HTTPExchange(HTTPRequestHead(request), peer: "", logging: .failed, isGuarded: false)
    for _ in 0..<1000 {
      var answer = HTTPAnswer.json("{}", status: 500)
      observer.ended(exchange, answer, sent: &answer)
    }
    // The thousand may fall into two seconds.
    #expect((100...200).contains(log.events.count))
  }

  @Test func refusalsAreCounted() {
    let counts = RefusalCounts()
    counts.count(RefusalReason(status: 413))
    counts.count(RefusalReason(status: 400))
    counts.count(RefusalReason(ServingError(.unavailable, "", retryAfter: 1)))
    counts.count(RefusalReason(ServingError(.unavailable, "")))
    counts.count(RefusalReason(ServingError(.resourceExhausted, "")))
    counts.count(RefusalReason(ServingError(.deadlineExceeded, "")))
    let text = MetricsText([], others: [counts.family], process: nil).text
    let samples = text.split(separator: "\n").filter { !$0.hasPrefix("#") }
    let expected = [
      ("body_too_large", 1), ("unauthenticated", 0), ("permission_denied", 0), ("rate_limited", 1), ("overloaded", 1),
      ("deadline", 1),
    ]
    #expect(samples.map(String.init) == expected.map { #"mass_requests_rejected_total{reason="\#($0)"} \#($1)"# })
  }
}
