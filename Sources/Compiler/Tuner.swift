import MassRuntime

/// Derives a plan's target section: measures the kernels offered for each node inside the whole running model, keeps the
/// fastest, and packs the weights these read.
struct Tuner {
  let plan: Plan
  let options: CompileOptions
  let plugins: [any RuntimePlugin]

  struct Outcome {
    /// nil when the inputs are not all tensors, in which case nothing can be bound ahead.
    var target: PlanTarget?
    /// The nodes whose kernel is not the default, and why others were not tuned.
    var record: PassRecord
  }

  func run(_ progress: ((CompileProgress) -> Void)?) throws(RunError) -> Outcome {
    let clock = ContinuousClock()
    let begin = clock.now
    let count = plan.graph.nodes.count
    var record = PassRecord(
      name: "tune", milliseconds: 0, nodesBefore: count, nodesAfter: count, sites: [], nearMisses: [])
    guard let inputTypes else {
      record.nearMisses.append(.init(node: plan.graph.name, reason: "an input is not a tensor"))
      return Outcome(target: nil, record: record)
    }
    var choices = KernelChoices()
    do throws(RunError) {
      var trial = try KernelTrial(self, inputTypes)
      choices = try trial.choose(&record, progress)
    } catch {
      record.nearMisses.append(.init(node: plan.graph.name, reason: "it did not run on made-up inputs: \(error)"))
    }
    let target: PlanTarget
    do throws(RunError) { target = try self.target(choices, inputTypes) } catch {
      // Extents nobody asked for may not fit the model: then nothing is packed ahead. Those asked for must fit.
      guard options.shapes.isEmpty else { throw error }
      return Outcome(target: nil, record: record)
    }
    record.milliseconds = begin.duration(to: clock.now).seconds * 1e3
    return Outcome(target: target, record: record)
  }

  var threads: Int { options.threads ?? ThreadCount.default }
  var sessionOptions: SessionOptions { SessionOptions(threads: threads, isStrict: options.isStrict) }

  /// Binds the plan as it will run, so that exactly the constants its kernels read are packed.
  private func target(_ choices: KernelChoices, _ inputTypes: [TensorType]) throws(RunError) -> PlanTarget {
    let model = Model(plan, plugins: plugins)
    var session = Session(model, options: sessionOptions, choices: choices)
    _ = try session.prepare(inputTypes)
    return PlanTarget(
      processor: Model.processor(plugins), threads: threads, packed: model.packedConstants, choices: choices)
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
