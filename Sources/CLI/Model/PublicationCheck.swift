import MassCompiler
import MassDefaults
import MassFormats
import MassRegistry
import MassRuntime

/// What decides whether files can be published: they run here, or compile.
enum PublicationCheck {
  /// Begins the message of a refusal, in the place of the model's path.
  static let prefix = "the model"

  static let modelNames = ["model.plan", "model.onnx"]

  static func isModel(_ name: String) -> Bool { modelNames.contains(name) }

  /// Opens a plan; checks an ONNX model as `mass check` does, with its external data.
  static func run(_ path: String) throws(RegistryError) {
    if FileSystem.name(path) == "model.plan" {
      do throws(PlanError) { _ = try Model.open(path: path, plugins: DefaultPlugins.all) } catch {
        throw refusal("\(Failure(error, path: path))", of: path)
      }
      return
    }
    let report = Importer.check(path: path)
    guard let first = report.problems.first else { return }
    let others = report.problemCount > 1 ? " (\(report.problemCount) problems; mass check names them)" : ""
    throw refusal("\(first)\(others)", of: path)
  }

  private static func refusal(_ reason: String, of path: String) -> RegistryError {
    let reason = reason.hasPrefix("\(path): ") ? String(reason.dropFirst(path.count + 2)) : reason
    return RegistryError(.invalid, "\(prefix): \(reason)")
  }
}
