import Testing

@testable import MassServing

@Suite struct Metrics {
  /// A version with a different number in each place.
  private static func version(_ name: String, _ number: Int) -> (VersionStatistics, VersionHistograms) {
    var counts = VersionStatistics()
    counts.name = name
    counts.version = number
    counts.inferenceCount = 40
    counts.executionCount = 10
    counts.pending = 3
    counts.residentBytes = 4096
    counts.success.add(9_000_900, count: 12)
    counts.queue.add(1_500_000, count: 12)
    counts.input.add(20_999, count: 12)
    counts.compute.add(7_000_000, count: 12)
    counts.output.add(999, count: 12)
    counts.failures = [.resourceExhausted: 1, .unavailable: 2, .deadlineExceeded: 4, .cancelled: 8, .internalError: 16]
    for code in [ServingError.Code.invalidArgument, .notFound, .payloadTooLarge] { counts.failures[code] = 32 }
    var histograms = VersionHistograms()
    for duration in [100_000, 100_001, 2_000_000, 20_000_000_000] as [UInt64] {
      histograms.total.record(nanoseconds: duration)
    }
    histograms.batchRows = [1: 4, 3: 2, 4: 1, 2000: 1]
    return (counts, histograms)
  }

  private static func lines(_ versions: [(VersionStatistics, VersionHistograms)]) -> [Substring] {
    MetricsText(versions, process: nil).text.split(separator: "\n", omittingEmptySubsequences: false)
  }

