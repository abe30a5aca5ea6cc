import CMass
import MassRuntime

extension SessionBox {
  func run(
    _ inputs: UnsafeBufferPointer<mass_tensor>, _ outputs: UnsafeMutableBufferPointer<mass_tensor>
  ) throws(Failure) {
    try unsafe bind(inputs, outputCount: outputs.count)
    if let boundInputs, let boundOutputs {
      try unsafe run(inputs, boundInputs, outputs, boundOutputs)
    } else {
      try unsafe runOnCopies(inputs, outputs)
    }
  }

  /// Runs on the memory of the descriptors. Allocates nothing, except memory for outputs that have none yet.
  private func run(
    _ inputs: UnsafeBufferPointer<mass_tensor>, _ inputTypes: BoundTensors,
    _ outputs: UnsafeMutableBufferPointer<mass_tensor>, _ outputTypes: BoundTensors
  ) throws(Failure) {
    for i in inputs.indices {
      let address = try unsafe inputs[i].address(of: inputTypes.entries[i], input(i))
      unsafe inputAddresses[i] = UnsafeRawPointer(address)
    }
    for i in outputs.indices {
      unsafe outputAddresses[i] =
        unsafe lent.isLent(i, outputs[i].data)
        ? try block(i, outputTypes, inputTypes) : try address(of: outputs[i], i, outputTypes)
    }
    try checkOverlap(inputTypes, outputTypes)
    do throws(RunError) {
      try unsafe session.run(inputs: inputAddresses, outputs: outputAddresses)
    } catch { throw Failure(error) }
    for i in outputs.indices where unsafe lent.isCurrent(i, outputAddresses[i]) {
      unsafe outputs[i] = outputTypes.descriptor(i, at: outputAddresses[i])
    }
  }

  /// Library memory for output `i` that no input lies in.
  private func block(
    _ i: Int, _ outputTypes: BoundTensors, _ inputTypes: BoundTensors
  ) throws(Failure) -> UnsafeMutableRawPointer {
    let byteCount = outputTypes.entries[i].byteCount
    do throws(TensorError) {
      return try unsafe lent.block(i, byteCount: byteCount) { block in
        inputTypes.entries.indices.contains { input in
          unsafe overlaps(block, byteCount, inputAddresses[input], inputTypes.entries[input].byteCount)
        }
      }
    } catch { throw Failure(MASS_RUN_FAILED, "\(output(i)): \(error)") }
  }

  /// The caller's memory for output `i`.
  private func address(
    of tensor: mass_tensor, _ i: Int, _ types: BoundTensors
  ) throws(Failure) -> UnsafeMutableRawPointer? {
    guard unsafe types.matches(i, tensor) else {
      let got = try unsafe tensor.type(output(i))
      throw output(i).mismatch(expected: types.description(i), got: "\(got)")
    }
    return try unsafe tensor.address(of: types.entries[i], output(i))
  }

  private func checkOverlap(_ inputTypes: BoundTensors, _ outputTypes: BoundTensors) throws(Failure) {
    for i in outputTypes.entries.indices {
      let start = unsafe outputAddresses[i]
      let count = outputTypes.entries[i].byteCount
      for j in inputTypes.entries.indices
      where unsafe overlaps(start, count, inputAddresses[j], inputTypes.entries[j].byteCount) {
        throw output(i).mismatch(expected: "memory of its own", got: "memory that overlaps \(input(j))")
      }
      for j in 0..<i where unsafe overlaps(start, count, outputAddresses[j], outputTypes.entries[j].byteCount) {
        throw output(i).mismatch(expected: "memory of its own", got: "memory that overlaps \(output(j))")
      }
    }
  }

  // MARK: Shapes that depend on data

  /// Runs on copies of the inputs and copies the results out: their shapes are known only then.
  private func runOnCopies(
    _ inputs: UnsafeBufferPointer<mass_tensor>, _ outputs: UnsafeMutableBufferPointer<mass_tensor>
  ) throws(Failure) {
    var values: [Value] = []
    for i in inputs.indices { values.append(.tensor(try unsafe copy(inputs[i], i))) }
    let results = try compute(values)
    let types = BoundTensors(results.map(\.type))
    for i in outputs.indices {
      unsafe outputAddresses[i] =
        unsafe lent.isLent(i, outputs[i].data) ? nil : try address(of: outputs[i], i, types)
    }
    for i in outputs.indices {
      if let address = unsafe outputAddresses[i] {
        unsafe results[i].withUnsafeBytes { bytes in
          if let source = bytes.baseAddress { unsafe address.copyMemory(from: source, byteCount: bytes.count) }
        }
      } else {
        unsafe outputs[i] = types.descriptor(i, at: lent.lend(results[i], as: i))
      }
    }
    resultTypes = types
  }

  private func compute(_ inputs: [Value]) throws(Failure) -> [Tensor] {
    let values: [Value]
    do throws(RunError) { values = try session.run(inputs) } catch { throw Failure(error) }
    var results: [Tensor] = []
    for (i, value) in values.enumerated() {
      guard let tensor = value.tensor, tensor.element != .string else {
        throw Failure(MASS_UNSUPPORTED, "\(output(i)): a value of type \(value.type) cannot be passed through C yet")
      }
      results.append(tensor)
    }
    guard results.count == model.outputs.count else {
      throw Failure(MASS_INTERNAL, "expected \(model.outputs.count) results, got \(results.count)")
    }
    return results
  }

  private func copy(_ tensor: mass_tensor, _ i: Int) throws(Failure) -> Tensor {
    let type = try unsafe tensor.type(input(i))
    let source = try unsafe tensor.address(of: BoundTensors([type]).entries[0], input(i))
    do throws(TensorError) {
      return try unsafe Tensor(unsafeUninitialized: type.element, shape: type.shape.constants ?? []) { target in
        unsafe target.copyMemory(from: UnsafeRawBufferPointer(start: source, count: target.count))
      }
    } catch { throw Failure(MASS_MISMATCH, "\(input(i)): \(error)") }
  }
}

/// Whether two runs of bytes share one.
private func overlaps(_ a: UnsafeRawPointer?, _ aCount: Int, _ b: UnsafeRawPointer?, _ bCount: Int) -> Bool {
  guard let a = unsafe a, let b = unsafe b, aCount > 0, bCount > 0 else { return false }
  return unsafe a < b + bCount && b < a + aCount
}
