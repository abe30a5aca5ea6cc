import MassJSON
import Testing

/// Values of documents.
@Suite struct JSONValueTests {
  @Test func kinds() throws {
    let values = try parse(#"[null, true, -1, 18446744073709551615, 1.0, "", [], {}]"#).elements
    #expect(values.map(\.kind) == [.null, .bool, .integer, .unsigned, .double, .string, .array, .object])
    #expect(values[0].isNull && values[1].bool == true && values[0].bool == nil && values[1].int64 == nil)
    #expect(values.map(\.count) == [0, 0, 0, 0, 0, 0, 0, 0])
  }

  @Test(
    arguments: [
      ("0", 0, 0), ("-1", -1, nil), ("9223372036854775807", .max, 9_223_372_036_854_775_807),
      ("-9223372036854775808", .min, nil), ("9223372036854775808", nil, 9_223_372_036_854_775_808),
      ("18446744073709551615", nil, .max), ("18446744073709551616", nil, nil), ("-9223372036854775809", nil, nil),
      ("1.0", 1, 1), ("-2e3", -2000, nil), ("1.5", nil, nil), ("9007199254740992.0", 1 << 53, 1 << 53),
      ("9007199254740994.0", nil, nil), ("\"1\"", nil, nil),
    ] as [(String, Int64?, UInt64?)])
  func integersAreExact(_ text: String, _ signed: Int64?, _ unsigned: UInt64?) throws {
    let value = try parse(text)
    #expect(value.int64 == signed)
    #expect(value.uint64 == unsigned)
  }

  @Test(arguments: [
    "0.1", "-1e-7", "1.7976931348623157e308", "5e-324", "1e-400", "18446744073709551616", "-9223372036854775809",
    "123456789012345678901234567890", "9007199254740993", "18446744073709551615", "100000000000000000000000",
  ])
  func doublesAreNearest(_ text: String) throws {
    #expect(try parse(text).double == Double(text))
    #expect(try parse("{\"a\": [1, \(text), 2]}").member("a")?.elements.map(\.double) == [1, Double(text), 2])
  }

  @Test func hugeNumbers() throws {
    #expect(throws: JSONError(.numberOutOfRange, offset: 0)) { try parse("1e400") }
    let digits = String(repeating: "9", count: 400)
    #expect(throws: JSONError(.numberOutOfRange, offset: 1)) { try parse("[\(digits)]") }
    #expect(throws: JSONError(.invalidNumber, offset: 0)) { try parse("00000000000000000000000001") }
  }

  @Test(arguments: [
    (#""""#, ""), (#""a\u0000b""#, "a\0b"), (#""\ud83d\ude00""#, "😀"), (#""\u00e9é""#, "éé"),
    (#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{c}\n\r\t"), ("\"\u{7f}\"", "\u{7f}"), (#""\uffff""#, "\u{ffff}"),
  ])
  func strings(_ text: String, _ expected: String) throws {
    #expect(try parse(text).string == expected)
    #expect(try parse(text).string?.utf8.count == expected.utf8.count)
  }

  @Test func members() throws {
    let object = try parse(#"{"a": 1, "b": {"a": 9}, "\u0061": 2, "": 3, "e\u0301": 4}"#)
    var seen: [String] = []
    object.forEachMember { key, value in seen.append("\(key)=\(value)") }
    #expect(seen == ["a=1", "b=object", "a=2", "=3", "e\u{301}=4"])
    #expect(object.count == 5)
    #expect(object.member("a")?.int64 == 1 && object.member("")?.int64 == 3 && object.member("c") == nil)
    #expect(object.member("\u{e9}") == nil, "keys are compared by bytes")
    #expect(try object.duplicateKey() == "a")
    #expect(try object.member("b")?.duplicateKey() == nil)
    #expect(try parse("[1]").duplicateKey() == nil)
    #expect(try parse("[1]").member("a") == nil)
  }

  @Test(arguments: [1, 2, 3, 15, 16, 17, 18, 1000], [0, 1, 7, 499])
  func duplicateKeysAmongAny(_ count: Int, _ place: Int) throws {
    let keys = (0..<count).map { "key\($0 * 7919 % count)" }
    func object(_ keys: [String]) throws -> JSONValue {
      try parse("{" + keys.map { "\"\($0)\": {\"a\": 1, \"a\": 2}" }.joined(separator: ",") + "}")
    }
    #expect(try object(keys).duplicateKey() == nil)
    let twice = keys[place % count]
    #expect(try object(keys + [twice]).duplicateKey() == twice)
    #expect(try object([twice] + keys).duplicateKey() == twice)
  }

  @Test func visitsEndWithTheFirstError() throws {
    struct Stop: Error {}
    var visits = 0
    #expect(throws: Stop.self) {
      try parse("[1, 2, 3]").forEachElement { value throws(Stop) in
        visits += 1
        if value.int64 == 2 { throw Stop() }
      }
    }
    #expect(visits == 2)
  }

  @Test func longArraysAreCounted() throws {
    let count = (1 << 24) + 3
    let bytes = [UInt8](
      unsafe [UInt8](unsafeUninitializedCapacity: 2 * count + 1) { bytes, written in
        for i in 0..<count {
          unsafe bytes[2 * i] = i == 0 ? UInt8(ascii: "[") : UInt8(ascii: ",")
          unsafe bytes[2 * i + 1] = UInt8(ascii: "7")
        }
        unsafe bytes[2 * count] = UInt8(ascii: "]")
        written = 2 * count + 1
      })
    let array = try parse(bytes)
    #expect(array.count == count)
    #expect(try array.nestedShape() == [count])
  }

  @Test func valuesOutliveTheirDocument() async throws {
    let value = try parse(#"{"a": ["long enough to lie on the heap", 2]}"#)
    await withTaskGroup(of: Bool.self) { group in
      for _ in 0..<8 {
        group.addTask {
          (0..<200).allSatisfy { _ in
            let list = value.member("a")
            return list?.elements.first?.string == "long enough to lie on the heap" && list?.count == 2
          }
        }
      }
      for await isRight in group { #expect(isRight) }
    }
  }
}

/// `NaN`, `Infinity` and `-Infinity` as bare words.
@Suite struct BareWords {
  @Test func areNumbers() throws {
    let array = try parse("[1, NaN, -2.5, Infinity,-Infinity , \"NaN\", {\"NaN\":NaN}, 3]", tolerant)
    #expect(
      array.elements.map { $0.double.map { "\($0)" } ?? "-" } == ["1.0", "nan", "-2.5", "inf", "-inf", "-", "-", "3.0"])
    #expect(array.elements[5].string == "NaN")
    #expect(array.elements[6].member("NaN")?.double?.isNaN == true)
    #expect(try parse("NaN", tolerant).double?.isNaN == true)
  }

  @Test(arguments: [
    "[NaNN]", "[1NaN]", "[-NaN]", "[+Infinity]", "[nan]", "[Inf]", "[Infinity1]", "{NaN: 1}", "[NaN NaN]", "[NaN\"a\"]",
    "[\"a\"NaN]", "NaN,", "[--Infinity]", "[- Infinity]", "[NaN\0]",
  ])
  func standWhereAValueStands(_ text: String) {
    #expect(throws: JSONError.self) { try parse(text, tolerant) }
  }

  @Test(arguments: ["[\"a\\\"NaN\", NaN]", "[\"\\\\\", NaN]", "[\"[NaN, Infinity]\", NaN]", "[\"é NaN\", NaN]"])
  func inStringsAreText(_ text: String) throws {
    let both = try parse(text, tolerant).elements
    let plain = try parse(text.replacing(", NaN]", with: "]")).elements
    #expect(both[0].string == plain[0].string)
    #expect(both[1].double?.isNaN == true)
  }

  @Test func fillFloatsOnly() throws {
    let value = try parse("[[0.0, NaN], [Infinity, -Infinity]]", tolerant)
    let floats = try value.tensor(.float32, [2, 2]).values(Float.self)
    #expect(floats[0] == 0 && floats[1].isNaN && floats[2] == .infinity && floats[3] == -.infinity)
    #expect(try value.vector(.float64, 4).values(Double.self)[3] == -.infinity)
    #expect(throws: JSONFillError.wrongType(index: 1, expected: .int32, got: .double)) { try value.vector(.int32, 4) }
  }

  @Test func standBesideLongIntegers() throws {
    let text = "[123456789012345678901, NaN, 0, 7, -123456789012345678901, \"5\", 1.5]"
    let values = try parse(text, tolerant).elements.map(\.double)
    #expect(values[0] == 123_456_789_012_345_683_968 && values[1]?.isNaN == true && values[2] == 0 && values[3] == 7)
    #expect(values[4] == -123_456_789_012_345_683_968 && values[5] == nil && values[6] == 1.5)
  }
}
