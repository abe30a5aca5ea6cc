import CMass
import MassRuntime
import Synchronization

/// What a `mass_session` points to: a session, what it is bound to, and the outputs it lends.
@safe final class SessionBox {
  let model: ModelBox
  var session: Session
  private let isBusy = Atomic(false)

  /// What the session is prepared for; outputs are nil when their shapes depend on data.
  private(set) var boundInputs: BoundTensors?
  private(set) var boundOutputs: BoundTensors?
  /// Shapes of the last run that could not be prepared, for descriptors to point to.
  var resultTypes: BoundTensors?

  var lent: LentOutputs
  let inputAddresses: UnsafeMutablePointer<UnsafeRawPointer?>
  let outputAddresses: UnsafeMutablePointer<UnsafeMutableRawPointer?>

  init(_ model: ModelBox, _ options: SessionOptions) {
    self.model = model
    session = Session(model.model, options: options)
    lent = LentOutputs(count: model.outputs.count)
    let inputRoom = max(model.inputs.count, 1)
    let outputRoom = max(model.outputs.count, 1)
    unsafe inputAddresses = .allocate(capacity: inputRoom)
    unsafe outputAddresses = .allocate(capacity: outputRoom)
    unsafe inputAddresses.initialize(repeating: nil, count: inputRoom)
    unsafe outputAddresses.initialize(repeating: nil, count: outputRoom)
  }

  deinit {
    unsafe inputAddresses.deallocate()
    unsafe outputAddresses.deallocate()
  }

  /// Runs `body`, unless another thread is in a call on this session.
  func exclusively(_ body: () throws(Failure) -> Void) throws(Failure) {
    guard isBusy.compareExchange(expected: false, desired: true, ordering: .acquiring).exchanged else {
      throw Failure(MASS_BUSY, "session: expected one caller at a time, got a second; create a session for each thread")
    }
    defer { isBusy.store(false, ordering: .releasing) }
    try body()
  }

  func input(_ i: Int) -> Subject { Subject(role: "input", name: model.inputs[i].name) }
  func output(_ i: Int) -> Subject { Subject(role: "output", name: model.outputs[i].name) }

  // MARK: Binding

  /// Prepares the session for the inputs' shapes, unless it is.
  func bind(_ inputs: UnsafeBufferPointer<mass_tensor>, outputCount: Int) throws(Failure) {
    try checkCount(inputs.count, model.inputs, "inputs")
    try checkCount(outputCount, model.outputs, "outputs")
    if let boundInputs, inputs.indices.allSatisfy({ unsafe boundInputs.matches($0, inputs[$0]) }) { return }
    var types: [TensorType] = []
    for i in inputs.indices { types.append(try unsafe type(of: inputs[i], i)) }
    boundInputs = nil
    boundOutputs = nil
    do throws(RunError) { boundOutputs = try session.prepare(types).map { BoundTensors($0) } } catch {
      throw Failure(error)
    }
    boundInputs = BoundTensors(types)
  }

  private func type(of tensor: mass_tensor, _ i: Int) throws(Failure) -> TensorType {
    let declared = model.inputs[i].type
    guard let element = declared.element, element != .string else {
      throw Failure(MASS_UNSUPPORTED, "\(input(i)): a value of type \(declared) cannot be passed through C yet")
    }
    let type = try unsafe tensor.type(input(i))
    guard type.element == element else { throw input(i).mismatch(expected: "\(declared)", got: "\(type)") }
    return type
  }

  private func checkCount(_ count: Int, _ values: [ValueBox], _ role: String) throws(Failure) {
    guard count == values.count else {
      let names = values.map { "'\($0.name)'" }.joined(separator: ", ")
      throw Failure(MASS_MISMATCH, "expected \(values.count) \(role) (\(names)), got \(UInt(bitPattern: count))")
    }
  }

  /// Fills the caller's descriptors with the types and shapes that a run on `inputs` gives.
  func describeOutputs(
    _ inputs: UnsafeBufferPointer<mass_tensor>, _ outputs: UnsafeMutableBufferPointer<mass_tensor>
  ) throws(Failure) {
    try unsafe bind(inputs, outputCount: outputs.count)
    guard let boundOutputs else { throw Failure(.shapesKnownOnlyAfterRunning) }
    var failure: Failure?
    for i in outputs.indices {
      let room = unsafe outputs[i]
      let rank = boundOutputs.entries[i].rank
      unsafe outputs[i] = boundOutputs.descriptor(i, at: room.data)
      unsafe outputs[i].shape = room.shape
      guard rank > 0 else { continue }
      if let shape = unsafe room.shape, unsafe Int(room.ndim) >= rank {
        unsafe shape.update(from: boundOutputs.shape(i), count: rank)
      } else if failure == nil {
        let got = unsafe room.shape == nil ? "shape NULL" : "ndim \(room.ndim)"
        failure = Failure(MASS_INVALID_ARGUMENT, "\(output(i)): expected room for \(rank) extents, got \(got)")
      }
    }
    if let failure { throw failure }
  }
}
