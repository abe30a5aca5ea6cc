import CMass
import MassRuntime
import Synchronization

/// What a `mass_session` points to: a session, what it is bound to, and the outputs it lends.
@safe final class SessionBox {
  private let model: ModelBox
  private var session: Session
  private let isBusy = Atomic(false)

  /// What the session is prepared for; outputs are nil when their shapes depend on data.
  private var boundInputs: BoundTensors?
  private var boundOutputs: BoundTensors?
  /// What a run whose shapes depended on data gave.
  private var results: [Tensor] = []
  private var resultTypes: BoundTensors?

  private var library: LibraryOutputs
  private let inputAddresses: UnsafeMutablePointer<UnsafeRawPointer?>
  private let outputAddresses: UnsafeMutablePointer<UnsafeMutableRawPointer?>

  init(_ model: ModelBox, _ options: SessionOptions) {
    self.model = model
    session = Session(model.model, options: options)
    library = LibraryOutputs(count: model.outputs.count)
    unsafe inputAddresses = .allocate(capacity: max(model.inputs.count, 1))
    unsafe inputAddresses.initialize(repeating: nil, count: max(model.inputs.count, 1))
    unsafe outputAddresses = .allocate(capacity: max(model.outputs.count, 1))
    unsafe outputAddresses.initialize(repeating: nil, count: max(model.outputs.count, 1))
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

  // MARK: Calls

  func run(
    _ inputs: UnsafeBufferPointer<mass_tensor>, _ outputs: UnsafeMutableBufferPointer<mass_tensor>
  ) throws(Failure) {
    try unsafe bind(inputs)
    try checkCount(outputs.count, model.outputs, "outputs")
    if let boundInputs, let boundOutputs {
      try unsafe run(inputs, boundInputs, outputs, boundOutputs)
    } else {
      try unsafe runOnCopies(inputs, outputs)
    }
  }

  func describeOutputs(
    _ inputs: UnsafeBufferPointer<mass_tensor>, _ outputs: UnsafeMutableBufferPointer<mass_tensor>
  ) throws(Failure) {
    try unsafe bind(inputs)
    try checkCount(outputs.count, model.outputs, "outputs")
    guard let boundOutputs else { throw Failure(.shapesKnownOnlyAfterRunning) }
    var failure: Failure?
    for i in outputs.indices {
      let room = unsafe outputs[i]
      unsafe boundOutputs.describe(i, at: room.data, in: &outputs[i])
      unsafe outputs[i].shape = room.shape
      let rank = boundOutputs.entries[i].rank
      if rank == 0 { continue }
      guard let shape = unsafe room.shape, unsafe Int(room.ndim) >= rank else {
        let got = unsafe room.shape == nil ? "shape NULL" : "ndim \(room.ndim)"
        let text = "\(output(i)): expected room for \(rank) extents, got \(got)"
        failure = failure ?? Failure(MASS_INVALID_ARGUMENT, text)
        continue
      }
      unsafe shape.update(from: boundOutputs.shape(i), count: rank)
    }
    if let failure { throw failure }
  }

  // MARK: Binding

  /// Prepares the session for the inputs' shapes, unless it is.
  private func bind(_ inputs: UnsafeBufferPointer<mass_tensor>) throws(Failure) {
    try checkCount(inputs.count, model.inputs, "inputs")
    if let boundInputs, unsafe inputs.indices.allSatisfy({ unsafe boundInputs.matches($0, inputs[$0]) }) { return }
    var types: [TensorType] = []
    for (i, value) in model.inputs.enumerated() { types.append(try unsafe type(of: inputs[i], value)) }
    boundInputs = nil
    boundOutputs = nil
    do throws(RunError) { boundOutputs = try session.prepare(types).map { BoundTensors($0) } } catch {
      throw Failure(error)
    }
    boundInputs = BoundTensors(types)
  }

  private func type(of tensor: mass_tensor, _ value: ValueBox) throws(Failure) -> TensorType {
    let subject = Subject(role: "input", name: value.name)
    switch value.type {
    case .tensor, .unrankedTensor: break
    default:
      let text = "\(subject): a value of type \(value.type) cannot be passed through the C interface yet"
      throw Failure(MASS_UNSUPPORTED, text)
    }
    let type = try unsafe tensor.type(subject)
    guard type.element == value.type.element else {
      throw subject.mismatch(expected: "\(value.type)", got: "\(type)")
    }
    return type
  }

  private func checkCount(_ count: Int, _ values: [ValueBox], _ role: String) throws(Failure) {
    guard count == values.count else {
      let names = values.map { "'\($0.name)'" }.joined(separator: ", ")
      throw Failure(MASS_MISMATCH, "expected \(values.count) \(role) (\(names)), got \(count)")
    }
  }

  private func input(_ i: Int) -> Subject { Subject(role: "input", name: model.inputs[i].name) }
  private func output(_ i: Int) -> Subject { Subject(role: "output", name: model.outputs[i].name) }

  // MARK: Running

  /// Runs on the memory of the descriptors. Allocates nothing, except memory for outputs that have none yet.
  private func run(
    _ inputs: UnsafeBufferPointer<mass_tensor>, _ inputTypes: BoundTensors,
    _ outputs: UnsafeMutableBufferPointer<mass_tensor>, _ outputTypes: BoundTensors
  ) throws(Failure) {
    for i in inputs.indices {
      let entry = inputTypes.entries[i]
      unsafe inputAddresses[i] = UnsafeRawPointer(
        try inputs[i].address(of: entry.element, byteCount: entry.byteCount, input(i)))
    }
    for i in outputs.indices {
      let entry = outputTypes.entries[i]
      if unsafe isLibrarys(i, outputs[i]) {
        unsafe outputAddresses[i] = nil
      } else {
        try unsafe check(outputs[i], i, outputTypes)
        unsafe outputAddresses[i] = try outputs[i].address(of: entry.element, byteCount: entry.byteCount, output(i))
      }
    }
    try checkOverlap(inputTypes, outputTypes)
    let isLent = unsafe outputs.indices.map { unsafe outputAddresses[$0] == nil }
    _ = isLent
  }

  private func runOnCopies(
    _ inputs: UnsafeBufferPointer<mass_tensor>, _ outputs: UnsafeMutableBufferPointer<mass_tensor>
  ) throws(Failure) {}
}
