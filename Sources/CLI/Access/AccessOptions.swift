import ArgumentParser
import MassFormats
import MassSecurity

/// Which access file a command works on.
struct AccessFileOptions: ParsableArguments {
  @Option(help: ArgumentHelp("The access file. (default: $MASS_ACCESS)", valueName: "file"), completion: .file())
  var access: String?

  func validate() throws { _ = try path }

  var path: String {
    get throws {
      guard let path = access ?? Environment.value("MASS_ACCESS") else {
        throw ValidationError("expected --access FILE, or MASS_ACCESS to be set")
      }
      return path
    }
  }

  func read() throws -> AccessPolicy {
    let path = try path
    return try Failure.inAccess { () throws(AccessError) in try AccessPolicy.read(path) }
  }

  func change<Result>(
    creating: Bool = false, _ body: (inout AccessPolicy) throws(AccessError) -> Result
  ) throws -> Result {
    let path = try path
    return try Failure.inAccess { () throws(AccessError) in
      try AccessFile.change(path, creating: creating, body)
    }
  }

  /// What the help of every change says of servers.
  static let takeover = "A running server takes the change over within about a second."
}

/// `predictor` or `predictor:acme-*`.
struct GrantArgument: ExpressibleByArgument, Sendable {
  var grant: Grant

  init?(argument: String) {
    let parts = argument.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    guard let role = parts.first.flatMap({ Role(rawValue: String($0)) }) else { return nil }
    guard parts.count == 2 else {
      grant = Grant(role)
      return
    }
    guard let models = ModelPattern(String(parts[1])) else { return nil }
    grant = Grant(role, on: models)
  }
}

struct ModelPatternArgument: ExpressibleByArgument, Sendable {
  var pattern: ModelPattern

  init?(argument: String) {
    guard let pattern = ModelPattern(argument) else { return nil }
    self.pattern = pattern
  }
}

/// A number and one of `s m h d w`, such as `90d`.
struct DurationArgument: ExpressibleByArgument, Sendable {
  var seconds: Int

  init(seconds: Int) { self.seconds = seconds }

  init?(argument: String) {
    let units: [Character: Int] = ["s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800]
    guard let unit = argument.last.flatMap({ units[$0] }), let count = Int(argument.dropLast()),
      (0...1_000_000_000).contains(count)
    else { return nil }
    seconds = count * unit
  }

  var defaultValueDescription: String {
    let (count, unit) = seconds % 3600 == 0 ? (seconds / 3600, "h") : (seconds, "s")
    return "\(count)\(unit)"
  }
}

/// `90d`, `2031-05-01` or `2031-05-01T12:00:00Z`.
struct ExpiryArgument: ExpressibleByArgument, Sendable {
  private var seconds: Int?
  private var date: UTCTime?

  init?(argument: String) {
    if let duration = DurationArgument(argument: argument) {
      seconds = duration.seconds
    } else if let time = UTCTime(argument) {
      date = time
    } else {
      return nil
    }
  }

  func time(from now: UTCTime) -> UTCTime? { date ?? seconds.map { now.inSeconds.advanced(bySeconds: $0) } }
}

struct RateOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Requests per second. (default: no limit)", valueName: "n"))
  var rate: Double?

  @Option(help: ArgumentHelp("Requests at once. (default: those of a second)", valueName: "n"))
  var burst: Int?

  func validate() throws { _ = try limit }

  var limit: RequestRate? {
    get throws {
      guard let rate else {
        guard burst == nil else { throw ValidationError("--burst: expected --rate beside it") }
        return nil
      }
      guard RequestRate.rateRange.contains(rate) else {
        throw ValidationError("--rate: expected 0.000001 to 1000000000, got \(rate)")
      }
      guard let limit = RequestRate(rate: rate, burst: burst) else {
        throw ValidationError("--burst: expected 1 to 1000000000, got \(burst ?? 0)")
      }
      return limit
    }
  }
}

extension Failure {
  static func inAccess<Result>(_ body: () throws(AccessError) -> Result) throws(Failure) -> Result {
    do throws(AccessError) { return try body() } catch { throw Failure("\(error)") }
  }

  static func inAudit<Result>(_ body: () throws(AuditError) -> Result) throws(Failure) -> Result {
    do throws(AuditError) { return try body() } catch { throw Failure("\(error)") }
  }
}
