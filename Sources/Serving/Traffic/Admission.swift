/// Whether a request may go on now.
enum Admission: Hashable, Sendable {
  case admitted
  /// The same request is admitted so many nanoseconds later, if nobody else comes first.
  case refused(retryAfter: UInt64)

  var isAdmitted: Bool { self == .admitted }
}

extension ServingError {
  /// Whole seconds that are at least so many nanoseconds: what `Retry-After` carries.
  static func retryAfterSeconds(_ nanoseconds: UInt64) -> Int {
    Int(max(1, nanoseconds / 1_000_000_000 + (nanoseconds % 1_000_000_000 == 0 ? 0 : 1)))
  }
}

extension UInt64 {
  /// The sum, or the largest number if it is larger.
  func addingClamped(_ other: UInt64) -> UInt64 {
    let (sum, overflow) = addingReportingOverflow(other)
    return overflow ? .max : sum
  }

  /// The difference, or zero if it is negative.
  func subtractingClamped(_ other: UInt64) -> UInt64 { self > other ? self - other : 0 }

  func multipliedClamped(by other: UInt64) -> UInt64 {
    let (product, overflow) = multipliedReportingOverflow(by: other)
    return overflow ? .max : product
  }
}
