import ArgumentParser
import MassClient
import MassFormats
import MassRuntime

/// A model behind a URL.
struct RemoteModel {
  let address: ModelAddress
  let client: InferenceClient
  let metadata: ModelMetadata

  /// Asks the server what the model takes.
  init(_ url: String, timeout: Double, security: ClientSecurity) async throws(Failure) {
    do throws(ClientError) {
      address = try ModelAddress(url)
      client = InferenceClient(address, options: .init(timeoutSeconds: timeout), security: security)
      metadata = try await client.metadata()
    } catch { throw Failure(error, url: url) }
  }

  var url: String { "\(address)" }
  var inputs: [ValueInfo] { metadata.inputs.map(\.value) }

  /// A request with these values, in the order of the inputs.
  func request(_ values: [Value], id: String? = nil) throws(Failure) -> EncodedRequest {
    let tensors = zip(metadata.inputs, values).compactMap { input, value in
      value.tensor.map { NamedTensor(input.name, $0) }
    }
    do throws(ClientError) { return try EncodedRequest(InferenceRequest(tensors, id: id)) } catch {
      throw Failure(error, url: url)
    }
  }

  func infer(_ request: EncodedRequest) async throws(Failure) -> InferenceResponse {
    do throws(ClientError) { return try await client.infer(request) } catch { throw Failure(error, url: url) }
  }

  /// Refuses, as a fault of the command line, what is not the URL of a model.
  static func validate(_ url: String) throws {
    do throws(ClientError) { _ = try ModelAddress(url) } catch {
      throw ValidationError("\(error); expected http://HOST:PORT/v2/models/NAME or …/NAME/versions/N")
    }
  }
}

extension Failure {
  /// Says what a server answered, and what can be done.
  init(_ error: ClientError, url: String) {
    self.init("\(url): \(error)\(Self.remedy(error).map { "; \($0)" } ?? "")")
  }

  private static func remedy(_ error: ClientError) -> String? {
    switch error {
    case .unreachable: "is a server running there, and is this its HTTP port?"
    case .insecure: "--ca names the server's authority, --client-certificate what to show to it"
    case .timedOut: "--timeout gives it longer"
    case .notInferenceServer: "expected http://HOST:PORT/v2/models/NAME of such a server"
    case .refused(401, _): "--api-key or MASS_API_KEY says who you are"
    case .refused(404, _): "POST /v2/repository/index lists the server's models"
    case .refused(413, _): "the server's --max-body-bytes allows more"
    case .refused(429, _), .refused(503, _): "it is loading or has too much to do; try again later"
    default: nil
    }
  }
}
