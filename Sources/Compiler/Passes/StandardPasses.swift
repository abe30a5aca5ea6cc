/// The compiler's passes in the order they run. Deleting a line removes a feature.
public enum StandardPasses {
  public static let all: [any Pass] = cleanup + fusion + layout

  /// Exact simplifications that make the later patterns' shapes recognisable.
  static let cleanup: [any Pass] = []

  /// Several operators become one.
  static let fusion: [any Pass] = []

  /// Where values lie; last, since fusions think in logical shapes only.
  static let layout: [any Pass] = []
}
