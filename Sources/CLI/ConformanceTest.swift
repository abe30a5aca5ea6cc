import MassCompiler
import MassDefaults
import MassFormats
import MassRuntime

/// One ONNX test directory.
struct ConformanceTest {
  let folder: String

  var name: String { FileSystem.name(folder) }

  func run(tolerance: Tolerance, options: SessionOptions) -> TestResult {
    do throws(Failure) {
      let model: Model
      do throws(CompileError) { model = try compiled() } catch { return result(of: error) }
      let dataSets = (FileSystem.names(in: folder) ?? []).filter { $0.hasPrefix("test_data_set_") }
      guard !dataSets.isEmpty else { throw Failure("expected test_data_set_0, got no such folder") }
      for dataSet in dataSets { try compare(model, "\(folder)/\(dataSet)", tolerance, options) }
      return TestResult(name: name, status: .passed)
    } catch {
      return TestResult(name: name, status: .failed, reason: error.description)
    }
  }

  private func compiled() throws(CompileError) -> Model {
    var options = CompileOptions()
    options.isTuned = false
    return Model(
      try Compiler.compile(path: "\(folder)/model.onnx", options: options, plugins: DefaultPlugins.all),
      plugins: DefaultPlugins.all)
  }

  /// What the importer does not know is no failure.
  private func result(of error: CompileError) -> TestResult {
    var status = TestResult.Status.failed
    if case .cannotImport(let cause) = error {
      switch cause.problem.kind {
      case .unsupportedOperator, .unsupportedUse, .unsupportedType, .opset: status = .unsupported
      default: break
      }
    }
    return TestResult(name: name, status: status, reason: "\(error)")
  }

  private func compare(
    _ model: Model, _ folder: String, _ tolerance: Tolerance, _ options: SessionOptions
  ) throws(Failure) {
    let data = ValueFolder(folder)
    let inputs = model.inputs.isEmpty ? [:] : try data.values("input", of: model.inputs)
    let expected = try data.values("output", of: model.outputs)
    var session = Session(model, options: options)
    let outputs: [Value]
    do throws(RunError) { outputs = try session.run(inputs) } catch { throw Failure("\(error)") }
    for (info, got) in zip(model.outputs, outputs) {
      guard let wanted = expected[info.name] else { continue }
      if let difference = tolerance.difference(got, wanted) { throw Failure("output '\(info.name)': \(difference)") }
    }
  }
}

/// The verdict on a test.
struct TestResult {
  enum Status: String {
    case passed, failed, unsupported
  }

  var name: String
  var status: Status
  var reason = ""
}
