import GRPCCore

extension InferenceRPCs {
  func registerInference<Transport>(with router: inout RPCRouter<Transport>) {
    router.registerHandler(
      forMethod: MethodDescriptor(fullyQualifiedService: Self.name, method: "ModelInfer", type: .unary),
      deserializer: InferDeserializer(), serializer: InferSerializer()
    ) { request, _ in
      let context = CallContext(request.metadata)
      let call = try await request.onlyMessage().call
      return StreamingServerResponse(single: ServerResponse(message: try await answer(call, context).get()))
    }
    router.registerHandler(
      forMethod: MethodDescriptor(
        fullyQualifiedService: Self.name, method: "ModelStreamInfer", type: .bidirectionalStreaming),
      deserializer: InferDeserializer(), serializer: StreamInferSerializer()
    ) { request, _ in
      let context = CallContext(request.metadata)
      return StreamingServerResponse { writer in
        try await answer(request.messages, context, to: writer)
        return [:]
      }
    }
  }

  /// Runs one request. A client that leaves cancels it.
  private func answer(_ call: InferCall, _ context: CallContext) async -> Result<InferAnswer, ServingError> {
    await drain.cancellingWithClient { [service] in
      do throws(ServingError) {
        var request = try call.request(before: context.deadline)
        request.header = context.header
        let response = try await service.infer(request)
        return .success(InferAnswer(response, isRaw: call.isRaw))
      } catch {
        let isExpired = error.code == .cancelled && CallDeadline.isOver(context.deadline)
        return .failure(isExpired ? InstancePool.expired : error)
      }
    }
  }

  /// Runs the requests of a stream, several at once, and answers them in their order; an error is an answer, too.
  ///
  /// When the server leaves, no more requests are read and those that were are answered.
  private func answer(
    _ messages: RPCAsyncSequence<InferMessage, any Error>, _ context: CallContext, to writer: RPCWriter<StreamAnswer>
  ) async throws {
    try await drain.cancellingWithServer(before: context.deadline) {
      var pending: [Task<Void, any Error>] = []
      var reading: Result<Void, any Error> = .success(())
      do {
        for try await message in messages {
          let call = try await message.call
          if pending.count == Self.streamWindow { try await pending.removeFirst().value }
          let previous = pending.last
          pending.append(
            Task {
              let answer = await streamAnswer(call, context)
              try await previous?.value
              try await writer.write(answer)
            })
        }
      } catch {
        reading = .failure(error)
      }
      let writing = await pending.last?.result
      try reading.get()
      try writing?.get()
      // The client may have said all it had to say.
      try Task.checkCancellation()
    }
  }

  private func streamAnswer(_ call: InferCall, _ context: CallContext) async -> StreamAnswer {
    var result: StreamAnswer
    switch await answer(call, context) {
    case .success(let answer): result = StreamAnswer(answer: answer)
    case .failure(let error): result = StreamAnswer(error: error.message, answer: InferAnswer(to: call))
    }
    result.answer.markFinal()
    return result
  }

  /// Requests of one stream that run at once.
  private static let streamWindow = 32
}

/// What a call's metadata say about its requests.
private struct CallContext: Sendable {
  private let metadata: Metadata
  let deadline: UInt64?

  init(_ metadata: Metadata) {
    self.metadata = metadata
    deadline = CallDeadline.deadline(in: metadata)
  }

  var header: @Sendable (String) -> String? {
    { [metadata] name in
      var values = metadata[stringValues: name].makeIterator()
      return values.next()
    }
  }
}
