import MassFormats
import MassServingProtocol
import SwiftProtobuf

extension WireModelMetadataResponse {
  init(_ description: ModelDescription) {
    self.init()
    name = description.name
    versions = description.versions.map { "\($0)" }
    platform = description.platform
    inputs = description.inputs.map(TensorMetadata.init)
    outputs = description.outputs.map(TensorMetadata.init)
  }
}

extension WireModelMetadataResponse.TensorMetadata {
  init(_ tensor: TensorDescription) {
    self.init()
    name = tensor.name
    datatype = Datatype.name(of: tensor.element) ?? ""
    shape = tensor.shape.map { Int64($0) }
  }
}

extension WireModelConfig {
  /// - Parameter settings: JSON with the names of the message's fields; others are left out.
  init(settings: String, of model: ModelReference) throws(ServingError) {
    var options = JSONDecodingOptions()
    options.ignoreUnknownFields = true
    do {
      try self.init(jsonString: settings, options: options)
    } catch {
      throw ServingError(.internalError, "the configuration of model \(model) has another form: \(error)")
    }
  }
}

extension WireModelStatistics {
  init(_ statistics: VersionStatistics) {
    self.init()
    name = statistics.name
    version = "\(statistics.version)"
    lastInference = statistics.lastInference
    inferenceCount = statistics.inferenceCount
    executionCount = statistics.executionCount
    inferenceStats = .with {
      $0.success = WireStatisticDuration(statistics.success)
      $0.fail = WireStatisticDuration(statistics.failure)
      $0.queue = WireStatisticDuration(statistics.queue)
      $0.computeInput = WireStatisticDuration(statistics.input)
      $0.computeInfer = WireStatisticDuration(statistics.compute)
      $0.computeOutput = WireStatisticDuration(statistics.output)
      $0.cacheHit = WireStatisticDuration(statistics.cacheHit)
      $0.cacheMiss = WireStatisticDuration(statistics.cacheMiss)
    }
    batchStats = statistics.batches.sorted { $0.key < $1.key }.map { size, batch in
      .with {
        $0.batchSize = UInt64(max(size, 0))
        $0.computeInput = WireStatisticDuration(batch.input)
        $0.computeInfer = WireStatisticDuration(batch.compute)
        $0.computeOutput = WireStatisticDuration(batch.output)
      }
    }
    memoryUsage = [
      .with {
        $0.type = "CPU"
        $0.byteSize = statistics.residentBytes
      }
    ]
  }
}

extension WireStatisticDuration {
  init(_ duration: DurationCount) {
    self.init()
    count = duration.count
    ns = duration.nanoseconds
  }
}

extension WireRepositoryIndexResponse.ModelIndex {
  init(_ entry: IndexEntry) {
    self.init()
    name = entry.name
    version = "\(entry.version)"
    state = entry.state.rawValue
    reason = entry.reason
  }
}
