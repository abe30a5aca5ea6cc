import MassFormats
import MassRuntime

/// The largest scores of one row of a classifier's output.
struct Ranking {
  struct Place {
    var index: Int
    var label: String?
    var score: Double

    /// What places are ordered by: NaN comes last.
    var key: Double { score.isNaN ? -.infinity : score }
  }

  /// Which row of the batch; nil when there is one only.
  let row: Int?
  let places: [Place]

  /// More rows than this are not shown.
  private static let rowLimit = 64

  /// Ranks every row of the first output of floats; a row is its last axis, trailing axes of 1 aside.
  static func ofFirst(
    _ outputs: [(String, Value)], count: Int, labels: [String]?, path: String
  ) throws(Failure) -> [Ranking] {
    let tensors = outputs.compactMap { name, value in value.tensor.map { (name, $0) } }
    guard let (name, tensor) = tensors.first(where: { $0.1.element.isFloatingPoint && $0.1.count > 0 }) else {
      throw Failure("\(path): --top: expected an output of floats, got none")
    }
    let classes = tensor.shape.last { $0 != 1 } ?? 1
    let scores = tensor.doubles()
    if let labels, labels.count != classes {
      throw Failure("\(path): --labels: expected \(classes) labels for output '\(name)', got \(labels.count)")
    }
    let rows = scores.count / classes
    return (0..<min(rows, rowLimit)).map { row in
      let places = (0..<classes).map { i in
        Place(index: i, label: labels?[i], score: scores[row * classes + i])
      }
      let sorted = places.sorted { ($1.key, $0.index) < ($0.key, $1.index) }
      return Ranking(row: rows == 1 ? nil : row, places: Array(sorted.prefix(count)))
    }
  }

  /// One label a line; an empty last line is none.
  static func labels(_ path: String) throws(Failure) -> [String] {
    let bytes = try Failure.inFormat { () throws(FormatError) in try WholeFile.read(path, limit: 1 << 26) }
    var lines = bytes.split(separator: 10, omittingEmptySubsequences: false).map { line in
      String(decoding: line.last == 13 ? line.dropLast() : line, as: UTF8.self)
    }
    if lines.last == "" { lines.removeLast() }
    return lines
  }

  var text: String {
    let rows = places.map { place in
      [Text.fixed(place.score, 6), "\(place.index)"] + (place.label.map { [$0] } ?? [])
    }
    let head = row.map { "row \($0):\n" } ?? ""
    return head + Text.table(rows, right: [0, 1])
  }

  var json: JSON {
    let places = places.map { place -> JSON in
      [
        "index": .int(place.index), "label": place.label.map { .string($0) } ?? .null, "score": .double(place.score),
      ]
    }
    return ["row": .int(row ?? 0), "classes": .array(places)]
  }
}
