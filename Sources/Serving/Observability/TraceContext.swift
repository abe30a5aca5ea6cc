/// The trace that a request belongs to, and this server's span in it: W3C Trace Context.
struct TraceContext: Hashable, Sendable {
  var trace: TraceParent.Identifier
  /// The caller's span; nil when the trace begins here.
  var parent: UInt64?
  /// This server's.
  var span: UInt64
  var flags: UInt8
  /// The value of `tracestate`, unchanged; nil when there is none or it is malformed.
  var state: String?

  /// A span below the one that the headers name. When they are malformed a new trace begins, as the recommendation asks.
  init(continuing traceparent: String, tracestate: String?) {
    span = .random(in: 1 ... .max)
    guard let caller = TraceParent(traceparent) else {
      trace = TraceParent.Identifier(high: .random(in: 0 ... .max), low: .random(in: 1 ... .max))
      flags = TraceParent.isRandom
      return
    }
    trace = caller.trace
    parent = caller.span
    flags = caller.flags
    state = tracestate.flatMap { TraceState.isWellFormed($0) ? $0 : nil }
  }

  var traceID: String { "\(trace)" }

  var spanID: String { Hexadecimal.text(span) }

  /// What `traceresponse` tells the caller: the trace and this server's span.
  var response: String {
    TraceParent(trace: trace, span: span, flags: flags).description
  }
}

/// The value of `traceparent`.
struct TraceParent: Hashable, Sendable, CustomStringConvertible {
  struct Identifier: Hashable, Sendable, CustomStringConvertible {
    var high: UInt64
    var low: UInt64

    var description: String { Hexadecimal.text(high) + Hexadecimal.text(low) }
  }

  /// The caller records its span.
  static let isSampled: UInt8 = 1
  /// The last 56 bits of the trace's identifier are random.
  static let isRandom: UInt8 = 2

  var trace: Identifier
  var span: UInt64
  /// Of the bits that are defined.
  var flags: UInt8

  init(trace: Identifier, span: UInt64, flags: UInt8) {
    self.trace = trace
    self.span = span
    self.flags = flags
  }

  /// nil when it is malformed. Of versions that are not known yet, the beginning is read as version 00.
  init?(_ text: String) {
    let bytes = Array(text.utf8.prefix(Self.length + 1))
    guard bytes.count >= Self.length, [2, 35, 52].allSatisfy({ bytes[$0] == UInt8(ascii: "-") }),
      let version = Hexadecimal.value(bytes[0..<2]), version != 0xFF,
      bytes.count == Self.length || version > 0 && bytes[Self.length] == UInt8(ascii: "-"),
      let high = Hexadecimal.value(bytes[3..<19]), let low = Hexadecimal.value(bytes[19..<35]), high | low != 0,
      let span = Hexadecimal.value(bytes[36..<52]), span != 0,
      let flags = Hexadecimal.value(bytes[53..<55])
    else { return nil }
    self.init(
      trace: Identifier(high: high, low: low), span: span, flags: UInt8(flags) & (Self.isSampled | Self.isRandom))
  }

  var description: String { "00-\(trace)-\(Hexadecimal.text(span))-0\(flags)" }

  /// Characters of version 00.
  private static let length = 55
}

/// The value of `tracestate`: what tracing systems add for themselves.
enum TraceState {
  /// Whether it is a list of at most 32 members with different keys, and short enough to be carried on.
  static func isWellFormed(_ text: String) -> Bool {
    guard text.utf8.count <= byteLimit else { return false }
    var keys: Set<[UInt8]> = []
    for part in Array(text.utf8).split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false) {
      let member = trimmed(part)
      if member.isEmpty { continue }
      guard let mark = member.firstIndex(of: UInt8(ascii: "=")), isKey(member[..<mark]),
        isValue(member[(mark + 1)...]), keys.insert(Array(member[..<mark])).inserted
      else { return false }
    }
    return keys.count <= memberLimit
  }

  private static func trimmed(_ part: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }
    let start = part.drop(while: isSpace)
    // Spaces at the end belong to no value either.
    return start.prefix((start.lastIndex { !isSpace($0) } ?? start.startIndex - 1) - start.startIndex + 1)
  }

  /// `key`, or `tenant@system`.
  private static func isKey(_ key: ArraySlice<UInt8>) -> Bool {
    guard let mark = key.firstIndex(of: UInt8(ascii: "@")) else {
      return isWord(key, limit: 256, mayBeginWithDigit: false)
    }
    return isWord(key[..<mark], limit: 241, mayBeginWithDigit: true)
      && isWord(key[(mark + 1)...], limit: 14, mayBeginWithDigit: false)
  }

  private static func isWord(_ word: ArraySlice<UInt8>, limit: Int, mayBeginWithDigit: Bool) -> Bool {
    func isLetter(_ byte: UInt8) -> Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) }
    func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
    guard let first = word.first, word.count <= limit, isLetter(first) || mayBeginWithDigit && isDigit(first) else {
      return false
    }
    return word.allSatisfy { isLetter($0) || isDigit($0) || Array("_-*/".utf8).contains($0) }
  }

  private static func isValue(_ value: ArraySlice<UInt8>) -> Bool {
    (1...256).contains(value.count) && value.last != 0x20
      && value.allSatisfy { (0x20...0x7E).contains($0) && $0 != UInt8(ascii: "=") }
  }

  private static let byteLimit = 512
  private static let memberLimit = 32
}

/// Numbers as lower-case hexadecimal digits.
enum Hexadecimal {
  /// Sixteen digits.
  static func text(_ value: UInt64) -> String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: 16 - digits.utf8.count) + digits
  }

  /// nil when there is anything but lower-case digits, or they are more than sixteen.
  static func value(_ digits: ArraySlice<UInt8>) -> UInt64? {
    guard (1...16).contains(digits.count) else { return nil }
    var result: UInt64 = 0
    for byte in digits {
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): result = result << 4 | UInt64(byte - UInt8(ascii: "0"))
      case UInt8(ascii: "a")...UInt8(ascii: "f"): result = result << 4 | UInt64(byte - UInt8(ascii: "a") + 10)
      default: return nil
      }
    }
    return result
  }
}
