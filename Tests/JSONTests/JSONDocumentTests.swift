import MassJSON
import Testing

/// What is a document, and what is said about a text that is none.
@Suite struct JSONDocumentTests {
  private func error(_ text: String, _ options: JSONOptions = JSONOptions()) -> JSONError? {
    do throws(JSONError) {
      _ = try parse(text, options)
      return nil
    } catch {
      return error
    }
  }

  @Test(arguments: ["", " ", "\n\t \r"]) func emptyDocuments(_ text: String) {
    #expect(error(text) == JSONError(.empty))
    #expect(error(text).map { "\($0)" } == "the document is empty")
  }

  @Test(
    arguments: [
      ("[1,]", .expected("a value"), 3), ("[1", .expected("',' or ']'"), 2), ("[1 2]", .expected("',' or ']'"), 3),
      ("{\"a\" 1}", .expected("':'"), 5), ("{\"a\":1,}", .expected("a key in quotes"), 7),
      ("{a:1}", .expected("a key in quotes"), 1), ("{\"a\":1", .expected("',' or '}'"), 6),
      ("1 2", .expected("the end of the document"), 2), ("[1]]", .expected("the end of the document"), 3),
      ("tru", .expected("a value"), 0), ("[truefalse]", .expected("',' or ']'"), 5),
      ("\u{feff}1", .expected("a value"), 0),
      ("[\"abc", .unclosedString, 1), ("\"a\nb\"", .controlCharacter, 2), ("\"a\\x\"", .invalidEscape, 2),
      ("\"\\u12g4\"", .invalidEscape, 1), ("\"\\ud800\"", .unpairedSurrogate, 1),
      ("\"\\udc00\"", .unpairedSurrogate, 1),
      ("\"a\\ud800\\u0041\"", .unpairedSurrogate, 2), ("[01]", .invalidNumber, 1), ("[-]", .invalidNumber, 1),
      ("[1.]", .invalidNumber, 1), ("[ .5]", .expected("a value"), 2), ("[+1]", .expected("a value"), 1),
      ("[1e]", .invalidNumber, 1), ("[0x10]", .expected("',' or ']'"), 2), ("[0, 1e400]", .numberOutOfRange, 4),
      ("[-0.0000001e999]", .numberOutOfRange, 1), ("[NaN]", .expected("a value"), 1),
      ("[-Infinity]", .invalidNumber, 1),
    ] as [(String, JSONError.Reason, Int)])
  func faultsHaveAPlace(_ text: String, _ reason: JSONError.Reason, _ offset: Int) {
    #expect(error(text) == JSONError(reason, offset: offset))
  }

  @Test func faultsAreToldInWords() {
    #expect("\(JSONError(.expected("':'"), offset: 5))" == "expected ':' at offset 5")
    #expect("\(JSONError(.tooLarge(byteLimit: 9)))" == "the document is larger than 9 bytes")
  }

  @Test(arguments: [
    [0x22, 0xff, 0x22], [0x22, 0xed, 0xa0, 0x80, 0x22], [0x22, 0xc0, 0x80, 0x22], [0x22, 0xf5, 0x22],
  ])
  func invalidUTF8(_ bytes: [Int]) {
    #expect(throws: JSONError(.invalidUTF8, offset: 1)) { try parse(bytes.map { UInt8($0) }) }
  }

  @Test func sizeIsLimited() {
    #expect(error("[1]", JSONOptions(byteLimit: 3)) == nil)
    #expect(error("[1] ", JSONOptions(byteLimit: 3)) == JSONError(.tooLarge(byteLimit: 3)))
  }

  @Test(arguments: [1, 5, 100, 500]) func depthIsLimited(_ limit: Int) throws {
    let options = JSONOptions(depthLimit: limit)
    func nested(_ depth: Int) -> String {
      String(repeating: "[", count: depth) + "1" + String(repeating: "]", count: depth)
    }
    #expect(try parse(nested(limit), options).nestedShape() == [Int](repeating: 1, count: limit))
    #expect(error(nested(limit + 1), options) == JSONError(.tooDeep(depthLimit: limit), offset: limit))
    let objects = String(repeating: "{\"a\":", count: limit) + "1" + String(repeating: "}", count: limit)
    #expect(error(objects, options) == nil)
    #expect(error("[" + objects + "]", options)?.reason == .tooDeep(depthLimit: limit))
  }

