import MassRuntime
import OneDNNShim

#if canImport(Glibc)
  import Glibc
#endif

/// One primitive of a kernel, and where each of its operands lies.
struct Stage {
  enum Source {
    /// The node's input or, counted after the inputs, output.
    case operand(Int)
    /// Prepared when the kernel was made.
    case constant(Tensor)
    /// Bytes from here on in the kernel's scratch memory.
    case scratch(offset: Int)
  }

  let primitive: Primitive
  let sources: [Source]

  init(_ primitive: Primitive, _ sources: [Source]) {
    self.primitive = primitive
    self.sources = sources
  }
}

/// Lays out the buffers a kernel keeps in scratch memory between its stages.
struct ScratchPlan {
  private(set) var byteCount = 0

  mutating func reserve(_ bytes: Int) -> Stage.Source {
    defer { byteCount += (bytes + 63) / 64 * 64 }
    return .scratch(offset: byteCount)
  }
}

/// Runs primitives one after the other.
@safe final class PrimitiveKernel: Kernel {
  /// The node's input whose content the output must hold before the first stage.
  struct Addend {
    var input: Int
    var output: Int
    var byteCount: Int
  }

  private let stages: [Stage]
  /// Where each stage's pointers start.
  private let starts: [Int]
  private let operandSlots: [(slot: Int, operand: Int)]
  private let scratchSlots: [(slot: Int, offset: Int)]
  private let pointers: UnsafeMutablePointer<UnsafeMutableRawPointer?>
  private let bufferBytes: Int
  private let node: String
  private let addend: Addend?
  let scratchBytes: Int
  let inPlacePairs: [InPlacePair]

  /// - Parameters:
  ///   - bufferBytes: Scratch bytes that sources of the stages refer to; the primitives' own scratch follows them.
  ///   - addend: The input that a sum adds to.
  ///   - inPlace: Inputs whose memory the output may take besides the addend's.
  init(_ stages: [Stage], node: BoundNode, bufferBytes: Int = 0, addend: Int? = nil, inPlace: [InPlacePair] = []) {
    self.stages = stages
    self.node = node.name
    self.bufferBytes = bufferBytes
    self.addend = addend.map { Addend(input: $0, output: node.inputs.count, byteCount: node.outputs[0].byteCount) }
    scratchBytes = bufferBytes + (stages.map(\.primitive.scratchBytes).max() ?? 0)
    inPlacePairs = inPlace + (addend.map { [InPlacePair(input: $0)] } ?? [])
    var (starts, operandSlots, scratchSlots): ([Int], [(slot: Int, operand: Int)], [(slot: Int, offset: Int)]) = (
      [], [], []
    )
    let count = stages.map(\.sources.count).reduce(0, +)
    unsafe pointers = .allocate(capacity: max(count, 1))
    unsafe pointers.initialize(repeating: nil, count: max(count, 1))
    var slot = 0
    for stage in stages {
      starts.append(slot)
      for source in stage.sources {
        switch source {
        case .operand(let operand): operandSlots.append((slot, operand))
        case .scratch(let offset): scratchSlots.append((slot, offset))
        case .constant(let tensor): unsafe pointers[slot] = UnsafeMutableRawPointer(mutating: tensor.baseAddress)
        }
        slot += 1
      }
    }
    (self.starts, self.operandSlots, self.scratchSlots) = (starts, operandSlots, scratchSlots)
  }

  deinit { unsafe pointers.deallocate() }

  /// Names of the implementations that run, in order.
  var implementations: [String] { stages.map(\.primitive.name) }

  func run(_ operands: Operands.Pointers, scratch: UnsafeMutableRawPointer?) throws(OperatorError) {
    for (slot, operand) in operandSlots { unsafe pointers[slot] = operands[operand] }
    if let scratch = unsafe scratch {
      for (slot, offset) in scratchSlots { unsafe pointers[slot] = scratch + offset }
    }
    if let addend, let from = unsafe operands[addend.input], let to = unsafe operands[addend.output], unsafe from != to
    {
      unsafe _ = memcpy(to, from, addend.byteCount)
    }
    let own = unsafe scratch.map { unsafe $0 + bufferBytes }
    for (i, stage) in stages.enumerated() {
      let status = unsafe stage.primitive.execute(pointers + starts[i], scratch: own)
      guard status == MASS_DNNL_OK else { throw failure(stage.primitive, status) }
    }
  }

  private func failure(_ primitive: Primitive, _ status: mass_dnnl_status) -> OperatorError {
    unsafe OperatorError(
      op: primitive.name, node: node, expected: "oneDNN to run", got: String(cString: mass_dnnl_status_text(status)))
  }
}
