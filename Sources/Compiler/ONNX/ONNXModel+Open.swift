import MassRuntime
import ONNXShim

extension ONNXModel {
  /// Opens the model in the file at `path`. External data is looked for beside it.
  public static func open(path: String) throws(ImportError) -> ONNXModel {
    let source = try unsafe openSource(path) { out, message, capacity in
      unsafe path.withCString { unsafe mass_onnx_model_open_file($0, out, message, capacity) }
    }
    return try ONNXModel(source, path: path, folder: ExternalData.folder(of: path))
  }

  /// Opens a model from memory, which is not used after the call.
  ///
  /// - Parameter name: What errors call the model.
  /// - Parameter folder: Where external data may be read from; nil refuses it.
  public static func open(
    bytes: UnsafeRawBufferPointer, name: String = "model", folder: String? = nil
  ) throws(ImportError) -> ONNXModel {
    let source = try unsafe openSource(name) { out, message, capacity in
      unsafe mass_onnx_model_open_bytes(bytes.baseAddress, bytes.count, out, message, capacity)
    }
    return try ONNXModel(source, path: name, folder: folder)
  }

  /// Opens a model from memory.
  public static func open(
    bytes: [UInt8], name: String = "model", folder: String? = nil
  ) throws(ImportError) -> ONNXModel {
    let result = unsafe bytes.withUnsafeBytes { bytes in
      Result { () throws(ImportError) in try unsafe open(bytes: bytes, name: name, folder: folder) }
    }
    return try result.get()
  }

  private init(_ source: ONNXSource, path: String, folder: String?) throws(ImportError) {
    guard case .model(let model) = unsafe source.content, let graph = unsafe mass_onnx_model_graph(model) else {
      throw ImportError(
        Problem(
          .unreadable, message: "expected a model with a graph, got none", remedy: "is this an ONNX model?"),
        path: path)
    }
    let reader = ONNXReader(source: source)
    self.path = path
    irVersion = unsafe Int(mass_onnx_model_ir_version(model))
    producer = unsafe [
      String(mass_onnx_model_producer_name(model)), String(mass_onnx_model_producer_version(model)),
    ].filter { !$0.isEmpty }.joined(separator: " ")
    opsets = unsafe reader.list(mass_onnx_model_opset_count(model)) {
      unsafe ONNXOpset(mass_onnx_model_opset(model, $0))
    }
    functions = unsafe reader.list(mass_onnx_model_function_count(model)) {
      unsafe mass_onnx_model_function(model, $0).map { unsafe reader.function($0) }
    }
    self.graph = unsafe reader.graph(graph)
    metadata = unsafe reader.entries { unsafe mass_onnx_model_metadata(model, $0, $1) }
    externalData = ExternalData(folder: folder)
  }

  private typealias Opening =
    (UnsafeMutablePointer<OpaquePointer?>, UnsafeMutablePointer<CChar>?, Int) -> mass_onnx_status

  private static func openSource(_ name: String, _ open: Opening) throws(ImportError) -> ONNXSource {
    let (pointer, problem) = unsafe ONNXSource.open(open)
    guard let pointer = unsafe pointer else { throw ImportError(problem, path: name) }
    return unsafe ONNXSource(.model(pointer))
  }
}

extension ONNXSource {
  /// Runs one of the shim's opening functions and turns its status into a problem.
  static func open(
    _ open: (UnsafeMutablePointer<OpaquePointer?>, UnsafeMutablePointer<CChar>?, Int) -> mass_onnx_status
  ) -> (OpaquePointer?, Problem) {
    var pointer: OpaquePointer?
    var message = [CChar](repeating: 0, count: 512)
    let capacity = message.count
    let status = unsafe message.withUnsafeMutableBufferPointer { buffer in
      unsafe open(&pointer, buffer.baseAddress, capacity)
    }
    let text = String(
      decoding: message.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    let problem = Problem(.unreadable, message: text.isEmpty ? "cannot be read" : text, remedy: remedy(for: status))
    return unsafe (status == MASS_ONNX_OK ? pointer : nil, problem)
  }

  private static func remedy(for status: mass_onnx_status) -> String {
    switch status {
    case MASS_ONNX_MALFORMED: "is this an ONNX file, and complete?"
    case MASS_ONNX_TOO_LARGE: "keep the weights of large models in external data"
    default: ""
    }
  }
}
