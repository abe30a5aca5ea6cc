import MassJSON
import MassRuntime
import Testing

/// Arrays that become tensors.
@Suite struct JSONFillTests {
  @Test func nestedIsFlat() throws {
    let flat = try parse("[1, -2.5, 3e2, 0.1, 5, 6]").tensor(.float32, [2, 3])
    let nested = try parse("[[1, -2.5, 3e2], [0.1, 5, 6]]").tensor(.float32, [2, 3])
    let uneven = try parse("[[[1], -2.5], [], [3e2, 0.1, [5, [6]]]]").tensor(.float32, [2, 3])
    #expect(flat.values(Float.self) == [1, -2.5, 300, 0.1, 5, 6])
    #expect(nested.values(Float.self) == flat.values(Float.self))
    #expect(uneven.values(Float.self) == flat.values(Float.self))
    #expect(try parse("7").tensor(.float64, []).values(Double.self) == [7])
    #expect(try parse("[[], []]").vector(.int8, 0).count == 0)
  }

  @Test func extremes() throws {
    #expect(try parse("[-128, 127, 1.0]").vector(.int8, 3).values(Int8.self) == [-128, 127, 1])
    #expect(try parse("[-32768, 32767]").vector(.int16, 2).values(Int16.self) == [.min, .max])
    #expect(try parse("[-2147483648, 2147483647]").vector(.int32, 2).values(Int32.self) == [.min, .max])
    let signed = try parse("[-9223372036854775808, 9223372036854775807, -9007199254740992.0]")
    #expect(try signed.vector(.int64, 3).values(Int64.self) == [.min, .max, -(1 << 53)])
    #expect(try parse("[0, 255]").vector(.uint8, 2).values(UInt8.self) == [0, 255])
    #expect(try parse("[65535]").vector(.uint16, 1).values(UInt16.self) == [65535])
    #expect(try parse("[4294967295]").vector(.uint32, 1).values(UInt32.self) == [.max])
    #expect(try parse("[18446744073709551615, -0.0]").vector(.uint64, 2).values(UInt64.self) == [.max, 0])
    #expect(try parse("[true, false]").vector(.bool, 2).values(UInt8.self) == [1, 0])
    #expect(
      try parse("[18446744073709551615, 3.4028234663852886e38]").vector(.float32, 2).values(Float.self) == [
        0x1p64, .greatestFiniteMagnitude,
      ])
    #expect(try parse("[1e-400, -1e-60]").vector(.float32, 2).values(Float.self) == [0, 0])
  }

  @Test(
    arguments: [
      ("[-129]", .int8, "-129"), ("[128]", .int8, "128"), ("[-1]", .uint8, "-1"), ("[256]", .uint8, "256"),
      ("[32768]", .int16, "32768"), ("[-1]", .uint16, "-1"), ("[2147483648]", .int32, "2147483648"),
      ("[4294967296]", .uint32, "4294967296"), ("[-1]", .uint64, "-1"), ("[-1.0]", .uint64, "-1.0"),
      ("[9223372036854775808]", .int64, "9223372036854775808"), ("[1e300]", .int64, "1e+300"),
      ("[18446744073709551616]", .uint64, "1.8446744073709552e+19"),
      ("[9007199254740994.0]", .int64, "9.007199254740994e+15"),
      ("[1e39]", .float32, "1e+39"), ("[-3.5e38]", .float32, "-3.5e+38"), ("[300.0]", .uint8, "300.0"),
    ] as [(String, ElementType, String)])
  func rangesAreChecked(_ text: String, _ element: ElementType, _ value: String) throws {
    #expect(throws: JSONFillError.outOfRange(index: 0, value: value)) { try parse(text).vector(element, 1) }
  }

  @Test(
    arguments: [
      ("[1, 1.5]", .int32, .double), ("[1, true]", .int64, .bool), ("[1, \"2\"]", .float32, .string),
      ("[1, null]", .float64, .null), ("[[1], {\"b64\": \"\"}]", .uint8, .object), ("[true, 1]", .bool, .integer),
      ("[false, \"true\"]", .bool, .string), ("[1, 1e-3]", .uint16, .double),
    ] as [(String, ElementType, JSONKind)])
  func typesAreChecked(_ text: String, _ element: ElementType, _ kind: JSONKind) throws {
    #expect(throws: JSONFillError.wrongType(index: 1, expected: element, got: kind)) {
      try parse(text).vector(element, 2)
    }
  }

  @Test func countsAreChecked() throws {
    let value = try parse("[[1, 2], [3]]")
    #expect(value.leafCount == 3)
    #expect(throws: JSONFillError.tooFew(expected: 4, got: 3)) { try value.vector(.float32, 4) }
    #expect(throws: JSONFillError.tooMany(expected: 2)) { try value.vector(.float32, 2) }
    #expect(throws: JSONFillError.tooMany(expected: 0)) { try value.vector(.int8, 0) }
    #expect(throws: JSONFillError.unsupported(.float16)) { try value.vector(.float16, 3) }
    #expect("\(JSONFillError.tooFew(expected: 4, got: 3))" == "expected 4 elements, got 3")
  }

  @Test func strings() throws {
    let value = try parse(#"[["a", "b\u0000"], ["é", ""]]"#)
    #expect(try value.strings(count: 4) == ["a", "b\0", "é", ""])
    #expect(try value.leaves(count: 4).map(\.string) == ["a", "b\0", "é", ""])
    #expect(try parse("\"x\"").strings(count: 1) == ["x"])
    #expect(throws: JSONFillError.tooFew(expected: 5, got: 4)) { try value.strings(count: 5) }
    #expect(throws: JSONFillError.tooFew(expected: .max, got: 4)) { try value.strings(count: .max) }
    #expect(throws: JSONFillError.tooMany(expected: 3)) { try value.strings(count: 3) }
    #expect(throws: JSONFillError.wrongType(index: 1, expected: .string, got: .integer)) {
      try parse("[\"a\", 1]").strings(count: 2)
    }
  }
}

