import MassJSON

/// What is wrong, in TensorFlow Serving's words.
enum TensorFlowError {
  /// `{"error": "…"}`.
  static func answer(_ error: ServingError) -> HTTPAnswer {
    var writer = JSONWriter()
    writer.object { writer in
      writer.key("error")
      writer.string(error.message)
    }
    var answer = V2Answer.json(writer, status: error.code.httpStatus)
    if let seconds = error.retryAfter { answer.headers.append(("Retry-After", "\(seconds)")) }
    return answer
  }

  /// As the Open Inference Protocol's, but for a conflict.

  /// The error of a model that was to be asked: one that is not there is a servable that was not found.
  static func servable(_ error: ServingError, _ model: ModelReference, _ service: any InferenceService) -> ServingError
  {
    do throws(ServingError) {
      let version = try version(of: model, service)
      guard error.code == .notFound else { return error }
      let servable = version.map { "Specific(\(model.name), \($0))" } ?? "Latest(\(model.name))"
      return ServingError(.notFound, "Servable not found for request: \(servable)")
    } catch { return error }
  }

  /// The version a reference names, by number or by label; nil for the current one.
  ///
  /// - Throws: `invalidArgument` for a label that does not exist.
  static func version(of model: ModelReference, _ service: any InferenceService) throws(ServingError) -> Int? {
    switch model.selector {
    case .current: return nil
    case .version(let version): return version
    case .label(let label):
      guard let version = service.labels(model.name)[label] else {
        throw .invalid("Unrecognized servable version label: \(label)")
      }
      return version
    }
  }

  static func parse(_ error: JSONError) -> ServingError {
    let text = error.reason.description
    let reason = text.prefix(1).uppercased() + text.dropFirst()
    let message = "JSON Parse error: " + reason + (error.offset.map { " at offset: \($0)" } ?? "")
    return switch error.reason {
    case .outOfMemory: ServingError(.resourceExhausted, message)
    case .tooLarge: ServingError(.payloadTooLarge, message)
    default: .invalid(message)
    }
  }

  static func format(_ value: JSONValue, _ complaint: String) -> ServingError {
    .invalid("JSON Value: \(text(of: value)) \(complaint)")
  }

  static func type(_ value: JSONValue, expected: TensorFlowType) -> ServingError {
    format(value, "Type: \(kind(of: value)) is not of expected type: \(expected.valueName)")
  }

  private static func kind(of value: JSONValue) -> String {
    switch value.kind {
    case .null: "Null"
    case .bool: value.bool == true ? "True" : "False"
    case .integer, .unsigned, .double: "Number"
    case .string: "String"
    case .array: "Array"
    case .object: "Object"
    }
  }
}

// MARK: Values in messages

extension TensorFlowError {
  /// Longer values are cut in messages.
  private static let textLimit = 256

  /// A value as JSON, cut where it is long.
  static func text(of value: JSONValue) -> String {
    var writer = JSONWriter()
    write(value, &writer)
    let isCut = writer.count > textLimit
    guard let text = try? writer.finish() else { return "…" }
    guard isCut else { return text.description }
    return String(decoding: text.bytes.prefix(textLimit), as: UTF8.self) + "…"
  }

  private static func write(_ value: JSONValue, _ writer: inout JSONWriter) {
    guard writer.count <= textLimit else { return }
    switch value.kind {
    case .null: writer.null()
    case .bool: writer.bool(value.bool == true)
    case .integer: writer.integer(value.int64 ?? 0)
    case .unsigned: writer.integer(value.uint64 ?? 0)
    case .double: try? writer.double(value.double ?? 0, style: TensorFlowResponse.numberStyle)
    case .string: writer.string(value.string ?? "")
    case .array: writer.array { writer in value.forEachElement { element in write(element, &writer) } }
    case .object:
      writer.object { writer in
        value.forEachMember { key, member in
          guard writer.count <= textLimit else { return }
          writer.key(key)
          write(member, &writer)
        }
      }
    }
  }
}
