import OperatorCases
import Testing

@testable import MassRuntime

/// What is known of shapes does not get lost when arithmetic on them is fused.
@Suite struct ElementwiseProgramTests {
  private static func operands(_ values: [SymbolicTensor?], _ shapes: [[Int]]) -> Operands {
    Operands(
      op: "", node: "", types: shapes.map { .tensor(TensorType(.int64, Shape($0))) }, values: values,
      constants: values.map { _ in nil }, resultCount: 2)
  }

  @Test func extentsPassThroughFusedArithmetic() throws {
    let n = Dimension(symbol: "N")
    // Registers: 0 a, 1 b, 2 the constant, 3 = a * b, 4 = 3 + 2.
    let program = ElementwiseProgram(
      instructions: [.constant(.int64, 3), .binary(.mul, 0, 1), .binary(.add, 3, 2)], results: [3, 4])
    let a = try #require(SymbolicTensor([n, 5]))
    let b = try #require(SymbolicTensor([2, n]))
    let results = program.symbolicResults(for: Self.operands([a, b], [[2], [2]]))
    #expect(results.map { $0?.elements } == [[n * 2, n * 5], [n * 2 + 3, n * 5 + 3]])
  }

  @Test func whatIsNotKnownStaysUnknown() throws {
    let program = ElementwiseProgram(instructions: [.binary(.add, 0, 1)], results: [2, 0])
    let a = try #require(SymbolicTensor([Dimension(symbol: "N"), 5]))
    #expect(program.symbolicResults(for: Self.operands([a, nil], [[2], [2]])) == [nil, a])
    // A result that takes the common shape only is left alone.
    let small = try #require(SymbolicTensor([7]))
    #expect(program.symbolicResults(for: Self.operands([small, nil], [[1], [2]])) == [nil, nil])
  }
}
