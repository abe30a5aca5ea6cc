import GRPCCore

/// Finds out who calls, before any call but those about the server's health.
struct AccessInterceptor: ServerInterceptor {
  let access: AccessControl
  let audit: AuditTrail?

  func intercept<Input: Sendable, Output: Sendable>(
    request: StreamingServerRequest<Input>, context: ServerContext,
    next: @Sendable (StreamingServerRequest<Input>, ServerContext) async throws -> StreamingServerResponse<Output>
  ) async throws -> StreamingServerResponse<Output> {
    if Self.isOpen(context.descriptor) { return try await next(request, context) }
    let (metadata, method) = (request.metadata, context.descriptor.fullyQualifiedMethod)
    try await identify(metadata, method)
    var request = request
    // A stream may outlive its key.
    request.messages = RPCAsyncSequence(
      wrapping: request.messages.map { message in
        try await identify(metadata, method)
        return message
      })
    return try await next(request, context)
  }

  private func identify(_ metadata: Metadata, _ method: String) async throws(ServingError) {
    do throws(ServingError) {
      RequestContext.current?.principal = try access.principal(
        authorization: metadata.all("authorization"), apiKey: metadata.all("x-api-key"))
    } catch {
      await audit?.refused(error, "access", method)
      throw error
    }
  }

  private static func isOpen(_ method: MethodDescriptor) -> Bool {
    switch method.service.fullyQualifiedService {
    case HealthRPCs.name: true
    case InferenceRPCs.name: ["ServerLive", "ServerReady"].contains(method.method)
    default: false
    }
  }
}

extension Metadata {
  /// All values, as HTTP joins them: two keys are none.
  fileprivate func all(_ key: String) -> String? {
    let values = Array(self[stringValues: key])
    return values.isEmpty ? nil : values.joined(separator: ", ")
  }
}
