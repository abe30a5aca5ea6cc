import MassRuntime

/// Starts the instances of a version as its settings ask.
struct InstanceStart: Sendable {
  /// Shown as the name of the threads.
  let name: String
  let settings: ModelSettings
  let recorder: StatisticsRecorder

  /// - Parameter isFirst: Whether batches are to be compared with single answers, which takes a while.
  /// - Throws: `invalidArgument` if the settings ask for what the model cannot do.
  func pool(of model: Model, isFirst: Bool) throws(ServingError) -> InstancePool {
    let axis = try settings.batching.map { _ throws(ServingError) in try Self.axis(of: model) }
    let batch = axis.flatMap { axis in settings.batching.map { (axis, $0.largest) } }
    let warmUp = WarmUpInputs(model: model, rules: settings.warmUp, tuned: settings.shapes, batch: batch)
    let pool = try InstancePool(
      model, name: name, options: settings.instances, rules: settings.traffic.queue, batching: settings.batching,
      warmUp: try rehearsed(warmUp), recorder: recorder)
    if isFirst, settings.batching?.isExact == true { try checkExactness(pool, warmUp) }
    return pool
  }

  /// What the instances run before anything else, and whether they must be able to.
  private func rehearsed(_ warmUp: WarmUpInputs) throws(ServingError) -> Rehearsal.Plan {
    let isRequired = settings.warmUp.isRequired
    do throws(ServingError) { return Rehearsal.Plan(inputs: try warmUp.all, isRequired: isRequired) } catch {
      if isRequired { throw error }
      return Rehearsal.Plan()
    }
  }

  private static func axis(of model: Model) throws(ServingError) -> BatchAxis {
    let graph = model.graph
    for id in graph.inputs + graph.outputs {
      // A row need not end with a byte.
      guard let element = graph.type(id).tensor?.element, element == .string || element.byteWidth != nil else {
        throw .invalid("batching: rows of '\(graph.name(id))', \(graph.type(id)), cannot be joined")
      }
    }
    do throws(BatchObstacle) { return try BatchAxis(provenFor: model.graph) } catch {
      throw .invalid("batching: the model cannot be proven to treat the rows of a batch each by itself: \(error)")
    }
  }

  private func checkExactness(_ pool: InstancePool, _ warmUp: WarmUpInputs) throws(ServingError) {
    do throws(ServingError) {
      guard let instance = pool.instances.first, let inputs = try warmUp.largest else {
        throw .invalid("batching.exact: no shapes to compare with are known; give them in warm_up.shapes")
      }
      guard let rows = try BatchProbe(instance: instance, inputs: inputs).firstDifference() else { return }
      throw .invalid(
        "batching.exact: \(rows) rows together get other bits than each alone: their kernels sum in another order")
    } catch {
      pool.queue.close()
      throw error
    }
  }
}
