import MassRuntime
import OperatorCases
import Testing

@Suite struct TensorTests {
  @Test func hostileShapesAreErrors() {
    #expect(throws: TensorError.self) { try Tensor(element: .float32, shape: [Int.max, 2]) }
    #expect(throws: TensorError.self) { try Tensor(element: .float32, shape: [-1]) }
    #expect(throws: TensorError.self) { try Tensor(element: .float64, shape: [1 << 30, 1 << 30]) }
    #expect(throws: TensorError.self) { try Tensor.make(.float32, [2], doubles: [1]) }
  }

  @Test func everyHalfSurvivesARoundTrip() {
    for bits in UInt16.min...UInt16.max {
      let value = Float(halfBits: bits)
      if value.isNaN { continue }
      #expect(HalfFloat.bits(Double(value)) == bits)
    }
  }

  @Test(arguments: [ElementType.float8e4m3fn, .float8e4m3fnuz, .float8e5m2, .float8e5m2fnuz])
  func everySmallFloatSurvivesARoundTrip(_ element: ElementType) {
    for bits in UInt8.min...UInt8.max {
      let value = SmallFloat.decode(bits, as: element)
      if value.isNaN { continue }
      #expect(SmallFloat.encode(value, as: element, saturate: false) == bits, "\(bits)")
    }
  }

  @Test func halvesRoundToNearestEven() {
    #expect(HalfFloat.bits(1 + 0x1p-11) == HalfFloat.bits(1))
    #expect(HalfFloat.bits(1 + 0x3p-11) == HalfFloat.bits(1 + 0x1p-9))
    #expect(HalfFloat.bits(65520) == 0x7C00)
    #expect(HalfFloat.bits(65519) == 0x7BFF)
    #expect(HalfFloat.bits(0x1p-24) == 1)
    #expect(HalfFloat.bits(0x1p-25) == 0)
  }

  @Test func packedTypesHoldTheirRange() throws {
    #expect(try Tensor.make(.int4, [5], integers: [-8, -1, 0, 7, 3]).integers() == [-8, -1, 0, 7, 3])
    #expect(try Tensor.make(.uint4, [3], integers: [0, 15, 9]).integers() == [0, 15, 9])
    #expect(try Tensor.make(.int2, [5], integers: [-2, -1, 0, 1, -2]).integers() == [-2, -1, 0, 1, -2])
    #expect(try Tensor.make(.int4, [5], integers: [0, 0, 0, 0, 0]).byteCount == 3)
  }
}
