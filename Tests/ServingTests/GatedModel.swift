import Dispatch
import MassRuntime
import Synchronization

/// Models of one `Relu` whose kernels do what a test tells them.
final class GatedModel: RuntimePlugin {
  let name = "gated"
  let processor = ""
  /// Each run waits for a signal if it is closed.
  private let gate = DispatchSemaphore(value: 0)
  private let isGated: Bool
  /// Kernels that ask for more memory than there is, before those that work.
  private let failures: Mutex<Int>
  /// Inputs above this are refused by the kernel.
  private let limit: Float
  /// Results of this many elements and more are off by their last bit; nil for none.
  private let unevenFrom: Int?

  init(isGated: Bool = false, failures: Int = 0, limit: Float = .infinity, unevenFrom: Int? = nil) {
    self.unevenFrom = unevenFrom
    self.isGated = isGated
    self.failures = Mutex(failures)
    self.limit = limit
  }

  /// Lets so many runs go.
  func open(_ runs: Int = 1) { for _ in 0..<runs { gate.signal() } }

  var lowerings: [Lowering] {
    [
      Lowering(Unary.self, "gated") { [self] _, node in
        [
          KernelOffer("relu", exactness: .exact) { [self] in
            let fails = failures.withLock { left in
              defer { left = max(0, left - 1) }
              return left > 0
            }
            return GatedKernel(
              count: node.outputs[0].count, scratch: fails ? Tensor.byteLimit + 1 : 0, limit: limit,
              isUneven: node.outputs[0].count >= unevenFrom ?? .max,
              wait: isGated ? { self.gate.wait() } : {})
          }
        ]
      }
    ]
  }

  /// `y = relu(x)` over rows of any number, each of two elements.
  func model() throws -> Model {
    var graph = Graph(name: "relu")
    let x = graph.addInput(
      name: "x", type: .tensor(TensorType(.float32, [Dimension(symbol: "N"), Dimension(symbol: "S")])))
    graph.outputs = graph.append(Unary(.relu), [x], resultNames: ["y"], origins: ["relu"])
    try graph.inferTypes()
    return Model(Plan(header: PlanHeader(producer: "", numerics: "", source: ""), graph: graph), plugins: [self])
  }
}

private final class GatedKernel: Kernel {
  let scratchBytes: Int
  private let count: Int
  private let limit: Float
  private let isUneven: Bool
  private let wait: () -> Void

  init(count: Int, scratch: Int, limit: Float, isUneven: Bool, wait: @escaping () -> Void) {
    self.count = count
    scratchBytes = scratch
    self.limit = limit
    self.isUneven = isUneven
    self.wait = wait
  }

  func run(_ operands: Operands.Pointers, scratch: UnsafeMutableRawPointer?) throws(OperatorError) {
    wait()
    guard let x = unsafe operands[0]?.assumingMemoryBound(to: Float.self),
      let y = unsafe operands[1]?.assumingMemoryBound(to: Float.self)
    else { return }
    for i in 0..<count {
      let value = unsafe x[i]
      guard value <= limit else {
        throw OperatorError(op: "Relu", node: "relu", expected: "at most \(limit)", got: "\(value)")
      }
      unsafe y[i] = isUneven ? max(value, 0).nextUp : max(value, 0)
    }
  }
}
