import MassServingProtocol

/// The parameters of a request: those the protocol reserves, and the client's own.
struct CallParameters {
  /// What the model's service gets.
  private(set) var custom: [String: Parameter] = [:]
  /// Nanoseconds the client gives the request; nil for no limit.
  private(set) var timeout: UInt64?
  /// 1 is the highest; nil for the model's default.
  private(set) var priority: Int?

  /// - Throws: `invalidArgument` for reserved keys that are unknown or have values they cannot have, `unsupported` for
  ///   sequences.
  init(_ parameters: [String: WireInferParameter]) throws(ServingError) {
    for (key, wire) in parameters {
      guard let value = Self.value(wire) else { throw .invalid("parameter '\(key)' of the request has no value") }
      switch key {
      // Outputs are bytes if inputs are; and models give one answer to a request, so that none is empty.
      case "binary_data_output", "triton_enable_empty_final_response": break
      case "timeout": timeout = try Self.nanoseconds(value)
      case "priority": priority = try Self.priority(value)
      case "sequence_id", "sequence_start", "sequence_end":
        throw ServingError(.unsupported, "'\(key)': models have no state between requests")
      case _ where key.hasPrefix("triton_"):
        throw .invalid("parameter keys starting with 'triton_' are reserved; '\(key)' cannot be set")
      default: custom[key] = value
      }
    }
  }

  /// The `classification` of an output asked for.
  static func classes(of output: WireModelInferRequest.InferRequestedOutputTensor) throws(ServingError) -> Int? {
    try refuseSharedMemory(output.parameters, "output '\(output.name)'")
    guard let wire = output.parameters["classification"] else { return nil }
    let limit = UInt64(Int32.max)
    switch value(wire) {
    case .int(let count) where count > 0 && count <= Int64(limit): return Int(count)
    case .uint(let count) where count > 0 && count <= limit: return Int(count)
    default: throw .invalid("'classification' of output '\(output.name)' must be a whole number of at least 1")
    }
  }

  static func refuseSharedMemory(_ parameters: [String: WireInferParameter], _ place: String) throws(ServingError) {
    guard parameters["shared_memory_region"] == nil else {
      throw ServingError(.unsupported, "\(place): there is no shared memory here")
    }
  }

  private static func priority(_ priority: Parameter) throws(ServingError) -> Int? {
    switch priority {
    case .int(0), .uint(0): nil
    case .int(let level) where level > 0: Int(level)
    case .uint(let level): Int(clamping: level)
    default: throw .invalid("'priority' is a whole number, 1 for the highest; got \(priority)")
    }
  }

  private static func nanoseconds(_ timeout: Parameter) throws(ServingError) -> UInt64? {
    let microseconds: UInt64
    switch timeout {
    case .int(let count) where count >= 0: microseconds = UInt64(count)
    case .uint(let count): microseconds = count
    default: throw .invalid("'timeout' is a number of microseconds, got \(timeout)")
    }
    guard microseconds > 0 else { return nil }
    let (product, overflow) = microseconds.multipliedReportingOverflow(by: 1000)
    return overflow ? .max : product
  }

  private static func value(_ wire: WireInferParameter) -> Parameter? {
    switch wire.parameterChoice {
    case .boolParam(let value): .bool(value)
    case .int64Param(let value): .int(value)
    case .uint64Param(let value): .uint(value)
    case .doubleParam(let value): .double(value)
    case .stringParam(let value): .string(value)
    case nil: nil
    }
  }
}
