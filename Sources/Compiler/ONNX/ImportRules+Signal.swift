import MassRuntime

extension ImportRule {
  /// Fourier transforms, windows and random numbers.
  static let signal: [ImportRule] = transforms + random

  private static let transforms: [ImportRule] = [
    ImportRule("DFT") { n throws(ImportError) in
      let op = DFT(isInverse: try n.bool("inverse"), isOneSided: try n.bool("onesided"))
      guard n.opset < 20 else { return try n.finish(op) }
      let axis = try n.vector([try n.int("axis", default: 1)])
      try n.finish(op, [n.input(0), n.input(1), axis])
    },
    ImportRule("STFT") { n throws(ImportError) in
      try n.finish(STFT(isOneSided: try n.bool("onesided", default: true)))
    },
    window("HannWindow", .hann),
    window("HammingWindow", .hamming),
    window("BlackmanWindow", .blackman),
    ImportRule("MelWeightMatrix") { n throws(ImportError) in
      try n.finish(MelWeightMatrix(element: try n.elementType("output_datatype") ?? .float32))
    },
  ]

  private static func window(_ opType: String, _ kind: Window.Kind) -> ImportRule {
    ImportRule(opType) { n throws(ImportError) in
      let element = try n.elementType("output_datatype") ?? .float32
      try n.finish(Window(kind, isPeriodic: try n.bool("periodic", default: true), element: element))
    }
  }

  private static let random: [ImportRule] = [
    ImportRule("RandomUniform") { n throws(ImportError) in try n.finishRandom(try n.uniform(), isLike: false) },
    ImportRule("RandomUniformLike") { n throws(ImportError) in try n.finishRandom(try n.uniform(), isLike: true) },
    ImportRule("RandomNormal") { n throws(ImportError) in try n.finishRandom(try n.normal(), isLike: false) },
    ImportRule("RandomNormalLike") { n throws(ImportError) in try n.finishRandom(try n.normal(), isLike: true) },
    ImportRule("Bernoulli") { n throws(ImportError) in
      try n.finish(Bernoulli(element: try n.elementType("dtype"), seed: try n.float("seed")))
    },
    ImportRule("Multinomial") { n throws(ImportError) in
      try n.finish(
        Multinomial(
          sampleCount: try n.int("sample_size", default: 1), element: try n.elementType("dtype") ?? .int32,
          seed: try n.float("seed")))
    },
  ]
}

extension NodeTranslation {
  fileprivate func uniform() throws(ImportError) -> Random.Distribution {
    .uniform(low: try float("low", default: 0), high: try float("high", default: 1))
  }

  fileprivate func normal() throws(ImportError) -> Random.Distribution {
    .normal(mean: try float("mean", default: 0), deviation: try float("scale", default: 1))
  }

  fileprivate func finishRandom(_ distribution: Random.Distribution, isLike: Bool) throws(ImportError) {
    let element = try elementType("dtype") ?? (isLike ? nil : .float32)
    let shape = isLike ? nil : try requiredInts("shape")
    try finish(Random(distribution, shape: shape, element: element, seed: try float("seed")))
  }
}