  @Test(arguments: ["[", "{\"a\":", "[{\"a\":[", "[[],"]) func depthBombs(_ part: String) {
    let bomb = String(repeating: part, count: 100_000)
    #expect(error(bomb)?.reason == .tooDeep(depthLimit: 100))
  }

  @Test func anEmptyArrayInTheDeepestHasAShape() throws {
    let text = String(repeating: "[", count: 101) + String(repeating: "]", count: 101)
    #expect(try parse(text).nestedShape() == [Int](repeating: 1, count: 100) + [0])
  }

  @Test func chunksAreGathered() throws {
    let chunks: [[UInt8]] = [Array("{\"a\": [1, 2".utf8), Array("3], \"b".utf8), Array("\": true}".utf8)]
    let document = try unsafe JSONDocument(byteCount: chunks.map(\.count).reduce(0, +)) { bytes in
      var offset = 0
      for chunk in chunks {
        unsafe UnsafeMutableRawBufferPointer(rebasing: bytes[offset...]).copyBytes(from: chunk)
        offset += chunk.count
      }
    }
    #expect(document.root.member("a")?.elements.map(\.int64) == [1, 23])
    #expect(document.root.member("b")?.bool == true)
    #expect(throws: JSONError(.expected("',' or ']'"), offset: 11)) {
      try unsafe chunks[0].withUnsafeBytes { try unsafe JSONDocument(bytes: $0) }
    }
  }
}

/// Texts that are damaged: an error or a document, never a trap.
@Suite struct DamagedDocuments {
  private let sample = #"""
    {"id": "a\u00e9\ud83d\ude00\n", "inputs": [{"name": "x", "shape": [2, 3], "datatype": "FP32",
    "data": [[0.5, -1e-3, NaN], [3, 4.25E2, -Infinity]]}, {"b64": "AAEC/w=="}], "n": [true, false, null],
    "big": [9223372036854775807, 18446744073709551615, 340282346638528859811704183484516925440], "": {}, "e": []}
    """#

  private func exercise(_ value: JSONValue, depth: Int = 0) {
    _ = (value.int64, value.uint64, value.double, value.string, value.bool, value.count, "\(value)")
    _ = (try? value.nestedShape(), try? value.base64Bytes(), try? value.duplicateKey(), value.leafKind)
    _ = try? value.strings(count: value.leafCount)
    _ = try? value.tensor(.float32, [value.leafCount])
    _ = try? value.tensor(.int16, [value.leafCount])
    value.forEachElement { exercise($0, depth: depth + 1) }
    value.forEachMember { key, member in
      #expect(value.member(key) != nil)
      exercise(member, depth: depth + 1)
    }
  }

  @Test func theSampleIsADocument() throws { exercise(try parse(sample, tolerant)) }

  @Test func truncationAtEveryByte() {
    let bytes = Array(sample.utf8)
    for count in bytes.indices {
      #expect(throws: JSONError.self) { try parse(Array(bytes[..<count]), tolerant) }
      #expect(throws: JSONError.self) { try parse(Array(bytes[..<count])) }
    }
  }

  @Test func randomChanges() throws {
    let bytes = Array(sample.utf8)
    let marks = Array("[]{}\",:\\0123456789.-+eENIantfu \u{0}\u{7f}".utf8) + [0x80, 0xff, 0xed]
    var generator = SeededGenerator(state: 21)
    for round in 0..<5000 {
      var damaged = bytes
      for _ in 0...Int.random(in: 0..<4, using: &generator) {
        let i = Int.random(in: damaged.indices, using: &generator)
        switch Int.random(in: 0..<4, using: &generator) {
        case 0: damaged.remove(at: i)
        case 1: damaged.insert(marks.randomElement(using: &generator) ?? 0, at: i)
        case 2: damaged[i] = marks.randomElement(using: &generator) ?? 0
        default: damaged[i] = UInt8.random(in: 0...255, using: &generator)
        }
      }
      do throws(JSONError) {
        exercise(try parse(damaged, round % 2 == 0 ? tolerant : JSONOptions()))
      } catch {
        #expect(error.reason != .malformed && error.reason != .outOfMemory, "\(error)")
        #expect(error.reason == .empty || error.offset.map { $0 <= damaged.count } ?? false, "\(error)")
      }
    }
  }
}
