import MassRuntime

/// When two values count as equal: `|got - wanted| ≤ absolute + relative · |wanted|`, NaN equal to NaN, everything that
/// is no float exactly. bfloat16 may always be off by two units in the last place, as in ONNX's own runner.
struct Tolerance {
  var relative: Double
  var absolute: Double

  /// What is different, in words; nil when nothing is.
  func difference(_ got: Value, _ wanted: Value) -> String? {
    switch (got, wanted) {
    case (.tensor(let a), .tensor(let b)): return difference(a, b)
    case (.sequence(let a), .sequence(let b)): return difference(a, b)
    case (.optional(let a), .optional(let b)):
      guard let a, let b else { return a == nil && b == nil ? nil : "one is empty, the other not" }
      return difference(a, b)
    case (.optional(let a?), _): return difference(a, wanted)
    case (_, .optional(let b?)): return difference(got, b)
    case (.map(let a), .map(let b)): return difference(a, b)
    default: return "expected \(wanted.type), got \(got.type)"
    }
  }

  private func difference(_ got: [Value], _ wanted: [Value]) -> String? {
    guard got.count == wanted.count else { return "expected \(wanted.count) values, got \(got.count)" }
    for (i, (a, b)) in zip(got, wanted).enumerated() {
      if let difference = difference(a, b) { return "value \(i): \(difference)" }
    }
    return nil
  }

  private func difference(
    _ got: [(key: Value.MapKey, value: Value)], _ wanted: [(key: Value.MapKey, value: Value)]
  ) -> String? {
    let found = Dictionary(got.map { ($0.key, $0.value) }, uniquingKeysWith: { _, last in last })
    guard got.count == wanted.count else { return "expected \(wanted.count) entries, got \(got.count)" }
    for (key, value) in wanted {
      guard let other = found[key] else { return "no entry for \(key)" }
      if let difference = difference(other, value) { return "entry \(key): \(difference)" }
    }
    return nil
  }

  private func difference(_ got: Tensor, _ wanted: Tensor) -> String? {
    guard got.element == wanted.element, got.shape == wanted.shape else {
      return "expected \(wanted.type), got \(got.type)"
    }
    switch got.element.domain {
    case .string: return differences(got.strings, wanted.strings) { $0 == $1 }
    case .real:
      let isBrain = got.element == .bfloat16
      let allowed = Tolerance(relative: isBrain ? max(relative, 0x1p-6) : relative, absolute: absolute)
      return differences(got.doubles(), wanted.doubles(), allowed.areClose)
    case .complex:
      return differences(got.complexParts(), wanted.complexParts()) {
        areClose($0.real, $1.real) && areClose($0.imaginary, $1.imaginary)
      }
    case .signed, .unsigned, .bool: return differences(got.integers(), wanted.integers()) { $0 == $1 }
    }
  }

  private func areClose(_ got: Double, _ wanted: Double) -> Bool {
    if got == wanted || got.isNaN && wanted.isNaN { return true }
    return abs(got - wanted) <= absolute + relative * abs(wanted) && wanted.isFinite
  }

  private func differences<Element>(
    _ got: [Element], _ wanted: [Element], _ areEqual: (Element, Element) -> Bool
  ) -> String? {
    var count = 0
    var first: Int?
    for (i, (a, b)) in zip(got, wanted).enumerated() where !areEqual(a, b) {
      count += 1
      first = first ?? i
    }
    guard let first else { return nil }
    return "\(count) of \(wanted.count) elements differ; at \(first) expected \(wanted[first]), got \(got[first])"
  }
}
