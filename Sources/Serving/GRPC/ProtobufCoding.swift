import GRPCCore
import SwiftProtobuf

/// Writes messages that are small: they are built once more as an array before the transport has them.
struct ProtobufSerializer<Message: SwiftProtobuf.Message>: MessageSerializer {
  func serialize<Bytes: GRPCContiguousBytes>(_ message: Message) throws -> Bytes {
    let bytes: [UInt8] = try message.serializedBytes()
    return Bytes(bytes)
  }
}

/// Reads messages that are small.
struct ProtobufDeserializer<Message: SwiftProtobuf.Message>: MessageDeserializer {
  func deserialize<Bytes: GRPCContiguousBytes>(_ bytes: Bytes) throws -> Message {
    try unsafe bytes.withUnsafeBytes { bytes in
      guard bytes.count <= limit else {
        throw ServingError(.resourceExhausted, "a message \(Message.protoMessageName) of more than \(limit) bytes")
      }
      return try unsafe Self.decode([UInt8](bytes))
    }
  }

  private var limit: Int { 1 << 20 }

  /// - Throws: `invalidArgument` if the bytes are no such message.
  static func decode(_ bytes: [UInt8]) throws(ServingError) -> Message {
    do {
      return try Message(serializedBytes: bytes)
    } catch {
      throw .invalid("the bytes are not a message \(Message.protoMessageName)")
    }
  }
}

extension RPCRouter {
  /// Registers a method that answers one message with one.
  mutating func register<Request: SwiftProtobuf.Message, Response: SwiftProtobuf.Message>(
    _ method: String, of service: String, _ answer: @escaping @Sendable (Request) async throws(ServingError) -> Response
  ) {
    registerHandler(
      forMethod: MethodDescriptor(fullyQualifiedService: service, method: method, type: .unary),
      deserializer: ProtobufDeserializer<Request>(), serializer: ProtobufSerializer<Response>()
    ) { request, _ in
      StreamingServerResponse(single: ServerResponse(message: try await answer(try await request.onlyMessage())))
    }
  }
}
