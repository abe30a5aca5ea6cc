/// A plan made ready to run: immutable, shared by any number of sessions and threads.
public final class Model: Sendable {
  public let plan: Plan
  public let plugins: [any RuntimePlugin]
  let lowerings: [ObjectIdentifier: [Lowering]]
  let packed: PackedConstants
  /// Types and small values that hold whatever the input shapes are.
  let baseState: InferredTypes
  /// For each value, the index of the last node that reads it; `Int.max` for outputs, -1 when nothing does.
  let lastUse: [Int]

  public var graph: Graph { plan.graph }

  public init(_ plan: Plan, plugins: [any RuntimePlugin]) {
    self.plan = plan
    self.plugins = plugins
    var table: [ObjectIdentifier: [Lowering]] = [:]
    for lowering in plugins.flatMap(\.lowerings) { table[lowering.operatorType, default: []].append(lowering) }
    lowerings = table
    packed = PackedConstants(preloaded: plan.target?.packed ?? [:])
    let graph = plan.graph
    var state = InferredTypes(
      types: graph.values.map(\.type), values: Array(repeating: nil, count: graph.values.count))
    for (id, tensor) in graph.constants {
      state.types[id.index] = .tensor(tensor.type)
      state.values[id.index] = SymbolicTensor(tensor)
    }
    baseState = state
    lastUse = Self.lastUses(graph)
  }

  /// Opens a plan file; its weights stay in the mapping.
  public static func open(path: String, plugins: [any RuntimePlugin]) throws(PlanError) -> Model {
    let operators = OperatorSet.standard.adding(plugins.flatMap(\.operators))
    let plan = try Plan.open(path: path, operators: operators, processor: processor(plugins))
    return Model(plan, plugins: plugins)
  }

  /// Opens a plan held in memory, which is copied once.
  public static func open(bytes: UnsafeRawBufferPointer, plugins: [any RuntimePlugin]) throws(PlanError) -> Model {
    let operators = OperatorSet.standard.adding(plugins.flatMap(\.operators))
    let plan = try unsafe Plan.open(bytes: bytes, operators: operators, processor: processor(plugins))
    return Model(plan, plugins: plugins)
  }

  /// What packed constants and kernel choices depend on: the plugins' own words about processor and library.
  public static func processor(_ plugins: [any RuntimePlugin]) -> String {
    plugins.map(\.processor).filter { !$0.isEmpty }.joined(separator: "; ")
  }

  public var inputs: [ValueInfo] { graph.inputs.map { graph[$0] } }
  public var outputs: [ValueInfo] { graph.outputs.map { graph[$0] } }

  /// Everything sessions packed so far, for the plan writer.
  public var packedConstants: [PackedConstants.Key: Tensor] { packed.all }

  private static func lastUses(_ graph: Graph) -> [Int] {
    var result = Array(repeating: -1, count: graph.values.count)
    for (i, node) in graph.nodes.enumerated() {
      for case let id? in node.inputs { result[id.index] = i }
    }
    for id in graph.outputs { result[id.index] = Int.max }
    return result
  }
}

/// What a plugin adds to the runtime. A plugin is a value that has lists; nothing registers itself.
public protocol RuntimePlugin: Sendable {
  var name: String { get }
  /// Operators beyond the standard set.
  var operators: [any Operator.Type] { get }
  /// Best first; lowerings of plugins listed earlier are asked earlier.
  var lowerings: [Lowering] { get }
  /// What packed weights and measured choices depend on, such as `onednn 2.6.3 avx512_core_bf16`.
  var processor: String { get }
}

extension RuntimePlugin {
  public var operators: [any Operator.Type] { [] }
  public var processor: String { "" }
}