/// Shapes and binary elements.
@Suite struct JSONShapeTests {
  @Test(arguments: [
    ("1", []), ("\"a\"", []), ("[]", [0]), ("[1, 2, 3]", [3]), ("[[1, 2], [3, 4], [5, 6]]", [3, 2]),
    ("[[], []]", [2, 0]), ("[[[true]], [[null]]]", [2, 1, 1]), ("{\"b64\": \"AA==\"}", []),
    ("[{\"b64\": \"\"}, {\"b64\": \"AA==\"}, \"a\"]", [3]),
  ])
  func rectangles(_ text: String, _ shape: [Int]) throws {
    #expect(try parse(text).nestedShape() == shape)
  }

  @Test(
    arguments: [
      ("[[1, 2], [3]]", [1], 2, 1), ("[[1], 2]", [1], 1, nil), ("[1, [2]]", [1], nil, 1), ("[[], [1]]", [1], 0, 1),
      ("[[[1], [2]], [[3], [4, 5]]]", [1, 1], 1, 2), ("[[[1, 2], [3, 4]], [[5, 6], [7, [8]]]]", [1, 1, 1], nil, 1),
      ("[[1, 2], {\"b64\": \"\"}]", [1], 2, nil), ("[[[]], [[[]]]]", [1, 0], 0, 1),
    ] as [(String, [Int], Int?, Int?)])
  func raggedLists(_ text: String, _ path: [Int], _ expected: Int?, _ got: Int?) throws {
    #expect(throws: JSONShapeError.ragged(path: path, expected: expected, got: got)) { try parse(text).nestedShape() }
  }

  @Test func objectsAreNoElements() throws {
    #expect(throws: JSONShapeError.object(path: [])) { try parse("{}").nestedShape() }
    #expect(throws: JSONShapeError.object(path: [1])) { try parse("[1, {\"b64\": 1}]").nestedShape() }
    #expect(throws: JSONShapeError.object(path: [0, 1])) { try parse("[[1, {\"b64\": \"\", \"a\": 1}]]").nestedShape() }
    #expect(
      "\(JSONShapeError.ragged(path: [1, 2], expected: 3, got: nil))" == "[1][2]: expected a list of 3, got no list")
  }

  @Test func leafKinds() throws {
    #expect(try parse("[[[\"a\"]], 1]").leafKind == .string)
    #expect(try parse("[[], 1]").leafKind == nil)
    #expect(try parse("2").leafKind == .integer)
  }

  @Test(
    arguments: [
      ("", []), ("AA==", [0]), ("AAE=", [0, 1]), ("AAEC", [0, 1, 2]), ("/+8=", [255, 239]),
      ("AAECAwQ=", [0, 1, 2, 3, 4]),
    ] as [(String, [UInt8])])
  func base64(_ text: String, _ bytes: [UInt8]) throws {
    let value = try parse("{\"b64\": \"\(text)\"}")
    #expect(value.isBase64)
    #expect(try value.base64Bytes() == bytes)
    #expect(try write { $0.base64(bytes) } == "{\"b64\":\"\(text)\"}")
  }

  @Test(arguments: [
    ("A", 1), ("AA", 2), ("AAA", 3), ("A===", 1), ("AB==", 1), ("AAF=", 2), ("AA=A", 2), ("AA==AAAA", 2),
    ("AAE=\\n", 5),
    ("AA A", 2), ("_-AA", 0), ("====", 0), ("AAAé", 5), ("\\u0000AAA", 0),
  ])
  func brokenBase64(_ text: String, _ offset: Int) throws {
    let value = try parse("{\"b64\": \"\(text)\"}")
    #expect(throws: JSONBase64Error.invalid(offset: offset)) { try value.base64Bytes() }
  }

  @Test func otherValuesAreNoBase64() throws {
    #expect(throws: JSONBase64Error.wrongType(.string)) { try parse("\"AA==\"").base64Bytes() }
    #expect(throws: JSONBase64Error.wrongType(.object)) { try parse("{\"b64\": \"\", \"b64\": \"\"}").base64Bytes() }
  }

  @Test func base64OfEveryLength() throws {
    var generator = SeededGenerator(state: 5)
    for count in [1, 2, 3, 766, 767, 768, 769, 770, 771, 5000] {
      let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
      #expect(try parse(try write { $0.base64(bytes) }).base64Bytes() == bytes)
    }
  }
}
