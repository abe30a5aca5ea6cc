import ArgumentParser
import MassFormats

struct VerifyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify", abstract: "Runs ONNX test directories.",
    discussion: """
      A test is a folder with model.onnx and test_data_set_N/{input,output}_I.pb; of a folder without model.onnx the \
      tests one level below are run. Types and shapes must match; integers and strings must be equal, bfloat16 within two \
      units in the last place. Exit status 0 when none failed; unsupported operators are no failure.

      EXAMPLES
        mass verify backend/test/data/node --filter '^test_conv'
        mass verify test_add test_mul --rtol 1e-4 --atol 1e-6 --json
      """)

  @Argument(help: "Folders of tests.", completion: .directory)
  var folders: [String]

  @Option(help: ArgumentHelp("Only tests whose name this regular expression finds.", valueName: "regex"))
  var filter: String?

  @Option(help: "Relative tolerance.")
  var rtol = 1e-3

  @Option(help: "Absolute tolerance.")
  var atol = 1e-7

  @OptionGroup var thread: ThreadOptions
  @OptionGroup var output: OutputOptions

  func validate() throws {
    for (name, value) in [("--rtol", rtol), ("--atol", atol)] where !(value >= 0) {
      throw ValidationError("\(name): expected 0 or more, got \(value)")
    }
    if let filter, (try? Regex(filter)) == nil {
      throw ValidationError("--filter: expected a regular expression, got '\(filter)'")
    }
  }

  func run() throws {
    let tests = try selected()
    let tolerance = Tolerance(relative: rtol, absolute: atol)
    let progress = output.progress
    var results: [TestResult] = []
    for (i, test) in tests.enumerated() {
      progress.show("\(test.name)", fraction: Double(i) / Double(tests.count))
      results.append(test.run(tolerance: tolerance, options: thread.session))
    }
    progress.clear()
    report(results)
    if results.contains(where: { $0.status == .failed }) { throw ExitCode(1) }
  }

  private func selected() throws(Failure) -> [ConformanceTest] {
    var tests: [ConformanceTest] = []
    for folder in folders {
      guard let names = FileSystem.names(in: folder) else { throw Failure("\(folder): expected a folder of a test") }
      if names.contains("model.onnx") {
        tests.append(ConformanceTest(folder: folder))
        continue
      }
      let inner = names.map { "\(folder)/\($0)" }.filter { FileSystem.exists("\($0)/model.onnx") }
      guard !inner.isEmpty else { throw Failure("\(folder): expected model.onnx, or folders that have one") }
      tests += inner.map { ConformanceTest(folder: $0) }
    }
    guard let filter, let expression = try? Regex(filter) else { return tests }
    return tests.filter { $0.name.firstMatch(of: expression) != nil }
  }

  private func report(_ results: [TestResult]) {
    func count(_ status: TestResult.Status) -> Int { results.filter { $0.status == status }.count }
    if output.json {
      let tests = results.map { result -> JSON in
        ["name": .string(result.name), "status": .string(result.status.rawValue), "reason": .string(result.reason)]
      }
      let report: JSON = [
        "passed": .int(count(.passed)), "failed": .int(count(.failed)), "unsupported": .int(count(.unsupported)),
        "tests": .array(tests),
      ]
      print(report.text())
    } else {
      for result in results where result.status == .failed || (!output.quiet && result.status == .unsupported) {
        print("\(result.status.rawValue) \(result.name): \(result.reason)")
      }
      if !output.quiet {
        print("\(count(.passed)) passed, \(count(.failed)) failed, \(count(.unsupported)) unsupported")
      }
    }
  }
}
