import Testing

@testable import MassRegistry

@Suite struct TimestampTests {
  @Test(arguments: [
    ("1970-01-01T00:00:00Z", 0), ("2001-09-09T01:46:40Z", 1_000_000_000), ("2000-02-29T23:59:59Z", 951_868_799),
    ("1969-12-31T23:59:59Z", -1), ("2100-03-01T00:00:00Z", 4_107_542_400), ("0001-01-01T00:00:00Z", -62_135_596_800),
    ("9999-12-31T23:59:59Z", 253_402_300_799),
  ])
  func textAndSeconds(_ text: String, _ seconds: Int) {
    #expect(Timestamp(text)?.secondsSince1970 == seconds)
    #expect(Timestamp(secondsSince1970: seconds).description == text)
  }

  @Test(arguments: [
    "2031-05-01T12:00:00.25Z", "2031-05-01t12:00:00z", "2031-05-01T14:30:00+02:30", "2031-05-01T07:00:00-05:00",
  ])
  func otherSpellings(_ text: String) { #expect(Timestamp(text)?.description == "2031-05-01T12:00:00Z") }

  @Test(arguments: [
    "", "2031", "2031-05-01", "2031-05-01T12:00:00", "2031-13-01T12:00:00Z", "2031-02-29T12:00:00Z",
    "2031-05-01T24:00:00Z", "2031-05-01T12:00:00.Z", "2031-05-01T12:00:00Zz", "2031-05-01T12:00:00+2:30",
    "0000-05-01T12:00:00Z", "+031-05-01T12:00:00Z",
  ])
  func noTimes(_ text: String) { #expect(Timestamp(text) == nil) }

  @Test func daysOfFourCenturies() {
    for day in stride(from: -80_000, to: 80_000, by: 11) {
      let time = Timestamp(secondsSince1970: day * 86_400)
      #expect(Timestamp(time.description) == time)
    }
  }

  @Test(arguments: [Int.min, Int.max]) func farTimesAreBounded(_ seconds: Int) {
    let time = Timestamp(secondsSince1970: seconds)
    #expect(Timestamp(time.description) == time)
  }
}
