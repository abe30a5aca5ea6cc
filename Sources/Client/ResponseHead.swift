/// What the head of an HTTP/1.1 answer says of its body and its connection.
struct ResponseHead {
  enum Body: Hashable {
    case length(Int)
    case chunked
    case untilClose
  }

  private(set) var status = 0
  private(set) var body = Body.untilClose
  private(set) var isReusable = false

  init() {}

  /// Bytes to the end of the empty line; nil if that has not come.
  static func length(in bytes: Span<UInt8>) -> Int? {
    var i = 3
    while i < bytes.count {
      if bytes[i] == 10, bytes[i - 1] == 13, bytes[i - 2] == 10, bytes[i - 3] == 13 { return i + 1 }
      i += bytes[i] == 10 || bytes[i] == 13 ? 1 : 4
    }
    return nil
  }

  /// Reads a whole head; nil if it is not HTTP/1 or gives its body two lengths.
  init?(_ bytes: Span<UInt8>) {
    // HTTP/1.1 200
    guard bytes.count >= 16, Self.begins(bytes, "http/1."), bytes[8] == 32 else { return nil }
    for i in 9..<12 {
      guard 48...57 ~= bytes[i] else { return nil }
      status = status * 10 + Int(bytes[i] - 48)
    }
    guard 100...599 ~= status else { return nil }
    isReusable = bytes[7] == UInt8(ascii: "1")
    var length: Int?
    var isChunked = false
    var start = 0
    for i in bytes.indices where bytes[i] == 10 {
      let line = bytes.extracting(start..<i)
      start = i + 1
      guard let place = Self.value(line) else { continue }
      let value = line.extracting(place)
      if Self.begins(line, "content-length:") {
        guard let number = Self.number(value), length ?? number == number else { return nil }
        length = number
      } else if Self.begins(line, "transfer-encoding:") {
        guard Self.begins(value, "chunked"), !isChunked else { return nil }
        isChunked = true
      } else if Self.begins(line, "connection:") {
        isReusable = Self.begins(value, "keep-alive") || isReusable && !Self.begins(value, "close")
      }
    }
    guard length == nil || !isChunked else { return nil }
    body =
      status == 204 || status == 304 ? .length(0) : isChunked ? .chunked : length.map { .length($0) } ?? .untilClose
    if body == .untilClose { isReusable = false }
  }

  /// Where a header's value stands, without blanks around it.
  private static func value(_ line: Span<UInt8>) -> Range<Int>? {
    var start = 0
    while start < line.count, line[start] != UInt8(ascii: ":") { start += 1 }
    guard start < line.count else { return nil }
    start += 1
    var end = line.count
    while start < end, line[start] == 32 || line[start] == 9 { start += 1 }
    while end > start, line[end - 1] <= 32 { end -= 1 }
    return start..<end
  }

  /// Whether the bytes begin with a word of small letters, whatever the case of theirs.
  private static func begins(_ bytes: Span<UInt8>, _ word: StaticString) -> Bool {
    guard bytes.count >= word.utf8CodeUnitCount else { return false }
    return word.withUTF8Buffer { word in
      for i in word.indices {
        let byte = bytes[i]
        let small = 65...90 ~= byte ? byte + 32 : byte
        if unsafe small != word[i] { return false }
      }
      return true
    }
  }

  /// A number of at most 18 digits, which an `Int` holds.
  private static func number(_ text: Span<UInt8>) -> Int? {
    guard (1...18).contains(text.count) else { return nil }
    var number = 0
    for i in text.indices {
      guard 48...57 ~= text[i] else { return nil }
      number = number * 10 + Int(text[i] - 48)
    }
    return number
  }
}
