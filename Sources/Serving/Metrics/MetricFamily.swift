/// A metric with samples that have labels of their own.
struct MetricFamily: Sendable {
  struct Sample: Sendable {
    var labels: [(name: String, value: String)]
    var value: String

    init(_ labels: [(name: String, value: String)], _ value: String) {
      self.labels = labels
      self.value = value
    }
  }

  var name: String
  var kind: MetricsWriter.Kind
  var help: String
  var samples: [Sample]
  /// The samples of a family of histograms of durations.
  var histograms: [(labels: [(name: String, value: String)], histogram: LatencyHistogram)] = []

  var isEmpty: Bool { samples.isEmpty && histograms.isEmpty }

  init(_ name: String, _ kind: MetricsWriter.Kind, _ help: String, _ samples: [Sample] = []) {
    self.name = name
    self.kind = kind
    self.help = help
    self.samples = samples
  }
}
