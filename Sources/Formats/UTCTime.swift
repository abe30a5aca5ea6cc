#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// A point in time, to the millisecond, in UTC.
public struct UTCTime: Hashable, Comparable, Sendable {
  public let millisecondsSince1970: Int

  /// The years 1 to 9999.
  private static let range = -62_135_596_800_000...253_402_300_799_999

  /// Within the years 1 to 9999, the nearest of which stands for others.
  public init(millisecondsSince1970 milliseconds: Int) {
    millisecondsSince1970 = min(max(milliseconds, Self.range.lowerBound), Self.range.upperBound)
  }

  /// As `init(millisecondsSince1970:)`, on a whole second.
  public init(secondsSince1970 seconds: Int) {
    let bounds = (Self.range.lowerBound / 1000)...(Self.range.upperBound / 1000)
    millisecondsSince1970 = min(max(seconds, bounds.lowerBound), bounds.upperBound) * 1000
  }

  public static func now() -> UTCTime {
    var time = timespec()
    unsafe clock_gettime(CLOCK_REALTIME, &time)
    return UTCTime(millisecondsSince1970: time.tv_sec * 1000 + time.tv_nsec / 1_000_000)
  }

  public static func < (a: UTCTime, b: UTCTime) -> Bool { a.millisecondsSince1970 < b.millisecondsSince1970 }

  /// The time so many seconds later.
  public func advanced(bySeconds seconds: Int) -> UTCTime {
    let (product, overflow) = seconds.multipliedReportingOverflow(by: 1000)
    let (sum, isTooFar) = millisecondsSince1970.addingReportingOverflow(product)
    guard !overflow, !isTooFar else { return UTCTime(millisecondsSince1970: seconds < 0 ? Int.min : Int.max) }
    return UTCTime(millisecondsSince1970: sum)
  }

  /// The same time without a fraction of a second.
  public var inSeconds: UTCTime { UTCTime(secondsSince1970: secondsSince1970) }

  /// The last whole second.
  public var secondsSince1970: Int {
    let (quotient, remainder) = millisecondsSince1970.quotientAndRemainder(dividingBy: 1000)
    return remainder < 0 ? quotient - 1 : quotient
  }
}

extension UTCTime: CustomStringConvertible {
  /// RFC 3339, such as `2031-05-01T12:00:00Z`, with milliseconds where there are any.
  public var description: String {
    let milliseconds = millisecondsSince1970 - secondsSince1970 * 1000
    let parts = unsafe Self.parts(secondsSince1970)
    let date = unsafe [(parts.tm_year + 1900, 4), (parts.tm_mon + 1, 2), (parts.tm_mday, 2)].map {
      Self.digits(Int($0), $1)
    }
    let time = unsafe [parts.tm_hour, parts.tm_min, parts.tm_sec].map { Self.digits(Int($0), 2) }
    let fraction = milliseconds == 0 ? "" : ".\(Self.digits(milliseconds, 3))"
    return "\(date.joined(separator: "-"))T\(time.joined(separator: ":"))\(fraction)Z"
  }

  private static func digits(_ value: Int, _ count: Int) -> String {
    let text = String(value)
    return String(repeating: "0", count: max(count - text.utf8.count, 0)) + text
  }

  private static func parts(_ seconds: Int) -> tm {
    var time = time_t(seconds)
    var parts = unsafe tm()
    unsafe _ = gmtime_r(&time, &parts)
    return unsafe parts
  }
}

extension UTCTime {
  /// Reads RFC 3339, or a day alone, which stands for its beginning. Digits beyond milliseconds are dropped.
  public init?(_ text: String) {
    var rest = text.utf8[...]
    guard let year = Self.number(&rest, 4, then: "-"), let month = Self.number(&rest, 2, then: "-"),
      let day = Self.number(&rest, 2), let days = Self.seconds(year, month, day)
    else { return nil }
    guard !rest.isEmpty else {
      self.init(millisecondsSince1970: days * 1000)
      return
    }
    guard let separator = rest.popFirst(), "Tt ".utf8.contains(separator),
      let hour = Self.number(&rest, 2, then: ":"), let minute = Self.number(&rest, 2, then: ":"),
      let second = Self.number(&rest, 2), hour < 24, minute < 60, second <= 60,
      let milliseconds = Self.fraction(&rest), let offset = Self.offset(rest)
    else { return nil }
    let seconds = days + hour * 3600 + minute * 60 + second - offset
    self.init(millisecondsSince1970: seconds * 1000 + milliseconds)
  }

  /// The beginning of a day; nil where the month has no such day.
  private static func seconds(_ year: Int, _ month: Int, _ day: Int) -> Int? {
    guard 1...9999 ~= year, 1...12 ~= month, 1...31 ~= day else { return nil }
    var parts = unsafe tm()
    unsafe parts.tm_year = Int32(year - 1900)
    unsafe parts.tm_mon = Int32(month - 1)
    unsafe parts.tm_mday = Int32(day)
    let seconds = unsafe Int(timegm(&parts))
    return unsafe parts.tm_mday == Int32(day) ? seconds : nil
  }

  private static func fraction(_ text: inout Substring.UTF8View) -> Int? {
    guard text.first == UInt8(ascii: ".") else { return 0 }
    let digits = text.dropFirst().prefix { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }
    guard !digits.isEmpty else { return nil }
    text = text[digits.endIndex...]
    let padded = Array(digits.prefix(3)) + Array("000".utf8)
    return padded.prefix(3).reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
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

  /// Takes exactly `count` digits off the front, and `end` behind them.
  private static func number(_ text: inout Substring.UTF8View, _ count: Int, then end: Unicode.Scalar? = nil) -> Int? {
    let digits = text.prefix(count)
    guard digits.count == count, digits.allSatisfy({ UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }) else { return nil }
    text = text.dropFirst(count)
    if let end {
      guard let separator = text.popFirst(), separator == UInt8(ascii: end) else { return nil }
    }
    return digits.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
  }
}
