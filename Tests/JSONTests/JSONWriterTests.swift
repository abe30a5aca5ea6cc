import MassJSON
import MassRuntime
import Testing

/// Texts that are built.
@Suite struct JSONWriterTests {
  @Test func structure() throws {
    let text = try write { writer in
      try writer.object { writer in
        writer.key("a")
        writer.integer(-1)
        writer.key("b\"")
        try writer.array { writer in
          writer.null()
          writer.bool(true)
          writer.bool(false)
          try writer.double(0.5)
          writer.integer(UInt64.max)
          writer.integer(Int64.min)
          writer.array { _ in }
          writer.object { _ in }
        }
        writer.key("")
        writer.string("x")
      }
    }
    #expect(text == #"{"a":-1,"b\"":[null,true,false,0.5,18446744073709551615,-9223372036854775808,[],{}],"":"x"}"#)
  }

  @Test func nested() throws {
    let names = ["a", "b", "c", "d"]
    #expect(try write { $0.nested([2, 2]) { $0.string(names[$1]) } } == #"[["a","b"],["c","d"]]"#)
    #expect(try write { $0.nested([2, 0]) { $0.string(names[$1]) } } == "[[],[]]")
    #expect(try write { $0.nested([]) { $0.string(names[$1]) } } == #""a""#)
  }

  @Test func rawValues() throws {
    let text = try write { writer in
      writer.array { writer in
        for value in ["{}", "1"] {
          let bytes = Array(value.utf8)
          unsafe bytes.withUnsafeBytes { unsafe writer.raw($0) }
        }
      }
    }
    #expect(text == "[{},1]")
  }

  @Test func escapes() throws {
    let all =
      String(String.UnicodeScalarView((0..<0x250).compactMap(Unicode.Scalar.init))) + "\u{2028}😀\u{fffd}\u{10ffff}"
    let text = try write { $0.string(all) }
    #expect(try parse(text).string.map { Array($0.utf8) } == Array(all.utf8))
    #expect(
      try write { $0.string("\0\u{1f}\u{8}\u{c}\n\r\t\"\\/\u{7f}é") } == #""\u0000\u001f\b\f\n\r\t\"\\/"# + "\u{7f}é\"")
    let long = String(repeating: "aé\n", count: 10_000)
    #expect(try parse(try write { $0.string(long) }).string == long)
  }

  @Test func integers() throws {
    let signed: [Int64] = [.min, .max, 0, -1]
    let unsigned: [UInt64] = [0, .max, 1 << 63]
    #expect(try write { try $0.numbers(.of(.int64, signed)) } == "[-9223372036854775808,9223372036854775807,0,-1]")
    #expect(try write { try $0.numbers(.of(.uint64, unsigned)) } == "[0,18446744073709551615,9223372036854775808]")
    #expect(try write { try $0.numbers(.of(.int8, [Int8.min, .max])) } == "[-128,127]")
    #expect(try write { try $0.numbers(.of(.uint8, [UInt8.min, .max])) } == "[0,255]")
    #expect(try write { try $0.numbers(.of(.int16, [Int16.min, .max])) } == "[-32768,32767]")
    #expect(try write { try $0.numbers(.of(.uint16, [UInt16.max])) } == "[65535]")
    #expect(try write { try $0.numbers(.of(.int32, [Int32.min, .max])) } == "[-2147483648,2147483647]")
    #expect(try write { try $0.numbers(.of(.uint32, [UInt32.max])) } == "[4294967295]")
    #expect(try write { try $0.numbers(.of(.bool, [UInt8(0), 1, 2])) } == "[false,true,true]")
  }

  @Test(arguments: [
    ([], "7"), ([1], "[7]"), ([2, 3], "[[7,7,7],[7,7,7]]"), ([2, 1, 2], "[[[7,7]],[[7,7]]]"), ([0], "[]"),
    ([2, 0], "[[],[]]"),
    ([0, 3], "[]"), ([2, 0, 3], "[[],[]]"), ([1, 2, 0], "[[[],[]]]"), ([2, 2, 1], "[[[7],[7]],[[7],[7]]]"),
  ])
  func nesting(_ shape: [Int], _ text: String) throws {
    let count = shape.reduce(1, *)
    let tensor = try Tensor.of(.int32, [Int32](repeating: 7, count: count), shape: shape)
    #expect(try write { try $0.numbers(tensor, style: JSONNumberStyle(isNested: true)) } == text)
    let flat = "[" + [String](repeating: "7", count: count).joined(separator: ",") + "]"
    #expect(try write { try $0.numbers(tensor) } == flat)
    #expect(try parse(text).nestedShape() == Array(shape.prefix { $0 != 0 }) + (shape.contains(0) ? [0] : []))
  }

