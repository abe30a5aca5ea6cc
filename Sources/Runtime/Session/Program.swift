/// A run of nodes bound to shapes: kernels in order, and a table of operand addresses they read.
///
/// Addresses in the arena change only when the arena grows; addresses of inputs and outputs are the caller's and are
/// patched when they differ from the last run's.
@safe final class Program {
  struct Step {
    let kernel: any Kernel
    /// Where the node's operands start in the address table.
    let firstOperand: Int
    let node: Int
    let kernelName: String
  }

  struct Slot {
    let index: Int
    /// Which input or output; unused for arena slots.
    let source: Int
    let offset: Int
  }

  let signature: [Int]
  let firstNode: Int
  /// The node after the last one; a node that only the host can run, or the end.
  let endNode: Int
  let steps: ContiguousArray<Step>
  let inputs: [ValueID]
  let inputTypes: [TensorType]
  let outputs: [ValueID]
  let outputTypes: [TensorType]
  /// Values that turned out constant for this signature and are needed after this program.
  let folded: [ValueID: Tensor]
  let arenaBytes: Int
  let scratchBytes: Int

  private let arenaSlots: [Slot]
  private let inputSlots: [Slot]
  private let outputSlots: [Slot]
  /// Keeps constants alive that the table points into.
  private let constants: [Tensor]
  private let table: UnsafeMutablePointer<UnsafeMutableRawPointer?>
  private let tableCount: Int
  private var arenaBase: UnsafeMutableRawPointer?

  init(_ parts: ProgramParts) {
    signature = parts.signature
    firstNode = parts.firstNode
    endNode = parts.endNode
    steps = ContiguousArray(parts.steps)
    inputs = parts.inputs
    inputTypes = parts.inputTypes
    outputs = parts.outputs
    outputTypes = parts.outputTypes
    folded = parts.folded
    arenaBytes = parts.arenaBytes
    scratchBytes = parts.steps.map(\.kernel.scratchBytes).max() ?? 0
    arenaSlots = parts.arenaSlots
    inputSlots = parts.inputSlots
    outputSlots = parts.outputSlots
    constants = parts.constantSlots.map(\.tensor)
    tableCount = parts.slotCount
    unsafe table = UnsafeMutablePointer<UnsafeMutableRawPointer?>.allocate(capacity: max(tableCount, 1))
    unsafe table.initialize(repeating: nil, count: max(tableCount, 1))
    for (index, tensor, offset) in parts.constantSlots {
      unsafe table[index] = UnsafeMutableRawPointer(mutating: tensor.baseAddress + offset)
    }
  }

  deinit { unsafe table.deallocate() }

  /// Points the table at the arena and the caller's memory.
  func relocate(
    arena: UnsafeMutableRawPointer?, inputs: UnsafePointer<UnsafeRawPointer?>,
    outputs: UnsafePointer<UnsafeMutableRawPointer?>
  ) {
    if unsafe arena != arenaBase, let arena = unsafe arena {
      for slot in arenaSlots { unsafe table[slot.index] = arena + slot.offset }
      unsafe arenaBase = arena
    }
    for slot in inputSlots {
      unsafe table[slot.index] = inputs[slot.source].map { unsafe UnsafeMutableRawPointer(mutating: $0 + slot.offset) }
    }
    for slot in outputSlots { unsafe table[slot.index] = outputs[slot.source].map { unsafe $0 + slot.offset } }
  }

  /// Runs every step. Allocates nothing unless a kernel does.
  func run(scratch: UnsafeMutableRawPointer?) throws(OperatorError) {
    for step in steps { try unsafe step.kernel.run(table + step.firstOperand, scratch: scratch) }
  }

  /// Runs every step and tells what each took.
  func run(
    scratch: UnsafeMutableRawPointer?, clock: ContinuousClock, record: (Step, Duration) -> Void
  ) throws(OperatorError) {
    var last = clock.now
    for step in steps {
      try unsafe step.kernel.run(table + step.firstOperand, scratch: scratch)
      let now = clock.now
      record(step, last.duration(to: now))
      last = now
    }
  }
}

/// What the binder hands to `Program`.
struct ProgramParts {
  var signature: [Int] = []
  var firstNode = 0
  var endNode = 0
  var steps: [Program.Step] = []
  var inputs: [ValueID] = []
  var inputTypes: [TensorType] = []
  var outputs: [ValueID] = []
  var outputTypes: [TensorType] = []
  var folded: [ValueID: Tensor] = [:]
  var arenaBytes = 0
  var arenaSlots: [Program.Slot] = []
  var inputSlots: [Program.Slot] = []
  var outputSlots: [Program.Slot] = []
  var constantSlots: [(index: Int, tensor: Tensor, offset: Int)] = []
  var slotCount = 0
}
