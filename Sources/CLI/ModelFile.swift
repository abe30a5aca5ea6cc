import MassCompiler
import MassDefaults
import MassFormats
import MassRuntime

/// A `MODEL_OR_PLAN` of the command line.
struct ModelFile {
  let path: String
  let isPlan: Bool

  init(_ path: String) throws(Failure) {
    self.path = path
    let head = try Failure.inFormat { () throws(FormatError) in try WholeFile.head(path, PlanFile.magic.count) }
    isPlan = head == PlanFile.magic
  }

  /// Opens a plan; compiles a model in memory.
  func open(_ options: CompileOptions, _ progress: ProgressLine) throws(Failure) -> Model {
    if isPlan {
      do throws(PlanError) { return try Model.open(path: path, plugins: DefaultPlugins.all) } catch {
        throw Failure(error, path: path)
      }
    }
    defer { progress.clear() }
    do throws(CompileError) {
      let plan = try Compiler.compile(
        path: path, options: options, plugins: DefaultPlugins.all, progress: progress.compiling(path))
      return Model(plan, plugins: DefaultPlugins.all)
    } catch { throw Failure(error) }
  }
}

extension [ValueInfo] {
  /// Types of these inputs of a model with all extents known: the shapes asked for, what they say about symbols of other inputs, and
  /// 1 for every other symbol. nil for those in `except`.
  ///
  /// - Throws: When a shape names no input or has another rank, or an input is no tensor.
  func concreteTypes(
    _ shapes: [String: [Int]], path: String, except: Set<String>
  ) throws(Failure) -> [TensorType?] {
    let known = map(\.name)
    if let stranger = shapes.keys.sorted().first(where: { !known.contains($0) }) {
      throw Failure(.unknownInput(stranger, known: known), path: path)
    }
    let symbols = try symbols(in: shapes, path: path)
    var types: [TensorType?] = []
    for input in self {
      guard !except.contains(input.name) else {
        types.append(nil)
        continue
      }
      guard var type = input.type.tensor else {
        throw Failure("\(path): input '\(input.name)' is \(input.type): give its value with --input or --input-dir")
      }
      type.shape =
        shapes[input.name].map { Shape($0) }
        ?? type.shape.map { dimension in
          dimension.substituting(
            Dictionary(dimension.symbols.map { ($0, symbols[$0] ?? 1) }, uniquingKeysWith: { first, _ in first }))
        }
      types.append(type)
    }
    return types
  }

  /// As above, for all inputs.
  func concreteTypes(_ shapes: [String: [Int]], path: String) throws(Failure) -> [TensorType] {
    try concreteTypes(shapes, path: path, except: []).compactMap { $0 }
  }

  private func symbols(in shapes: [String: [Int]], path: String) throws(Failure) -> [String: Dimension] {
    var symbols: [String: Dimension] = [:]
    for input in self {
      guard let type = input.type.tensor, let shape = shapes[input.name] else { continue }
      guard shape.count == type.rank else {
        throw Failure(
          .inputMismatch(name: input.name, expected: "\(type)", got: shape.map(String.init).joined(separator: "x")),
          path: path)
      }
      for (declared, extent) in zip(type.shape, shape) {
        if let symbol = declared.symbolName { symbols[symbol] = Dimension(extent) }
      }
    }
    return symbols
  }
}
