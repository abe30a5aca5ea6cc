import MassRuntime

extension ImportRule {
  /// Recurrent layers.
  static let recurrent: [ImportRule] = [
    ImportRule("LSTM") { n throws(ImportError) in
      let attributes = try n.recurrentAttributes(activations: ["Sigmoid", "Tanh", "Tanh"])
      try n.finish(LSTM(attributes, couplesInputAndForget: try n.bool("input_forget")))
    },
    ImportRule("GRU") { n throws(ImportError) in
      let attributes = try n.recurrentAttributes(activations: ["Sigmoid", "Tanh"])
      try n.finish(GRU(attributes, linearBeforeReset: try n.bool("linear_before_reset")))
    },
    ImportRule("RNN") { n throws(ImportError) in
      try n.finish(RNN(try n.recurrentAttributes(activations: ["Tanh"])))
    },
  ]
}

extension NodeTranslation {
  fileprivate func recurrentAttributes(activations standard: [String]) throws(ImportError) -> RecurrentAttributes {
    let direction: RecurrentAttributes.Direction =
      switch try string("direction", default: "forward") {
      case "forward": .forward
      case "reverse": .reverse
      case "bidirectional": .bidirectional
      case let other: throw invalid(expected: "direction forward, reverse or bidirectional", got: other)
      }
    guard let hidden = try int("hidden_size") ?? shape(2)?.last?.constant else {
      throw unsupported("a recurrent layer whose hidden size is not known")
    }
    let repeated = direction == .bidirectional ? standard + standard : standard
    let names = try strings("activations", default: repeated)
    guard names.count == repeated.count else {
      throw invalid(expected: "\(repeated.count) activations", got: "\(names.count)")
    }
    return RecurrentAttributes(
      hiddenSize: hidden, direction: direction, activations: try activationFunctions(names), clip: try float("clip"),
      isBatchFirst: try bool("layout"))
  }

  /// Parameters are consumed in order by the functions that have them.
  private func activationFunctions(_ names: [String]) throws(ImportError) -> [UnaryFunction] {
    var alphas = try floats("activation_alpha", default: [])[...]
    var betas = try floats("activation_beta", default: [])[...]
    var functions: [UnaryFunction] = []
    for name in names {
      let function: UnaryFunction? =
        switch name.lowercased() {
        case "relu": .relu
        case "tanh": .tanh
        case "sigmoid": .sigmoid
        case "softsign": .softsign
        case "softplus": .softplus
        case "affine": .affine(scale: alphas.popFirst() ?? 1, shift: betas.popFirst() ?? 0)
        case "leakyrelu": .leakyRelu(alpha: alphas.popFirst() ?? 0.01)
        case "thresholdedrelu": .thresholdedRelu(alpha: alphas.popFirst() ?? 1)
        case "hardsigmoid": .hardSigmoid(alpha: alphas.popFirst() ?? 0.2, beta: betas.popFirst() ?? 0.5)
        case "elu": .elu(alpha: alphas.popFirst() ?? 1)
        default: nil
        }
      guard let function else { throw unsupported("the recurrent activation \(name)") }
      functions.append(function)
    }
    return functions
  }
}
