import GRPCCore
import GRPCNIOTransportHTTP2Posix

/// A ModelInferRequest as it arrives: a short one is read at once, a long one where nobody else waits for the thread.
enum InferMessage: Sendable {
  case read(InferCall)
  case long(GRPCNIOTransportBytes)

  /// - Throws: `invalidArgument` if the bytes are no ModelInferRequest.
  var call: InferCall {
    get async throws {
      switch self {
      case .read(let call): call
      case .long(let bytes):
        try await withTaskExecutorPreference(ThreadPoolExecutor.shared) { try await Self.read(bytes) }
      }
    }
  }

  private nonisolated static func read(_ bytes: GRPCNIOTransportBytes) async throws -> InferCall {
    try unsafe bytes.withUnsafeBytes { bytes in try unsafe InferCall(bytes) }
  }

  fileprivate static let longBytes = 256 << 10
}

struct InferDeserializer: MessageDeserializer {
  func deserialize<Bytes: GRPCContiguousBytes>(_ bytes: Bytes) throws -> InferMessage {
    let isLong = unsafe bytes.withUnsafeBytes { $0.count >= InferMessage.longBytes }
    if isLong, let bytes = bytes as? GRPCNIOTransportBytes { return .long(bytes) }
    return .read(try unsafe bytes.withUnsafeBytes { bytes in try unsafe InferCall(bytes) })
  }
}