  @Test func textsAreShared() async throws {
    var writer = JSONWriter()
    writer.string("shared")
    let text = try writer.finish()
    await withTaskGroup(of: [UInt8].self) { group in
      for _ in 0..<8 { group.addTask { text.bytes } }
      for await bytes in group { #expect(bytes == Array("\"shared\"".utf8)) }
    }
    #expect(text.count == 8)
    #expect(try JSONWriter().finish().bytes.isEmpty)
  }
}

/// Floats as text and back.
@Suite struct FloatTexts {
  private func text<Number: BinaryFloatingPoint>(
    _ element: ElementType, _ values: [Number], _ style: JSONNumberStyle
  ) throws -> String {
    try write { try $0.numbers(.of(element, values), style: style) }
  }

  private let tensorFlow = JSONNumberStyle(floats: .tensorFlow)

  @Test(arguments: [JSONNumberStyle.Floats.shortest, .tensorFlow]) func floatsComeBack(_ floats: JSONNumberStyle.Floats)
    throws
  {
    var generator = SeededGenerator(state: 3)
    var values: [Float] = [
      0, -0.0, 0.1, .leastNonzeroMagnitude, .leastNormalMagnitude, .greatestFiniteMagnitude, 0x1p24,
    ]
    while values.count < 100_000 {
      let value = Float(bitPattern: UInt32.random(in: 0 ... .max, using: &generator))
      if value.isFinite { values.append(value) }
    }
    let text = try text(.float32, values, JSONNumberStyle(floats: floats))
    let read = try parse(text).vector(.float32, values.count).values(Float.self)
    // The sign of a zero without a fraction is lost.
    #expect(read == values)
  }

  @Test(arguments: [JSONNumberStyle.Floats.shortest, .tensorFlow]) func doublesComeBack(
    _ floats: JSONNumberStyle.Floats
  ) throws {
    var generator = SeededGenerator(state: 4)
    var values: [Double] = [
      0, 0.1, 1 / 3, .leastNonzeroMagnitude, .leastNormalMagnitude, .greatestFiniteMagnitude, 0x1p53,
    ]
    while values.count < 50_000 {
      let value = Double(bitPattern: UInt64.random(in: 0 ... .max, using: &generator))
      if value.isFinite { values.append(value) }
    }
    let text = try text(.float64, values, JSONNumberStyle(floats: floats))
    #expect(try parse(text).vector(.float64, values.count).values(Double.self) == values)
  }

  @Test func shortest() throws {
    let floats: [Float] = [0.1, 1, -2.5, 16_777_216, 3.4028235e38, .leastNonzeroMagnitude]
    #expect(try text(.float32, floats, JSONNumberStyle()) == "[0.1,1,-2.5,16777216,3.4028235e+38,1e-45]")
    #expect(
      try text(.float64, [0.1, 1 / 3, Double.leastNonzeroMagnitude], JSONNumberStyle())
        == "[0.1,0.3333333333333333,5e-324]")
  }

  @Test func asTensorFlow() throws {
    let floats: [Float] = [1, 0.1, 0, -3, 123_456, 1_234_567, 0.123456789, 1e20, 1 / 3, 1e-5]
    let expected = "[1.0,0.1,0.0,-3.0,123456.0,1234567.0,0.123456791,1e+20,0.333333343,1e-05]"
    #expect(try text(.float32, floats, tensorFlow) == expected)
    #expect(try text(.float64, [0.1, 1 / 3, 2, 1_234_567], tensorFlow) == "[0.1,0.33333333333333331,2.0,1234567.0]")
  }

  @Test func nonFiniteNumbers() throws {
    let floats: [Float] = [1, .nan, .infinity, -.infinity]
    let tokens = JSONNumberStyle(nonFinite: .tokens)
    #expect(try text(.float32, floats, tokens) == "[1,NaN,Infinity,-Infinity]")
    #expect(try text(.float64, floats.map(Double.init), tokens) == "[1,NaN,Infinity,-Infinity]")
    #expect(
      try parse(try text(.float32, floats, tokens), tolerant).vector(.float32, 4).values(Float.self)[2] == .infinity)
    #expect(throws: JSONWriteError.nonFinite(index: 1)) { try text(.float32, floats, JSONNumberStyle()) }
    #expect(try write { try $0.double(.nan, style: tokens) } == "NaN")
    #expect(throws: JSONWriteError.nonFinite(index: 0)) { try write { try $0.double(.nan) } }
    let late = [Double](repeating: 1, count: 5000) + [.infinity]
    let nested = try Tensor.of(.float64, late, shape: [1, 5001, 1])
    #expect(throws: JSONWriteError.nonFinite(index: 5000)) {
      try write { try $0.numbers(nested, style: JSONNumberStyle(isNested: true)) }
    }
  }

  @Test func whatIsRefusedLeavesNoTrace() throws {
    let text = try write { writer in
      try writer.array { writer in
        writer.integer(1)
        let tensor = try Tensor.of(.float32, [1, Float.nan])
        #expect(throws: JSONWriteError.self) { try writer.numbers(tensor) }
        #expect(throws: JSONWriteError.unsupported("string")) {
          try writer.numbers(Tensor(strings: ["a"], shape: [1]))
        }
        writer.integer(2)
      }
    }
    #expect(text == "[1,2]")
  }
}
