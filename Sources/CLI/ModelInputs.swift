import MassFormats
import MassRuntime

/// Inputs to measure with: those given, and made-up ones for the rest.
struct ModelInputs {
  private let input: InputOptions
  private let shapes: [String: [Int]]

  init(_ input: InputOptions, _ shape: ShapeOptions) {
    self.input = input
    shapes = shape.byName
  }

  /// One value for every input, in the model's order.
  func values(for inputs: [ValueInfo], path: String) throws(Failure) -> [Value] {
    var values = try input.values(for: inputs, path: path)
    let given = values.compactMapValues { $0.tensor?.shape }
    let types = try inputs.concreteTypes(
      shapes.merging(given) { _, given in given }, path: path, except: Set(values.keys))
    for (input, type) in zip(inputs, types) {
      guard let type else { continue }
      do throws(TensorError) {
        values[input.name] = .tensor(try SampleInputs.tensor(type, name: input.name))
      } catch { throw Failure("input '\(input.name)': \(error)") }
    }
    return inputs.compactMap { values[$0.name] }
  }
}

/// Text written at once.
enum TextFile {
  static func write(_ text: String, to path: String) throws(Failure) {
    try Interruption.postponed { () throws(Failure) in
      try Failure.inFormat { () throws(FormatError) in try WholeFile.write(Array((text + "\n").utf8), to: path) }
    }
  }
}
