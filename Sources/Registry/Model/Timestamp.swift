#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// A point in time, to the second, in UTC.
public struct Timestamp: Hashable, Comparable, Sendable {
  public var secondsSince1970: Int

  /// Within the years 1 to 9999, the nearest of which stands for others.
  public init(secondsSince1970 seconds: Int) {
    secondsSince1970 = min(max(seconds, -62_135_596_800), 253_402_300_799)
  }

  public static func now() -> Timestamp { Timestamp(secondsSince1970: time(nil)) }

  public static func < (a: Timestamp, b: Timestamp) -> Bool { a.secondsSince1970 < b.secondsSince1970 }
}

extension Timestamp: CustomStringConvertible {
  /// RFC 3339, such as `2031-05-01T12:00:00Z`.
  public var description: String {
    let (day, second) = secondsSince1970.quotientAndFloorRemainder(dividingBy: 86_400)
    let (year, month, dayOfMonth) = Self.date(day)
    let date = [Self.digits(year, 4), Self.digits(month, 2), Self.digits(dayOfMonth, 2)].joined(separator: "-")
    let time = [second / 3600, second / 60 % 60, second % 60].map { Self.digits($0, 2) }.joined(separator: ":")
    return "\(date)T\(time)Z"
  }

  private static func digits(_ value: Int, _ count: Int) -> String {
    let text = String(value)
    return String(repeating: "0", count: max(count - text.utf8.count, 0)) + text
  }

  /// Reads RFC 3339. A fraction of a second is dropped.
  public init?(_ text: String) {
    var rest = text.utf8[...]
    guard let year = Self.number(&rest, 4, then: "-"), let month = Self.number(&rest, 2, then: "-"),
      let day = Self.number(&rest, 2, then: "Tt "), let hour = Self.number(&rest, 2, then: ":"),
      let minute = Self.number(&rest, 2, then: ":"), let second = Self.number(&rest, 2),
      1...9999 ~= year, 1...12 ~= month, 1...31 ~= day, hour < 24, minute < 60, second <= 60
    else { return nil }
    if rest.first == UInt8(ascii: ".") {
      let fraction = rest.dropFirst().prefix { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }
      guard !fraction.isEmpty else { return nil }
      rest = rest[fraction.endIndex...]
    }
    guard let offset = Self.offset(rest) else { return nil }
    let days = Self.day(year, month, day)
    // A day that the month lacks comes back as another.
    guard Self.date(days) == (year, month, day) else { return nil }
    self.init(secondsSince1970: days * 86_400 + hour * 3600 + minute * 60 + second - offset)
  }

  /// Seconds that local time is ahead of UTC.
  private static func offset(_ text: Substring.UTF8View) -> Int? {
    var rest = text
    guard let sign = rest.popFirst() else { return nil }
    if sign | 0x20 == UInt8(ascii: "z") { return rest.isEmpty ? 0 : nil }
    guard sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-"), let hours = number(&rest, 2, then: ":"),
      let minutes = number(&rest, 2), hours < 24, minutes < 60, rest.isEmpty
    else { return nil }
    let seconds = (hours * 60 + minutes) * 60
    return sign == UInt8(ascii: "-") ? -seconds : seconds
  }

  /// Takes exactly `count` digits off the front, and one of the characters of `end`.
  private static func number(_ text: inout Substring.UTF8View, _ count: Int, then end: String = "") -> Int? {
    let digits = text.prefix(count)
    guard digits.count == count, digits.allSatisfy({ UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }) else { return nil }
    text = text.dropFirst(count)
    if !end.isEmpty {
      guard let separator = text.popFirst(), end.utf8.contains(separator) else { return nil }
    }
    return digits.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
  }
}

// MARK: The Gregorian calendar

// Years begin in March here: the day that some years have more is the last of a year.
extension Timestamp {
  /// Days of 400 years.
  private static let eraDays = 146_097
  /// Days from the first of March of the year 0 to 1970.
  private static let epoch = 719_468

  /// Days since 1970.
  private static func day(_ year: Int, _ month: Int, _ day: Int) -> Int {
    let year = month > 2 ? year : year - 1
    let (era, yearOfEra) = year.quotientAndFloorRemainder(dividingBy: 400)
    let dayOfYear = firstDay(ofMonth: (month + 9) % 12) + day - 1
    return era * eraDays + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - epoch
  }

  private static func date(_ days: Int) -> (year: Int, month: Int, day: Int) {
    let (era, dayOfEra) = (days + epoch).quotientAndFloorRemainder(dividingBy: eraDays)
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100)
    let month = (5 * dayOfYear + 2) / 153
    let year = era * 400 + yearOfEra + (month >= 10 ? 1 : 0)
    return (year, month >= 10 ? month - 9 : month + 3, dayOfYear - firstDay(ofMonth: month) + 1)
  }

  /// Of the year's months, March being 0.
  private static func firstDay(ofMonth month: Int) -> Int { (153 * month + 2) / 5 }
}

extension Int {
  fileprivate func quotientAndFloorRemainder(dividingBy divisor: Int) -> (quotient: Int, remainder: Int) {
    let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
    return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
  }
}
