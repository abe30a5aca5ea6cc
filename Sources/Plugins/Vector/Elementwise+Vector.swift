import MassRuntime
import VectorShim

extension Unary {
  func vectorOffers(_ node: BoundNode) -> [KernelOffer] {
    elementwiseOffer(node) { code in code.append(function, 0).map { [$0] } }
  }
}

extension Binary {
  func vectorOffers(_ node: BoundNode) -> [KernelOffer] {
    // Shifts of signed numbers by more than their width keep the sign, which the interpreter does not.
    if function == .shiftRight, node.inputs[0]?.element.domain == .signed { return [] }
    return elementwiseOffer(node) { code in code.append(function, 0, 1).map { [$0] } }
  }
}

extension Select {
  func vectorOffers(_ node: BoundNode) -> [KernelOffer] {
    elementwiseOffer(node) { code in code.select(0, 1, 2).map { [$0] } }
  }
}

extension Cast {
  func vectorOffers(_ node: BoundNode) -> [KernelOffer] {
    elementwiseOffer(node) { code in code.cast(to: element, 0).map { [$0] } }
  }
}

extension ElementwiseProgram {
  func vectorOffers(_ node: BoundNode) -> [KernelOffer] {
    elementwiseOffer(node) { code in
      // Constants and the program's own numbering: program register → code register.
      var map = Array(node.inputs.indices)
      for instruction in instructions {
        guard let register = translate(instruction, map, &code) else { return nil }
        map.append(register)
      }
      return results.map { map[$0] }
    }
  }

  private func translate(_ instruction: Instruction, _ map: [Int], _ code: inout ElementwiseCode) -> Int? {
    switch instruction {
    case .unary(let function, let a): code.append(function, map[a])
    case .binary(let function, let a, let b): code.append(function, map[a], map[b])
    case .select(let c, let a, let b): code.select(map[c], map[a], map[b])
    case .cast(let element, let a): code.cast(to: element, map[a])
    case .constant(let element, let value): code.constant(element, value)
    }
  }
}

/// Offers the interpreter for a node if `write` can express it in the interpreter's code.
private func elementwiseOffer(_ node: BoundNode, _ write: (inout ElementwiseCode) -> [Int]?) -> [KernelOffer] {
  let inputs = node.inputs.compactMap { $0 }
  guard inputs.count == node.inputs.count, inputs.allSatisfy({ $0.element.vectorType != nil }),
    node.outputs.allSatisfy({ $0.element.vectorType != nil })
  else { return [] }
  var code = ElementwiseCode(inputs: inputs.map(\.element))
  guard let results = write(&code) else { return [] }
  let program = code
  return [KernelOffer("") { ElementwiseKernel(program, results, inputs, node) }]
}

/// Runs one prepared program of the elementwise interpreter.
@safe private final class ElementwiseKernel: Kernel {
  private var handle: OpaquePointer?
  private let threads: Int32
  let inPlacePairs: [InPlacePair]

  init?(_ code: ElementwiseCode, _ results: [Int], _ inputs: [BoundOperand], _ node: BoundNode) {
    let space = IterationSpace(node.outputs[0], inputs)
    guard space.shape.count <= Int(MASS_ELEMENTWISE_MAX_RANK) else { return nil }
    threads = Int32(clamping: node.threads)
    // A result that is an operand unchanged is read from there while the others are stored.
    let isComputed = results.allSatisfy { $0 >= inputs.count }
    inPlacePairs = inputs.enumerated().compactMap { i, input in
      isComputed && input.shape == node.outputs[0].shape && input.layout == node.outputs[0].layout
        && input.element.bitWidth == node.outputs[0].element.bitWidth ? InPlacePair(input: i) : nil
    }
    unsafe handle = nil
    let outputs = zip(node.outputs, results).map { output, register in
      var result = mass_elementwise_output()
      result.type = UInt8(output.element.vectorType?.rawValue ?? 0)
      result.register_ = UInt8(register)
      return result
    }
    let operands = inputs.indices.map { Self.input(inputs[$0], space.strides[$0]) }
    guard prepare(space.shape, operands, outputs, code.instructions) else { return nil }
  }

  private static func input(_ operand: BoundOperand, _ strides: [Int]) -> mass_elementwise_input {
    var result = mass_elementwise_input()
    result.type = UInt8(operand.element.vectorType?.rawValue ?? 0)
    unsafe withUnsafeMutableBytes(of: &result.strides) { unsafe $0.store(strides) }
    return result
  }

  private func prepare(
    _ shape: [Int], _ inputs: [mass_elementwise_input], _ outputs: [mass_elementwise_output],
    _ instructions: [mass_elementwise_instruction]
  ) -> Bool {
    unsafe inputs.withUnsafeBufferPointer { inputs in
      unsafe outputs.withUnsafeBufferPointer { outputs in
        unsafe instructions.withUnsafeBufferPointer { instructions in
          var description = unsafe mass_elementwise_description()
          unsafe description.rank = Int32(shape.count)
          unsafe description.input_count = Int32(inputs.count)
          unsafe description.output_count = Int32(outputs.count)
          unsafe description.instruction_count = Int32(instructions.count)
          unsafe description.threads = threads
          unsafe withUnsafeMutableBytes(of: &description.shape) { unsafe $0.store(shape) }
          unsafe description.inputs = inputs.baseAddress
          unsafe description.outputs = outputs.baseAddress
          unsafe description.instructions = instructions.baseAddress
          return unsafe mass_elementwise_prepare(&description, &handle) == mass_vector_ok
        }
      }
    }
  }

  deinit { unsafe mass_elementwise_destroy(handle) }

  func run(_ operands: Operands.Pointers, scratch: UnsafeMutableRawPointer?) {
    unsafe mass_elementwise_run(handle, threads, operands)
  }
}
