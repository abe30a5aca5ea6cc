import MassRuntime

/// Derives a plan's target section: binds the plan for the shapes asked for, which packs the weights, and keeps the result.
struct Tuner {
  let plan: Plan
  let options: CompileOptions
  let plugins: [any RuntimePlugin]

  /// - Returns: nil when the inputs are not all tensors, in which case nothing can be bound ahead.
  func target(_ progress: ((CompileProgress) -> Void)?) throws(RunError) -> PlanTarget? {
    guard let inputTypes else { return nil }
    let threads = options.threads ?? ThreadCount.default
    let model = Model(plan, plugins: plugins)
    var session = Session(model, options: SessionOptions(threads: threads, isStrict: options.isStrict))
    _ = try session.prepare(inputTypes)
    return PlanTarget(
      processor: Model.processor(plugins), threads: threads, packed: model.packedConstants, choices: KernelChoices())
  }

  /// Concrete types of all inputs: shapes asked for, and 1 for each symbol otherwise.
  private var inputTypes: [TensorType]? {
    var result: [TensorType] = []
    for input in plan.graph.inputs {
      guard var type = plan.graph.type(input).tensor else { return nil }
      if let shape = options.shapes[plan.graph.name(input)] {
        type.shape = Shape(shape)
      } else {
        let ones = Dictionary(type.shape.flatMap(\.symbols).map { ($0, Dimension(1)) }, uniquingKeysWith: { a, _ in a })
        type.shape = type.shape.map { $0.substituting(ones) }
      }
      result.append(type)
    }
    return result
  }
}
