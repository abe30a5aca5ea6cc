/// Everything counted, in the text format of Prometheus (version 0.0.4).
///
/// Names that begin with `nv_` are Triton's, so that dashboards and autoscalers made for it go on working.
struct MetricsText {
  private var writer = MetricsWriter()

  /// - Parameters:
  ///   - versions: What was counted of each version of a model, in the order in which it shall be written.
  ///   - refused: Requests that limits refused, of each model that has one.
  ///   - others: What else is counted; a family without samples is left out.
  ///   - process: nil where the system does not tell.
  init(
    _ versions: [(VersionStatistics, VersionHistograms)], refused: [(model: String, count: UInt64)] = [],
    others: [MetricFamily] = [], process: ProcessMetrics?
  ) {
    let rows = versions.map { counts, histograms in
      Row(
        labels: MetricsWriter.labels([("model", counts.name), ("version", String(counts.version))]), counts: counts,
        histograms: histograms)
    }
    for family in CountFamily.all where !rows.isEmpty { write(family, rows) }
    if !rows.isEmpty {
      writeFailures(rows)
      writeDurations(rows)
      writeBatches(rows)
    }
    if !refused.isEmpty { write(refused) }
    for family in others where !family.isEmpty { write(family) }
    if let process { write(process) }
  }

  private mutating func write(_ refused: [(model: String, count: UInt64)]) {
    let name = "mass_rate_limited_requests_total"
    writer.family(name, .counter, "Requests that the model's limit refused.")
    for (model, count) in refused { writer.sample(name, MetricsWriter.labels([("model", model)]), String(count)) }
  }

  private mutating func write(_ family: MetricFamily) {
    writer.family(family.name, family.kind, family.help)
    for sample in family.samples { writer.sample(family.name, MetricsWriter.labels(sample.labels), sample.value) }
    for (labels, histogram) in family.histograms { write(histogram, family.name, MetricsWriter.labels(labels)) }
  }

  private mutating func write(_ histogram: LatencyHistogram, _ name: String, _ labels: String) {
    writer.histogram(
      name, labels, bounds: Self.durationBounds, counts: histogram.cumulativeCounts, total: histogram.count,
      sum: MetricsWriter.seconds(histogram.nanoseconds))
  }

  var text: String { writer.text }

  /// One version of a model with the labels that all its samples have.
  private struct Row {
    var labels: String
    var counts: VersionStatistics
    var histograms: VersionHistograms
  }

  private mutating func write(_ family: CountFamily, _ rows: [Row]) {
    writer.family(family.name, family.kind, family.help)
    for row in rows { writer.sample(family.name, row.labels, String(family.value(row.counts))) }
  }

  private mutating func writeFailures(_ rows: [Row]) {
    let name = "nv_inference_request_failure"
    writer.family(name, .counter, "Requests that failed, by reason.")
    for row in rows {
      var counts: [FailureReason: UInt64] = [:]
      for (code, count) in row.counts.failures { counts[FailureReason(code), default: 0] += count }
      for reason in FailureReason.allCases {
        writer.sample(name, row.labels + #",reason="\#(reason.rawValue)""#, String(counts[reason] ?? 0))
      }
    }
  }

  private mutating func writeDurations(_ rows: [Row]) {
    let name = "mass_request_duration_seconds"
    writer.family(name, .histogram, "Time that answered requests spent in each stage; total is the whole request.")
    for row in rows {
      for (stage, histogram) in row.histograms.stages { write(histogram, name, row.labels + #",stage="\#(stage)""#) }
    }
  }

  private mutating func writeBatches(_ rows: [Row]) {
    let name = "mass_batch_rows"
    writer.family(name, .histogram, "Rows that were executed together.")
    for row in rows {
      let batches = row.histograms.batchRows
      writer.histogram(
        name, row.labels, bounds: Self.rowBounds.map(String.init),
        counts: Self.rowBounds.map { bound in batches.reduce(0) { $0 + ($1.key <= bound ? $1.value : 0) } },
        total: batches.values.reduce(0, +),
        sum: String(batches.reduce(0.0) { $0 + Double($1.key) * Double($1.value) }))
    }
  }

  private mutating func write(_ process: ProcessMetrics) {
    for (name, kind, help, value) in process.samples {
      guard let value else { continue }
      writer.family(name, kind, help)
      writer.sample(name, "", value)
    }
  }

  private static let durationBounds = LatencyHistogram.bounds.map(MetricsWriter.seconds)

  private static let rowBounds = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024]
}

extension VersionHistograms {
  /// With the names that metrics have for them.
  fileprivate var stages: [(String, LatencyHistogram)] {
    [("queue", queue), ("input", input), ("compute", compute), ("output", output), ("total", total)]
  }
}

/// Why requests failed, in Triton's words.
enum FailureReason: String, CaseIterable {
  /// Not admitted, or not executed in time.
  case rejected = "REJECTED"
  case canceled = "CANCELED"
  /// The execution failed.
  case backend = "BACKEND"
  /// The request itself was at fault.
  case other = "OTHER"

  init(_ code: ServingError.Code) {
    switch code {
    case .resourceExhausted, .unavailable, .deadlineExceeded: self = .rejected
    case .cancelled: self = .canceled
    case .internalError: self = .backend
    case .invalidArgument, .unauthenticated, .permissionDenied, .notFound, .alreadyExists, .payloadTooLarge,
      .unsupported:
      self = .other
    }
  }
}