  @Test func counts() {
    let lines = Self.lines([Self.version("digits", 2)])
    let samples = lines.filter { !$0.hasPrefix("#") && !$0.contains("_bucket") && !$0.contains("stage=") }
    #expect(
      samples == [
        #"nv_inference_request_success{model="digits",version="2"} 12"#,
        #"nv_inference_count{model="digits",version="2"} 40"#,
        #"nv_inference_exec_count{model="digits",version="2"} 10"#,
        #"nv_inference_pending_request_count{model="digits",version="2"} 3"#,
        #"nv_inference_request_duration_us{model="digits",version="2"} 9000"#,
        #"nv_inference_queue_duration_us{model="digits",version="2"} 1500"#,
        #"nv_inference_compute_input_duration_us{model="digits",version="2"} 20"#,
        #"nv_inference_compute_infer_duration_us{model="digits",version="2"} 7000"#,
        #"nv_inference_compute_output_duration_us{model="digits",version="2"} 0"#,
        #"nv_cache_num_hits_per_model{model="digits",version="2"} 0"#,
        #"nv_cache_num_misses_per_model{model="digits",version="2"} 0"#,
        #"mass_model_resident_bytes{model="digits",version="2"} 4096"#,
        #"nv_inference_request_failure{model="digits",version="2",reason="REJECTED"} 7"#,
        #"nv_inference_request_failure{model="digits",version="2",reason="CANCELED"} 8"#,
        #"nv_inference_request_failure{model="digits",version="2",reason="BACKEND"} 16"#,
        #"nv_inference_request_failure{model="digits",version="2",reason="OTHER"} 96"#,
        #"mass_batch_rows_sum{model="digits",version="2"} 2014.0"#,
        #"mass_batch_rows_count{model="digits",version="2"} 8"#, "",
      ])
  }

  @Test func durations() {
    let name = "mass_request_duration_seconds"
    let lines = Self.lines([Self.version("digits", 2)]).filter { $0.hasPrefix(name) && $0.contains(#"stage="total""#) }
    let bounds = [
      ("0.0001", 1), ("0.00025", 2), ("0.0005", 2), ("0.001", 2), ("0.0025", 3), ("0.005", 3), ("0.01", 3),
      ("0.025", 3), ("0.05", 3), ("0.1", 3), ("0.25", 3), ("0.5", 3), ("1", 3), ("2.5", 3), ("5", 3), ("10", 3),
      ("+Inf", 4),
    ]
    let labels = #"model="digits",version="2",stage="total""#
    let buckets = bounds.map { #"\#(name)_bucket{\#(labels),le="\#($0.0)"} \#($0.1)"# }
    #expect(lines.map(String.init) == buckets + ["\(name)_sum{\(labels)} 20.002200001", "\(name)_count{\(labels)} 4"])
  }

  @Test func batches() {
    let lines = Self.lines([Self.version("digits", 2)]).filter { $0.hasPrefix("mass_batch_rows_bucket") }
    let counts = [4, 4, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8]
    #expect(lines.compactMap { $0.split(separator: " ").last.flatMap { Int($0) } } == counts)
    #expect(lines.last == #"mass_batch_rows_bucket{model="digits",version="2",le="+Inf"} 8"#)
  }

  @Test func aFamilyIsWrittenOnce() {
    let text = MetricsText([Self.version("a", 1), Self.version("b", 7)], process: .sample()).text
    var seen: Set<Substring> = []
    var family: Substring = ""
    for line in text.split(separator: "\n") {
      let words = line.split(separator: " ")
      if line.hasPrefix("# HELP ") {
        #expect(seen.insert(words[2]).inserted, "\(words[2])")
        family = words[2]
      } else if line.hasPrefix("# TYPE ") {
        #expect(words[2] == family)
      } else {
        #expect(line.hasPrefix(family), "\(line)")
      }
    }
    #expect(seen.count == 22)
  }

  @Test func labelValuesAreEscaped() {
    let lines = Self.lines([Self.version("a\"b\\c\nd é", 1)])
    #expect(lines.contains(#"nv_inference_count{model="a\"b\\c\nd é",version="1"} 40"#))
  }

  @Test func everyReasonFitsACode() {
    #expect(Set(ServingError.Code.allCases.map { FailureReason($0) }) == Set(FailureReason.allCases))
  }

  @Test func noModels() { #expect(MetricsText([], process: nil).text.isEmpty) }

  @Test(
    arguments: [
      (0, "0"), (1, "0.000000001"), (1_500_000_000, "1.5"), (60_000_000_000, "60"), (.max, "18446744073.709551615"),
    ] as [(UInt64, String)])
  func seconds(_ row: (nanoseconds: UInt64, text: String)) {
    #expect(MetricsWriter.seconds(row.nanoseconds) == row.text)
  }
}

@Suite struct ProcessStatus {
  /// proc(5), with a program's name that looks like the end of one.
  private static let line =
    "17 (a) (b c) S 1 17 17 0 -1 4194560 5 0 0 0 250 50 0 0 20 0 9 0 1200 2097152 256 18446744073709551615 1 1 0"

  @Test func isParsedBehindTheName() {
    let metrics = ProcessMetrics(status: Self.line, bootTime: 1_700_000_000)
    #expect(metrics.cpuNanoseconds == 3_000_000_000)
    #expect(metrics.threads == 9)
    #expect(metrics.startTime == 1_700_000_012)
    #expect(metrics.virtualBytes == 2_097_152)
    #expect((metrics.residentBytes ?? 0) >= 256 * 4096)
  }

  @Test func mayBreakOffAnywhere() {
    for length in 0...Self.line.count {
      let metrics = ProcessMetrics(status: String(Self.line.prefix(length)), bootTime: nil)
      #expect(metrics.startTime == nil)
    }
  }

  #if os(Linux)
    @Test func ofThisProcess() throws {
      let (first, second) = (ProcessMetrics.sample(), ProcessMetrics.sample())
      #expect(try #require(first.residentBytes) > 1 << 20)
      #expect(try #require(first.virtualBytes) > 1 << 20)
      #expect(try #require(first.threads) >= 1)
      #expect(try #require(first.openFiles) >= 1)
      #expect(try #require(first.maximumFiles) >= #require(first.openFiles))
      #expect(try #require(first.startTime) > 1_600_000_000)
      #expect(try #require(second.cpuNanoseconds) >= #require(first.cpuNanoseconds))
      #expect(MetricsText([], process: first).text.contains("\nprocess_cpu_seconds_total "))
    }
  #endif
}
