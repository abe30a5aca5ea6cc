import MassFormats
import MassServing

/// `mass serve --check`: what would be wrong with a server of this configuration.
struct ServeCheck {
  /// Looks at a part of the configuration that was read.
  typealias Step = @Sendable (ServerConfiguration) async -> [Finding]

  /// Parts that have files of their own.
  static let steps: [Step] = [security]

  let config: String?
  let options: ServeOptions
  let compiles: Bool

  func run() async -> ServeCheckReport {
    var report = ServeCheckReport()
    var configuration = ServerConfiguration()
    if let config {
      report.findings = ServerConfiguration.problems(in: config).map { error in
        Finding(.error, config, error, remedy: "correct the file; docs/configuration.md lists its members")
      }
      // What can be read of a file with errors is too little to judge the rest by.
      guard report.findings.isEmpty, (try? configuration.read(config)) != nil else { return report }
    }
    options.apply(to: &configuration)
    for step in Self.steps { report.findings += await step(configuration) }
    guard let repository = configuration.repository else {
      let remedy = "name the folder of models there or with --repository"
      report.findings.append(Finding(.error, config ?? "", "'repository' is missing", remedy: remedy))
      return report
    }
    // Keys that are of no use are among the findings.
    guard let options = try? RepositoryOptions(configuration, folder: repository) else { return report }
    report.repository = repository
    report.take(await RepositoryCheck(options, compiles: compiles).run())
    return report
  }
}

/// What a check found, for people and for programs.
struct ServeCheckReport {
  var repository: String?
  var findings: [Finding] = []
  var models = 0
  var versions = 0

  var isClean: Bool { !findings.contains { $0.severity == .error } }

  mutating func take(_ report: RepositoryCheck.Report) {
    findings += report.findings
    models = report.models
    versions = report.versions
  }

  var json: JSON {
    [
      "ok": .bool(isClean), "repository": repository.map { .string($0) } ?? .null, "models": .int(models),
      "versions": .int(versions),
      "findings": .array(
        findings.map { finding in
          [
            "severity": .string(finding.severity.rawValue), "file": .string(finding.file),
            "message": .string(finding.message), "remedy": .string(finding.remedy),
          ]
        }),
    ]
  }

  /// A line for each finding and one for all.
  var text: String {
    let errors = findings.count { $0.severity == .error }
    let counts = [Text.count(errors, "error"), Text.count(findings.count - errors, "warning")]
    let place = repository.map { "\($0): " } ?? ""
    let what = "\(Text.count(models, "model")), \(Text.count(versions, "version"))"
    return (findings.map(\.description) + ["\(place)\(what): \(Text.list(counts))"]).joined(separator: "\n")
  }
}
