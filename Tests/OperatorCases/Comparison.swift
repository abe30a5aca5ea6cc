import MassRuntime

extension OperatorCase {
  /// How `got` differs from what the row expects, in words; nil when it does not.
  public func difference(from got: [Tensor]) -> String? {
    guard got.count >= expected.count else { return "expected \(expected.count) results, got \(got.count)" }
    for (i, want) in expected.enumerated() {
      if let text = got[i].difference(from: want, tolerance: tolerance) { return "result \(i): \(text)" }
    }
    return nil
  }
}

extension Tensor {
  /// The first difference in type, shape or elements beyond `tolerance` (absolute plus relative); nil when there is none.
  public func difference(from want: Tensor, tolerance: Double) -> String? {
    guard element == want.element, shape == want.shape else { return "expected \(want.type), got \(type)" }
    if element == .string { return strings == want.strings ? nil : "expected \(want.strings), got \(strings)" }
    if element.isInteger || element == .bool {
      return integers() == want.integers()
        ? nil : "expected \(want.integers().prefix(16)), got \(integers().prefix(16))"
    }
    for (i, (a, b)) in zip(doubles(), want.doubles()).enumerated() {
      if a == b || (a.isNaN && b.isNaN) { continue }
      if !(abs(a - b) <= tolerance + tolerance * abs(b)) { return "element \(i): expected \(b), got \(a)" }
    }
    return nil
  }
}
