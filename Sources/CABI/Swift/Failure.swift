import CMass
import MassCompiler
import MassRuntime

/// Why a call fails: the one error that reaches the C side.
struct Failure: Error {
  var status: mass_status
  var message: String

  init(_ status: mass_status, _ message: String) {
    self.status = status
    self.message = message
  }

  static func null(_ parameter: String) -> Failure {
    Failure(MASS_INVALID_ARGUMENT, "\(parameter): expected a pointer, got NULL")
  }
}

extension Failure {
  init(_ error: PlanError) {
    let status =
      switch error {
      case .file: MASS_FILE_ERROR
      case .unknownOperator: MASS_UNSUPPORTED
      default: MASS_BAD_FORMAT
      }
    self.init(status, "\(error)")
  }

  init(_ error: CompileError) {
    switch error {
    case .cannotImport(let error): self.init(Self.status(of: error.problem.kind), "\(error)")
    case .unknownShape, .unknownPass: self.init(MASS_INVALID_ARGUMENT, "\(error)")
    case .cannotBind(_, let reason): self.init(Failure(reason).status, "\(error)")
    case .pass: self.init(MASS_INTERNAL, "\(error)")
    }
  }

  private static func status(of kind: Problem.Kind) -> mass_status {
    switch kind {
    case .unsupportedOperator, .unsupportedUse, .unsupportedType, .opset, .limit: MASS_UNSUPPORTED
    default: MASS_BAD_FORMAT
    }
  }

  init(_ error: RunError) {
    let status =
      switch error {
      case .unknownInput, .missingInput, .inputCount, .inputMismatch: MASS_MISMATCH
      case .shapesKnownOnlyAfterRunning: MASS_SHAPE_UNKNOWN
      case .node, .outOfMemory: MASS_RUN_FAILED
      case .notPrepared: MASS_INTERNAL
      }
    self.init(status, "\(error)")
  }
}
