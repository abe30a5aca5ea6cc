/// Writes samples in the text format of Prometheus.
struct MetricsWriter {
  enum Kind: String, Sendable {
    case counter, gauge, histogram
  }

  private(set) var text = ""

  /// Begins a family. Its samples must follow before the next one begins.
  mutating func family(_ name: String, _ kind: Kind, _ help: String) {
    text += "# HELP \(name) \(help)\n# TYPE \(name) \(kind.rawValue)\n"
  }

  /// - Parameter labels: As `labels(_:)` makes them; may be empty.
  mutating func sample(_ name: String, _ labels: String, _ value: String) {
    text += name
    if !labels.isEmpty { text += "{\(labels)}" }
    text += " \(value)\n"
  }

  /// - Parameter counts: How many observations are at most as large as each of `bounds`.
  mutating func histogram(
    _ name: String, _ labels: String, bounds: [String], counts: [UInt64], total: UInt64, sum: String
  ) {
    for (bound, count) in zip(bounds, counts) {
      sample("\(name)_bucket", #"\#(labels),le="\#(bound)""#, String(count))
    }
    sample("\(name)_bucket", #"\#(labels),le="+Inf""#, String(total))
    sample("\(name)_sum", labels, sum)
    sample("\(name)_count", labels, String(total))
  }

  /// `name="value"`, separated by commas, with values escaped.
  static func labels(_ pairs: [(name: String, value: String)]) -> String {
    pairs.map { #"\#($0.name)="\#(escaped($0.value))""# }.joined(separator: ",")
  }

  private static func escaped(_ value: String) -> String {
    var result = ""
    for scalar in value.unicodeScalars {
      switch scalar {
      case "\\": result += #"\\"#
      case "\"": result += #"\""#
      case "\n": result += #"\n"#
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  /// A time in seconds, exact and without an exponent.
  static func seconds(_ nanoseconds: UInt64) -> String {
    let (whole, rest) = nanoseconds.quotientAndRemainder(dividingBy: 1_000_000_000)
    guard rest > 0 else { return String(whole) }
    var digits = String(1_000_000_000 + rest).dropFirst()
    while digits.last == "0" { digits.removeLast() }
    return "\(whole).\(digits)"
  }
}
