import MassRuntime
import Testing

@Suite struct DimensionTests {
  let n = Dimension(symbol: "N")
  let s = Dimension(symbol: "S")

  @Test func equalExpressionsCompareEqual() {
    #expect(n + s == s + n)
    #expect((n + 1) * 2 == n * 2 + 2)
    #expect(n * s - s * n == 0)
    #expect((n + s) * (n - s) == n * n - s * s)
  }

  @Test func quotientsCancelWhereTheyCan() {
    #expect((n * 12 * 64).exactQuotient(by: n * 64) == 12)
    #expect((n * s * 768).exactQuotient(by: s) == n * 768)
    #expect((n * 3).exactQuotient(by: 2) == nil)
    #expect((n * 4 + 3).floorDivided(by: 2) == n * 2 + 1)
    #expect(Dimension(-3).floorDivided(by: 2) == -2)
  }

  @Test func substitutionComputes() {
    let expression = (n + 1).floorDivided(by: 2) + Dimension.maximum(s, 3)
    #expect(expression.substituting(["N": 7, "S": 2]) == 7)
    #expect(expression.symbols == ["N", "S"])
  }

  @Test func overflowIsUnknownRatherThanATrap() {
    let big = Dimension(Int.max)
    #expect((big + 1).constant == nil)
    #expect((big * 2).constant == nil)
    #expect((n * big * big).constant == nil)
    #expect((Dimension(Int.min) - 1).constant == nil)
  }

  @Test func textIsReadable() {
    #expect("\(n * 2 + 1)" == "2*N+1")
    #expect("\((n + 1).floorDivided(by: 2))" == "floor((N+1)/(2))")
    #expect("\(Dimension(0))" == "0")
  }
}
