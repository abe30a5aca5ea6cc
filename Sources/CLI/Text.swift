#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Numbers and tables as people read them.
enum Text {
  static func fixed(_ value: Double, _ digits: Int) -> String { format("%.*f", Int32(digits), value) }

  /// Six significant digits.
  static func short(_ value: Double) -> String { format("%.6g", value) }

  static func percent(_ share: Double) -> String { fixed(share * 100, 1) + "%" }

  static func bytes(_ count: Int) -> String {
    let units = ["B", "kB", "MB", "GB", "TB"]
    var value = Double(count)
    var unit = 0
    while value >= 1000, unit < units.count - 1 {
      value /= 1000
      unit += 1
    }
    return unit == 0 ? "\(count) B" : "\(fixed(value, 1)) \(units[unit])"
  }

  private static func format(_ template: String, _ arguments: any CVarArg...) -> String {
    var buffer = [CChar](repeating: 0, count: 400)
    let count = unsafe withVaList(arguments) { unsafe vsnprintf(&buffer, 400, template, $0) }
    return String(decoding: buffer.prefix(max(0, Int(count))).map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// Columns padded to their widest cell; those named are set to the right. The last one is not padded.
  static func table(_ rows: [[String]], right: Set<Int> = []) -> String {
    let columns = rows.map(\.count).max() ?? 0
    let widths = (0..<columns).map { i in rows.map { i < $0.count ? $0[i].count : 0 }.max() ?? 0 }
    return rows.map { row in
      row.enumerated().map { i, cell in
        let padding = String(repeating: " ", count: widths[i] - cell.count)
        return right.contains(i) ? padding + cell : i == row.count - 1 ? cell : cell + padding
      }.joined(separator: "  ")
    }.joined(separator: "\n")
  }

  /// `1 step`, `2 steps`.
  static func count(_ number: Int, _ noun: String) -> String { "\(number) \(noun)\(number == 1 ? "" : "s")" }

  /// The first few of many names.
  static func list(_ names: [String], limit: Int = 6) -> String {
    let shown = names.prefix(limit).joined(separator: ", ")
    return names.count > limit ? "\(shown), … (\(names.count) in all)" : shown
  }
}
