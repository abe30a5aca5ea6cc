import MassRuntime
import OperatorCases

/// Builds small graphs in tests, one node a line.
final class GraphBuilder {
  private var graph = Graph(name: "test")
  private var count = 0

  func input(_ shape: Shape, _ element: ElementType = .float32) -> ValueID {
    graph.addInput(name: fresh("input"), type: .tensor(TensorType(element, shape)))
  }

  func constant(_ tensor: Tensor) -> ValueID { graph.addConstant(tensor, name: fresh("constant")) }

  func scalar(_ value: Double) -> ValueID { constant(.f32([], [value])) }

  func random(_ shape: [Int], _ seed: UInt64) -> ValueID { constant(.random(shape, seed: seed)) }

  func add(_ op: any Operator, _ inputs: ValueID...) -> ValueID {
    let name = fresh(type(of: op).name)
    return graph.append(op, inputs, resultNames: [name], origins: [name])[0]
  }

  func output(_ id: ValueID) { graph.outputs.append(id) }

  func finish() throws -> Graph {
    try graph.inferTypes()
    return graph
  }

  private func fresh(_ stem: String) -> String {
    count += 1
    return "\(stem)\(count)"
  }
}
