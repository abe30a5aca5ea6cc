import MassJSON

/// Writes what models are and how they fare, as the JSON form of TensorFlow Serving's messages: 64-bit numbers are
/// strings, and members with default values are written too.
enum TensorFlowMetadata {
  /// The states of versions, the highest first.
  static func status(_ versions: [IndexEntry]) -> HTTPAnswer {
    var writer = JSONWriter()
    writer.object { writer in
      writer.key("model_version_status")
      writer.array { writer in
        for entry in versions.sorted(by: { $0.version > $1.version }) { write(entry, &writer) }
      }
    }
    return V2Answer.json(writer)
  }

  /// The signature of one version.
  static func metadata(_ model: ModelDescription) -> HTTPAnswer {
    var writer = JSONWriter()
    writer.object { writer in
      writer.key("model_spec")
      writer.object { writer in
        writer.member("name", model.name)
        writer.member("signature_name", "")
        writer.member("version", "\(model.version)")
      }
      writer.key("metadata")
      writer.object { writer in
        writer.key("signature_def")
        writer.object { writer in
          writer.key("signature_def")
          writer.object { writer in
            writer.key(TensorFlowRequest.signatureName)
            writeSignature(model, &writer)
          }
        }
      }
    }
    return V2Answer.json(writer)
  }

  /// The list of KServe's first protocol: the models that can be asked.
  static func models(_ versions: [IndexEntry]) -> HTTPAnswer {
    var writer = JSONWriter()
    writer.object { writer in
      writer.key("models")
      writer.array { writer in
        for name in Set(versions.map(\.name)).sorted() { writer.string(name) }
      }
    }
    return V2Answer.json(writer)
  }

  // MARK: Parts

  private static func write(_ entry: IndexEntry, _ writer: inout JSONWriter) {
    let hasFailed = entry.state == .unavailable && !ordinaryReasons.contains(entry.reason)
    writer.object { writer in
      writer.member("version", "\(entry.version)")
      writer.member("state", state(entry.state))
      writer.key("status")
      writer.object { writer in
        writer.member("error_code", hasFailed ? "UNKNOWN" : "OK")
        writer.member("error_message", hasFailed ? entry.reason : "")
      }
    }
  }

  /// Why versions end that did not fail.
  private static let ordinaryReasons: Set<String> = ["", "unloaded", "not selected"]

  private static func state(_ state: VersionState) -> String {
    switch state {
    case .loading: "LOADING"
    case .ready: "AVAILABLE"
    case .unloading: "UNLOADING"
    case .unavailable: "END"
    }
  }

  private static func writeSignature(_ model: ModelDescription, _ writer: inout JSONWriter) {
    writer.object { writer in
      writer.key("inputs")
      writer.object { writer in for input in model.inputs { write(input, &writer) } }
      writer.key("outputs")
      writer.object { writer in for output in model.outputs { write(output, &writer) } }
      writer.member("method_name", "tensorflow/serving/predict")
    }
  }

  private static func write(_ tensor: TensorDescription, _ writer: inout JSONWriter) {
    writer.key(tensor.name)
    writer.object { writer in
      writer.member("dtype", TensorFlowType(tensor.element).name)
      writer.key("tensor_shape")
      writer.object { writer in
        writer.key("dim")
        writer.array { writer in
          for extent in tensor.shape {
            writer.object { writer in
              writer.member("size", "\(extent)")
              writer.member("name", "")
            }
          }
        }
        writer.key("unknown_rank")
        writer.bool(false)
      }
      writer.member("name", tensor.name)
    }
  }
}

extension JSONWriter {
  fileprivate mutating func member(_ key: String, _ value: String) {
    self.key(key)
    string(value)
  }
}
