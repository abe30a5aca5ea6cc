/// A metric with one number for each version of a model.
struct CountFamily: Sendable {
  var name: String
  var kind: MetricsWriter.Kind
  var help: String
  var value: @Sendable (VersionStatistics) -> UInt64

  init(
    _ name: String, _ kind: MetricsWriter.Kind, _ help: String,
    _ value: @escaping @Sendable (VersionStatistics) -> UInt64
  ) {
    self.name = name
    self.kind = kind
    self.help = help
    self.value = value
  }

  static let all = [
    CountFamily("nv_inference_request_success", .counter, "Requests that were answered.") { $0.success.count },
    CountFamily("nv_inference_count", .counter, "Rows that were inferred: one for models without a batch axis.") {
      $0.inferenceCount
    },
    CountFamily("nv_inference_exec_count", .counter, "Executions of the model, each of one batch.") {
      $0.executionCount
    },
    CountFamily("nv_inference_pending_request_count", .gauge, "Requests that wait for their execution.") {
      UInt64(clamping: $0.pending)
    },
    CountFamily("nv_inference_request_duration_us", .counter, "Microseconds that answered requests took.") {
      $0.success.microseconds
    },
    CountFamily("nv_inference_queue_duration_us", .counter, "Microseconds that requests waited for execution.") {
      $0.queue.microseconds
    },
    CountFamily("nv_inference_compute_input_duration_us", .counter, "Microseconds spent on preparing inputs.") {
      $0.input.microseconds
    },
    CountFamily("nv_inference_compute_infer_duration_us", .counter, "Microseconds spent on running the model.") {
      $0.compute.microseconds
    },
    CountFamily("nv_inference_compute_output_duration_us", .counter, "Microseconds spent on preparing outputs.") {
      $0.output.microseconds
    },
    CountFamily("nv_cache_num_hits_per_model", .counter, "Requests that were answered from the cache.") {
      $0.cacheHit.count
    },
    CountFamily("nv_cache_num_misses_per_model", .counter, "Requests that the cache had no answer to.") {
      $0.cacheMiss.count
    },
    CountFamily("mass_model_resident_bytes", .gauge, "Bytes of weights and arenas.") { $0.residentBytes },
  ]
}

extension DurationCount {
  fileprivate var microseconds: UInt64 { nanoseconds / 1000 }
}
