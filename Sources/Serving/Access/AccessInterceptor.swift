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
    do throws(ServingError) {
      let principal = try access.principal(
        authorization: request.metadata.first("authorization"), apiKey: request.metadata.first("x-api-key"))
      RequestContext.current?.principal = principal
    } catch {
      await audit?.refused(
        error, actor: "unknown", target: context.descriptor.fullyQualifiedMethod, peer: context.remotePeer)
      throw error
    }
    return try await next(request, context)
  }

  private static func isOpen(_ method: MethodDescriptor) -> Bool {
    method.service.fullyQualifiedService == "grpc.health.v1.Health"
      || ["ServerLive", "ServerReady"].contains(method.method)
  }
}

extension Metadata {
  fileprivate func first(_ key: String) -> String? {
    var values = self[stringValues: key].makeIterator()
    return values.next()
  }
}
