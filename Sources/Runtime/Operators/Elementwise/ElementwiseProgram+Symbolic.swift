extension ElementwiseProgram {
  /// What the operators that the instructions stand for know of their results.
  public func symbolicResults(for operands: Operands) -> [SymbolicTensor?] {
    guard !operands.values.allSatisfy({ $0 == nil }),
      let shape = (try? resultTypes(for: operands))?.first?.tensor?.shape.constants
    else { return [] }
    var registers = operands.values
    for instruction in instructions {
      if case .constant(let element, let value) = instruction {
        registers.append((try? Tensor.scalar(element, value)).flatMap { SymbolicTensor($0) })
        continue
      }
      let values = instruction.operands.map { registers.indices.contains($0) ? registers[$0] : nil }
      let own = Operands(
        op: operands.op, node: operands.node,
        types: values.map { $0.map { .tensor(TensorType($0.element, Shape($0.shape))) } }, values: values,
        constants: values.map { _ in nil }, resultCount: 1)
      registers.append(values.contains(nil) ? nil : instruction.op?.symbolicResults(for: own).first ?? nil)
    }
    // A result that depends on some operands only takes the common shape: those are left unknown.
    return results.map { register in
      registers.indices.contains(register) ? registers[register].flatMap { $0.shape == shape ? $0 : nil } : nil
    }
  }
}
