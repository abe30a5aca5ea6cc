/// How the times and batches of one version of a model are distributed.
public struct VersionHistograms: Hashable, Sendable {
  /// Between admission and the start of the execution.
  public var queue = LatencyHistogram()
  public var input = LatencyHistogram()
  public var compute = LatencyHistogram()
  public var output = LatencyHistogram()
  /// Whole requests.
  public var total = LatencyHistogram()
  /// Executions by the number of rows they had.
  public var batchRows: [Int: UInt64] = [:]

  public init() {}
}
