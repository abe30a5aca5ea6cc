/// What was probably meant, by Levenshtein's distance.
public enum NearestName {
  /// The one of `known` that is most like a name; empty where there is none.
  public static func of(_ name: String, among known: [String]) -> String {
    let name = Array(name.utf8.prefix(64))
    let distances = known.map { distance(Array($0.utf8), name) }
    return zip(known, distances).min { $0.1 < $1.1 }?.0 ?? ""
  }

  private static func distance(_ a: [UInt8], _ b: [UInt8]) -> Int {
    var row = Array(0...b.count)
    for (i, x) in a.enumerated() {
      var diagonal = row[0]
      row[0] = i + 1
      for (j, y) in b.enumerated() {
        let next = min(row[j] + 1, row[j + 1] + 1, diagonal + (x == y ? 0 : 1))
        (diagonal, row[j + 1]) = (row[j + 1], next)
      }
    }
    return row[b.count]
  }
}
