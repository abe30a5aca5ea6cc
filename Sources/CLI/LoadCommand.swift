import ArgumentParser
import MassClient
import MassFormats
import MassRuntime

struct LoadCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "load", abstract: "Puts load on a served model and measures how it answers.",
    discussion: """
      With --rate, requests are due by a schedule that no answer delays. Response time counts from the moment a request \
      is due to the last byte of its answer, so that every request that a stall delays is in the figures; service time \
      counts from its write. A request that finds every connection busy waits, and that wait counts. When the client is \
      itself more than 1 ms late for 1 % of the requests, the figures are marked invalid and the exit status is 1.

      With --closed N, each of N connections sends its next request when it has its answer. That finds the server's \
      throughput; its latencies are service times and say nothing about users who do not wait for one another.

      Latencies are those of answers with status 2xx; requests that time out count in the response time with what they \
      waited. Inputs that are not given are made up, the same every time. docs/clients.md describes the keys of --json.

      EXAMPLES
        mass load http://localhost:8000/v2/models/digits --rate 500 --duration 30 --slo 20
        mass load http://localhost:8000/v2/models/digits --closed 8 --shape image=16x1x32x32 --json
      """)

  @Argument(help: ArgumentHelp("http://HOST:PORT/v2/models/NAME, with /versions/N for one version.", valueName: "url"))
  var url: String

  @OptionGroup var load: LoadOptions
  @OptionGroup var shape: ShapeOptions
  @OptionGroup var input: InputOptions
  @OptionGroup var security: SecurityOptions
  @OptionGroup var output: OutputOptions

  func validate() throws { try RemoteModel.validate(url) }

  func run() async throws {
    let security = try security.read()
    let model = try await RemoteModel(url, timeout: load.timeout, security: security)
    let values = try ModelInputs(input, shape).values(for: model.inputs, path: model.url)
    let request = try model.request(values)
    // What is refused once is refused always: better said than counted.
    _ = try await model.infer(request)
    let result = try await measure(model, request, security)
    let report = LoadReport(result, load, url: model.url)
    if output.json {
      print(report.json.text())
    } else if !output.quiet {
      print(report.text)
    }
    if let problem = report.problem { throw Failure("\(model.url): \(problem)") }
  }

  private func measure(
    _ model: RemoteModel, _ request: EncodedRequest, _ security: ClientSecurity
  ) async throws(Failure) -> LoadResult {
    let progress = output.progress
    defer { progress.clear() }
    var reported = 0
    Interruption.note()
    do throws(ClientError) {
      let run = try LoadRun(
        model.address, request, plan: load.plan, threads: load.clientThreads, security: security)
      return try await run(
        report: { state in
          progress.show(LoadReport.progress(state, since: reported))
          reported = state.account.sent
        }, isInterrupted: { Interruption.isNoted })
    } catch { throw Failure(error, url: model.url) }
  }
}

/// How much load there is, and how long.
struct LoadOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Requests a second, whatever the answers do.", valueName: "r"))
  var rate: Double?

  @Option(help: ArgumentHelp("Closed loop over N connections, in place of --rate.", valueName: "n"))
  var closed: Int?

  @Option(help: ArgumentHelp("Seconds to measure.", valueName: "s"))
  var duration = 10.0

  @Option(help: ArgumentHelp("Seconds of the same load before measuring.", valueName: "s"))
  var warmup = 1.0

  @Option(help: ArgumentHelp("Connections that requests are sent on. (default: 64)", valueName: "n"))
  var connections: Int?

  @Option(help: "Arrivals of requests: poisson (independent users) or uniform (equal intervals).")
  var arrivals = ArrivalProcess.poisson

  @Option(help: ArgumentHelp("What decides the arrivals.", valueName: "n"))
  var seed: UInt64 = 0

  @Option(help: ArgumentHelp("Seconds after which a request that is due has failed.", valueName: "s"))
  var timeout = 10.0

  @Option(help: ArgumentHelp("Response time to keep: goodput counts the answers that do.", valueName: "ms"))
  var slo: Double?

  @Option(help: ArgumentHelp("Threads to send and receive with.", valueName: "n"))
  var clientThreads = 1

  /// Connections beyond this need more descriptors than systems give.
  private static let connectionLimit = 20_000

  func validate() throws {
    guard (rate == nil) != (closed == nil) else { throw ValidationError("expected --rate R or --closed N") }
    if closed != nil && connections != nil { throw ValidationError("--closed N is the number of connections") }
    if let rate, !(0.001...10_000_000).contains(rate) {
      throw ValidationError("--rate: expected 0.001 to 10000000 requests a second, got \(rate)")
    }
    guard (1...Self.connectionLimit).contains(connectionCount) else {
      throw ValidationError("expected 1 to \(Self.connectionLimit) connections, got \(connectionCount)")
    }
    guard (1...min(256, connectionCount)).contains(clientThreads) else {
      throw ValidationError("--client-threads: expected 1 to 256 and no more than connections, got \(clientThreads)")
    }
    for (name, value, least) in [
      ("--duration", duration, 0.01), ("--warmup", warmup, 0), ("--timeout", timeout, 0.001),
    ]
    where !(least...86_400).contains(value) {
      throw ValidationError("\(name): expected \(least) to 86400 seconds, got \(value)")
    }
    if let slo, !(0.001...86_400_000).contains(slo) {
      throw ValidationError("--slo: expected 0.001 to 86400000 milliseconds, got \(slo)")
    }
  }

  var connectionCount: Int { closed ?? connections ?? 64 }

  var plan: LoadPlan {
    func nanoseconds(_ seconds: Double) -> UInt64 { UInt64(seconds * 1e9) }
    return LoadPlan(
      mode: rate.map { .open(rate: $0, arrivals) } ?? .closed, connections: connectionCount,
      warmup: nanoseconds(warmup), duration: nanoseconds(duration), timeout: nanoseconds(timeout),
      objective: slo.map { UInt64($0 * 1e6) }, seed: seed)
  }
}

extension ArrivalProcess: ExpressibleByArgument {}
