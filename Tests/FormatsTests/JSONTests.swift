import MassFormats
import Testing

@Suite struct WritingJSON {
  @Test(
    arguments: [
      (JSON.null, "null"), (true, "true"), (-3, "-3"), (.double(0.1), "0.1"), (.double(.nan), "null"),
      (.double(-.infinity), "null"), (.double(1e-7), "1e-07"), ("a\"b\\c\n\t\u{1}é", #""a\"b\\c\n\t\u0001é""#),
      ([], "[]"), ([:], "{}"), ([1, 2], "[1, 2]"), (["z": 1, "a": [true]], #"{"z": 1, "a": [true]}"#),
    ] as [(JSON, String)])
  func onOneLine(_ row: (json: JSON, text: String)) { #expect(row.json.text(isIndented: false) == row.text) }

  @Test func indented() {
    let json: JSON = ["a": [1, 2], "b": ["c": [["d": .null]]]]
    let text = """
      {
        "a": [1, 2],
        "b": {
          "c": [
            {
              "d": null
            }
          ]
        }
      }
      """
    #expect(json.text() == text)
  }
}
