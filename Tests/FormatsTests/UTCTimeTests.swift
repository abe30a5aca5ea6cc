import MassFormats
import Testing

@Suite struct UTCTimeTests {
  @Test(arguments: [
    ("1970-01-01T00:00:00Z", 0), ("2001-09-09T01:46:40Z", 1_000_000_000_000), ("2000-02-29T23:59:59Z", 951_868_799_000),
    ("1969-12-31T23:59:59.999Z", -1), ("2100-03-01T00:00:00.050Z", 4_107_542_400_050),
    ("0001-01-01T00:00:00Z", -62_135_596_800_000), ("9999-12-31T23:59:59.999Z", 253_402_300_799_999),
  ])
  func textAndMilliseconds(_ text: String, _ milliseconds: Int) {
    #expect(UTCTime(text)?.millisecondsSince1970 == milliseconds)
    #expect(UTCTime(millisecondsSince1970: milliseconds).description == text)
  }

  @Test(arguments: [
    "2031-05-01T12:00:00.2505Z", "2031-05-01t12:00:00.25z", "2031-05-01T14:30:00.25+02:30",
    "2031-05-01 07:00:00.250-05:00",
  ])
  func otherSpellings(_ text: String) { #expect(UTCTime(text)?.description == "2031-05-01T12:00:00.250Z") }

  @Test func aDayIsItsBeginning() { #expect(UTCTime("2031-05-01")?.description == "2031-05-01T00:00:00Z") }

  @Test(arguments: [
    "", "2031", "2031-05", "2031-5-1", "2031-05-01T12:00:00", "2031-13-01T12:00:00Z", "2031-02-29T12:00:00Z",
    "2031-02-29", "2031-05-01T24:00:00Z", "2031-05-01T12:00:00.Z", "2031-05-01T12:00:00Zz", "0000-05-01T12:00:00Z",
    "2031-05-01T12:00:00+2:30", "+031-05-01T12:00:00Z", "2031-05-01T",
  ])
  func noTimes(_ text: String) { #expect(UTCTime(text) == nil) }

  @Test(arguments: [(0, 0), (999, 0), (1000, 1), (-1, -1), (-1000, -1), (-1001, -2)])
  func wholeSeconds(_ milliseconds: Int, _ seconds: Int) {
    #expect(UTCTime(millisecondsSince1970: milliseconds).secondsSince1970 == seconds)
    #expect(UTCTime(millisecondsSince1970: milliseconds).inSeconds == UTCTime(secondsSince1970: seconds))
  }

  @Test func daysOfFourCenturies() {
    for day in stride(from: -80_000, to: 80_000, by: 11) {
      let time = UTCTime(secondsSince1970: day * 86_400)
      #expect(time.secondsSince1970 == day * 86_400)
      #expect(UTCTime(time.description) == time)
    }
  }

  @Test(arguments: [Int.min, Int.max]) func farTimesAreBounded(_ far: Int) {
    let time = UTCTime(millisecondsSince1970: far)
    #expect(UTCTime(time.description) == time)
    #expect(UTCTime(secondsSince1970: far) == time.inSeconds)
    #expect(UTCTime(millisecondsSince1970: 0).advanced(bySeconds: far) == time)
    #expect(UTCTime(time.inSeconds.description) == time.inSeconds)
  }
}
