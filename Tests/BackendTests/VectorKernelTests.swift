import MassDefaults
import MassRuntime
import OperatorCases
import Testing

@Suite struct VectorKernelTests {
  @Test(arguments: [1, 2])
  func kernelsAgreeWithTheirOperators(threads: Int) {
    for row in VectorCase.all {
      for layout in row.variants {
        do {
          let difference = try row.difference(layout, threads: threads)
          #expect(difference == nil, "\(row), \(layout)")
        } catch { Issue.record("\(row), \(layout): \(error)") }
      }
    }
  }

  @Test(arguments: VectorCase.outOfRange)
  func badIndicesAreErrorsOfTheNode(_ row: VectorCase) {
    #expect { try row.difference(.rowMajor, threads: 2) } throws: { error in
      guard case RunError.node(let problem)? = error as? RunError else { return false }
      return problem.node == "row" && problem.expected.hasPrefix("an index in") && problem.got.hasPrefix("9 ")
    }
  }
}
