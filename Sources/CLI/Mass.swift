import ArgumentParser
import MassCompiler

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

@main
struct Mass: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "mass",
    abstract: "Compiles ONNX models into plans, runs and serves them.",
    discussion: """
      EXAMPLES
        mass check model.onnx
        mass compile model.onnx -o model.plan --shape image=1x3x224x224
        mass run model.plan --input image=picture.jpg --top 5 --labels labels.txt
        mass bench model.plan --threads 2
        mass serve --repository models
        mass predict http://localhost:8000/v2/models/digits --input image=picture.png
        mass load http://localhost:8000/v2/models/digits --rate 100

      Where a MODEL_OR_PLAN is asked for, an ONNX model is compiled first. Exit status: 0 when all went well, 1 when \
      a model, a plan or data is at fault, 64 when the command line is.
      """,
    version: "mass \(Version.string)",
    subcommands: [
      CheckCommand.self, CompileCommand.self, RunCommand.self, BenchCommand.self, ProfileCommand.self,
      InspectCommand.self, VerifyCommand.self, ServeCommand.self, PredictCommand.self, LoadCommand.self,
      ModelCommand.self, SignCommand.self, VerifySignatureCommand.self,
      KeyCommand.self, TenantCommand.self, AuditCommand.self,
    ])

  static var _errorPrefix: String { "mass: " }

  static func main() async {
    do {
      var command = try parseAsRoot()
      if var command = command as? any AsyncParsableCommand {
        try await command.run()
      } else {
        try command.run()
      }
    } catch let failure as Failure {
      Terminal.writeError("mass: \(failure)")
      exit(withError: ExitCode(1))
    } catch {
      exit(withError: error)
    }
  }
}
