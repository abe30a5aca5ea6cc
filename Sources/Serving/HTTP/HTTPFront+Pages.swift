import HTTPTypes
import MassFormats
import NIOCore

/// What is answered without looking at a model.
extension HTTPFront {
  func page(_ head: HTTPRequestHead, _ type: String, _ body: ByteBuffer) -> HTTPAnswer {
    guard head.method == .get || head.method == .head else {
      return HTTPAnswer(
        status: 405, contentType: "application/json", headers: [("Allow", "GET, HEAD")],
        body: ByteBuffer(string: #"{"error":"Method Not Allowed"}"#))
    }
    var answer = HTTPAnswer(contentType: type, body: body)
    if type.hasPrefix("text/html") { answer.headers = ServerPage.headers }
    return answer
  }

  /// What is stuck, by name.
  func notLive(_ head: HTTPRequestHead) -> HTTPAnswer {
    let names = service.stuckWatch.found.map(\.description).joined(separator: ", ")
    var answer = page(head, "application/json", ByteBuffer())
    guard answer.status == 200 else { return answer }
    let reason = "no progress for more than \(service.stuckWatch.seconds) s: \(names)"
    answer = .json(JSON.object([("live", false), ("error", .string(reason))]).text(isIndented: false), status: 503)
    return answer
  }

  private var certificateFamilies: [MetricFamily] {
    options.tls.map { tls in
      [
        MetricFamily(
          "mass_tls_certificate_expiry_timestamp_seconds", .gauge, "When the server's certificate expires, since 1970.",
          [MetricFamily.Sample([], "\(tls.certificateExpiry)")])
      ]
    } ?? []
  }

  /// Everything counted, for Prometheus.
  var metrics: String {
    MetricsText(
      service.metrics, refused: service.refused, others: service.metricFamilies + certificateFamilies,
      process: .sample()
    ).text
  }
}
