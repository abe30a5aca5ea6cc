import MassRuntime

/// What a compilation is asked for.
public struct CompileOptions: Sendable {
  /// Concrete input shapes to tune for; inputs not named get 1 for each symbol.
  public var shapes: [String: [Int]] = [:]
  public var threads: Int?
  /// Leaves out every pass and kernel that is approximate.
  public var isStrict = false
  public var disabledPasses: Set<String> = []
  /// Runs only the first passes: for finding the one that breaks a model.
  public var stopAfter: Int?
  /// Measures kernels and packs weights for this machine.
  public var isTuned = true

  public init() {}
}

/// How far a compilation is.
public struct CompileProgress: Sendable {
  public var stage: String
  /// 0 to 1 within the stage.
  public var fraction: Double
}

/// Why a model did not become a plan.
public enum CompileError: Error, CustomStringConvertible {
  case cannotImport(ImportError)
  case pass(model: String, PassError)
  case unknownShape(model: String, input: String, known: [String])
  case unknownPass(String)
  case cannotBind(model: String, RunError)

  public var description: String {
    switch self {
    case .cannotImport(let error): "\(error)"
    case .pass(let model, let error): "\(model): \(error)"
    case .unknownShape(let model, let input, let known):
      "\(model): --shape names '\(input)', which is not an input; the inputs are \(known.joined(separator: ", "))"
    case .unknownPass(let name): "there is no pass '\(name)'; 'mass compile --help' lists them"
    case .cannotBind(let model, let error): "\(model): \(error)"
    }
  }
}

/// ONNX in, plan out.
public enum Compiler {
  /// Compiles a model file.
  public static func compile(
    path: String, options: CompileOptions = CompileOptions(), plugins: [any RuntimePlugin],
    progress: ((CompileProgress) -> Void)? = nil
  ) throws(CompileError) -> Plan {
    progress?(CompileProgress(stage: "importing", fraction: 0))
    let graph: Graph
    do throws(ImportError) { graph = try Importer.importGraph(try ONNXModel.open(path: path)) } catch {
      throw .cannotImport(error)
    }
    return try compile(graph, name: fileName(path), options: options, plugins: plugins, progress: progress)
  }

  /// Compiles a model held in memory. `name` stands for it in errors.
  public static func compile(
    bytes: UnsafeRawBufferPointer, name: String, options: CompileOptions = CompileOptions(),
    plugins: [any RuntimePlugin], progress: ((CompileProgress) -> Void)? = nil
  ) throws(CompileError) -> Plan {
    let graph: Graph
    do throws(ImportError) {
      graph = try Importer.importGraph(try unsafe ONNXModel.open(bytes: bytes, name: name))
    } catch {
      throw .cannotImport(error)
    }
    return try compile(graph, name: name, options: options, plugins: plugins, progress: progress)
  }

  /// Compiles a graph.
  public static func compile(
    _ source: Graph, name: String, options: CompileOptions, plugins: [any RuntimePlugin],
    progress: ((CompileProgress) -> Void)? = nil
  ) throws(CompileError) -> Plan {
    let known = Set(StandardPasses.all.map(\.name))
    if let stranger = options.disabledPasses.subtracting(known).min() { throw .unknownPass(stranger) }
    let inputs = source.inputs.map { source.name($0) }
    if let stranger = options.shapes.keys.sorted().first(where: { !inputs.contains($0) }) {
      throw .unknownShape(model: name, input: stranger, known: inputs)
    }
    var graph = source
    let driver = PassDriver(passes: StandardPasses.all, context: PassContext(options: options), progress: progress)
    let report: [PassRecord]
    do throws(PassError) { report = try driver.run(&graph) } catch { throw .pass(model: name, error) }
    let header = PlanHeader(
      producer: "mass \(Version.string)", numerics: options.isStrict ? "f32 strict" : "f32", source: name)
    var plan = Plan(header: header, graph: graph, report: report)
    if options.isTuned {
      progress?(CompileProgress(stage: "tuning", fraction: 0))
      do throws(RunError) {
        let outcome = try Tuner(plan: plan, options: options, plugins: plugins).run(progress)
        plan.target = outcome.target
        plan.report.append(outcome.record)
      } catch { throw .cannotBind(model: name, error) }
    }
    return plan
  }

  static func fileName(_ path: String) -> String { path.split(separator: "/").last.map(String.init) ?? path }
}
