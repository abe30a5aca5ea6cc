import MassFormats
import MassRuntime

/// What a version runs before it is ready.
public struct WarmUpRules: Hashable, Sendable {
  /// Times that each instance runs each of the shapes; zero for no warm-up.
  public var runs = 1
  /// Shapes of the inputs by name; empty for those that the model has or was tuned for.
  public var shapes: [[String: [Int]]] = []
  /// Whether a version that cannot run them is refused. Inputs that are made up without being asked for may be ones that the
  /// model has no answer to.
  public var isRequired = false

  public init() {}
}

/// Inputs to warm up with: made up, valid where integers are indices, masks or lengths.
struct WarmUpInputs {
  let model: Model
  let rules: WarmUpRules
  /// Of the model's settings: what it is tuned for.
  let tuned: [String: [Int]]
  /// The symbol of the batch's axis, and the rows of the largest batch.
  let batch: (axis: BatchAxis, largest: Int)?

  /// For every shape and size of a batch, as often as the rules say.
  ///
  /// - Throws: When the rules ask for shapes that the inputs cannot have. Where nobody says what shapes to warm up
  ///   with, and the model does not fix them, there are none.
  var all: [[Value]] {
    get throws(ServingError) {
      var inputs: [[Value]] = []
      for types in try types where rules.runs > 0 {
        for rows in 1...(batch?.largest ?? 1) { inputs.append(try values(types, rows: batch == nil ? nil : rows)) }
      }
      return (0..<rules.runs).flatMap { _ in inputs }
    }
  }

  /// One input with as many rows as the largest batch; nil where no shapes are known.
  var largest: [Value]? {
    get throws(ServingError) {
      try types.first.map { types throws(ServingError) in try values(types, rows: batch?.largest) }
    }
  }

  private func values(_ types: [TensorType], rows: Int?) throws(ServingError) -> [Value] {
    var values: [Value] = []
    for (input, type) in zip(model.inputs, types) {
      var type = type
      if let rows { type.shape[0] = Dimension(rows) }
      do throws(TensorError) { values.append(.tensor(try SampleInputs.tensor(type, name: input.name))) } catch {
        throw .invalid("warm_up: input '\(input.name)': \(error)")
      }
    }
    return values
  }

  private var types: [[TensorType]] {
    get throws(ServingError) {
      var found: [[TensorType]] = []
      for shapes in rules.shapes { found.append(try concrete(shapes)) }
      guard found.isEmpty else { return found }
      if let types = try? concrete(tuned) { return [types] }
      return tunedByPlan.map { [$0] } ?? []
    }
  }

  private func concrete(_ shapes: [String: [Int]]) throws(ServingError) -> [TensorType] {
    let graph = model.graph
    if let stranger = shapes.keys.sorted().first(where: { name in !model.inputs.contains { $0.name == name } }) {
      throw .invalid("warm_up: there is no input '\(stranger)'")
    }
    let given = model.inputs.map { input in
      input.type.tensor.flatMap { type in shapes[input.name].map { TensorType(type.element, Shape($0)) } }
    }
    var symbols: [String: Dimension]
    do throws(RunError) { symbols = try graph.bindSymbols(given) } catch { throw .invalid("warm_up: \(error)") }
    if let axis = batch?.axis.symbol, symbols[axis] == nil { symbols[axis] = 1 }
    var types: [TensorType] = []
    for input in model.inputs {
      guard var type = input.type.tensor else { throw .invalid("warm_up: input '\(input.name)' is no tensor") }
      type.shape = type.shape.map { $0.substituting(symbols) }
      guard type.shape.constants != nil else {
        throw .invalid("warm_up: the shape of input '\(input.name)' is not known: it is \(input.type)")
      }
      types.append(type)
    }
    return types
  }

  /// The shapes that the plan's kernels were chosen for.
  private var tunedByPlan: [TensorType]? {
    let signatures = Set((model.plan.target?.choices.kernels.keys).map { $0.map(\.signature) } ?? [])
    for signature in signatures.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
      var rest = signature[...]
      var shapes: [String: [Int]] = [:]
      for input in model.inputs {
        guard let rank = rest.popFirst(), rank == input.type.tensor?.rank, rest.count >= rank else { break }
        shapes[input.name] = Array(rest.prefix(rank))
        rest = rest.dropFirst(rank)
      }
      if rest.isEmpty, shapes.count == model.inputs.count, let types = try? concrete(shapes) { return types }
    }
    return nil
  }
}
