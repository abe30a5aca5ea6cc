import GRPCCore
import MassServingProtocol

/// `grpc.health.v1.Health` for the server as a whole and for its inference service, which are healthy together.
struct HealthRPCs: RegistrableRPCService {
  static let name = "grpc.health.v1.Health"

  let service: any InferenceService
  let drain: Drain

  func registerMethods<Transport: ServerTransport>(with router: inout RPCRouter<Transport>) {
    router.register("Check", of: Self.name) { (request: WireHealthCheckRequest) throws(ServingError) in
      guard let status = status(of: request.service) else {
        throw ServingError(.notFound, "unknown service '\(request.service)'")
      }
      return .with { $0.status = status } as WireHealthCheckResponse
    }
    router.registerHandler(
      forMethod: MethodDescriptor(fullyQualifiedService: Self.name, method: "Watch", type: .serverStreaming),
      deserializer: ProtobufDeserializer<WireHealthCheckRequest>(),
      serializer: ProtobufSerializer<WireHealthCheckResponse>()
    ) { request, _ in
      let deadline = CallDeadline.deadline(in: request.metadata)
      let service = try await request.onlyMessage().service
      return StreamingServerResponse { writer in
        try await drain.cancellingWithServer(before: deadline) { try await watch(service, writer) }
        return [:]
      }
    }
  }

  /// Writes the status now and whenever it changed, until the client or the server leaves.
  private func watch(_ name: String, _ writer: RPCWriter<WireHealthCheckResponse>) async throws {
    var last: WireHealthCheckResponse.ServingStatus?
    do {
      while true {
        let status = status(of: name) ?? .serviceUnknown
        if status != last { try await writer.write(.with { $0.status = status }) }
        last = status
        try await Task.sleep(for: Self.interval)
      }
    } catch {
      if error is CancellationError, drain.hasBegun, last == .serving {
        // This task is cancelled, and what a cancelled task writes is dropped.
        _ = await Task { try await writer.write(.with { $0.status = .notServing }) }.result
      }
      throw error
    }
  }

  private func status(of name: String) -> WireHealthCheckResponse.ServingStatus? {
    guard name.isEmpty || name == InferenceRPCs.name else { return nil }
    return service.isLive && service.isReady && !drain.hasBegun ? .serving : .notServing
  }

  /// How late a watcher may hear of a change.
  private static let interval = Duration.milliseconds(200)
}
