/// What a request says about the version that was to answer it.
///
/// This is the one place that decides whether a version is to blame; canary guards and circuit breakers follow it.
enum VersionOutcome: Hashable, Sendable {
  /// Answered after so many nanoseconds.
  case success(nanoseconds: UInt64)
  case failure
  /// Says nothing: the client's mistake or change of mind, or refused before the version had a say.
  case ignored

  /// The shortest time to answer that a version is blamed for missing, in nanoseconds: clients that allow less cannot
  /// bring a version into disrepute.
  static let fairBudget: UInt64 = 1_000_000_000

  /// - Parameter budget: Nanoseconds between the request's arrival and its deadline; nil without one.
  init(_ error: ServingError, budget: UInt64?) {
    self = error.isFailureOfVersion ? .failure : VersionOutcome(error.code, hasRun: false, budget: budget)
  }

  /// - Parameters:
  ///   - hasRun: Whether the version began to run the request.
  ///   - budget: Nanoseconds between the request's arrival and its deadline; nil without one.
  init(_ code: ServingError.Code, hasRun: Bool, budget: UInt64? = nil) {
    switch code {
    case .invalidArgument, .unauthenticated, .permissionDenied, .notFound, .alreadyExists, .payloadTooLarge,
      .cancelled, .unsupported:
      self = .ignored
    case .resourceExhausted, .unavailable:
      // Before the run these are limits, full queues and open breakers; in it, memory that the model could not get.
      self = hasRun ? .failure : .ignored
    case .deadlineExceeded: self = (budget ?? .max) >= Self.fairBudget ? .failure : .ignored
    case .internalError: self = .failure
    }
  }
}
