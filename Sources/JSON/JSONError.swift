import JSONShim

/// Why a text is not a JSON document that is taken.
public struct JSONError: Error, Hashable {
  public enum Reason: Hashable, Sendable {
    case empty
    case tooLarge(byteLimit: Int)
    case tooDeep(depthLimit: Int)
    case outOfMemory
    case invalidUTF8
    /// Something else stands where the grammar asks for this.
    case expected(String)
    case unclosedString
    case controlCharacter
    case invalidEscape
    case unpairedSurrogate
    case invalidNumber
    /// A number that no double holds.
    case numberOutOfRange
    case malformed
  }

  public var reason: Reason
  /// Bytes from the start of the text to the fault, where it has a place.
  public var offset: Int?

  public init(_ reason: Reason, offset: Int? = nil) {
    self.reason = reason
    self.offset = offset
  }

  init(_ failure: mass_json_failure, options: JSONOptions) {
    reason = Reason(failure.fault, options: options)
    // MASS_JSON_NOWHERE is negative here.
    offset = failure.offset < 0 ? nil : failure.offset
  }
}

extension JSONError.Reason {
  fileprivate init(_ fault: mass_json_fault, options: JSONOptions) {
    self =
      switch fault {
      case MASS_JSON_NO_MEMORY: .outOfMemory
      case MASS_JSON_EMPTY: .empty
      case MASS_JSON_TOO_LARGE: .tooLarge(byteLimit: JSONOptions.largestByteLimit)
      case MASS_JSON_TOO_DEEP: .tooDeep(depthLimit: options.depthLimit)
      case MASS_JSON_BAD_UTF8: .invalidUTF8
      case MASS_JSON_EXPECTED_VALUE: .expected("a value")
      case MASS_JSON_EXPECTED_KEY: .expected("a key in quotes")
      case MASS_JSON_EXPECTED_COLON: .expected("':'")
      case MASS_JSON_EXPECTED_COMMA_OR_BRACKET: .expected("',' or ']'")
      case MASS_JSON_EXPECTED_COMMA_OR_BRACE: .expected("',' or '}'")
      case MASS_JSON_EXPECTED_END: .expected("the end of the document")
      case MASS_JSON_UNCLOSED_STRING: .unclosedString
      case MASS_JSON_CONTROL_CHARACTER: .controlCharacter
      case MASS_JSON_BAD_ESCAPE: .invalidEscape
      case MASS_JSON_BAD_SURROGATE: .unpairedSurrogate
      case MASS_JSON_BAD_NUMBER: .invalidNumber
      case MASS_JSON_NUMBER_OUT_OF_RANGE: .numberOutOfRange
      default: .malformed
      }
  }
}

extension JSONError: CustomStringConvertible {
  public var description: String { reason.description + (offset.map { " at offset \($0)" } ?? "") }
}

extension JSONError.Reason: CustomStringConvertible {
  public var description: String {
    switch self {
    case .empty: "the document is empty"
    case .tooLarge(let limit): "the document is larger than \(limit) bytes"
    case .tooDeep(let limit): "the document is nested deeper than \(limit)"
    case .outOfMemory: "there is no memory for the document"
    case .invalidUTF8: "invalid UTF-8"
    case .expected(let what): "expected \(what)"
    case .unclosedString: "expected the end of a string that begins"
    case .controlCharacter: "a control character in a string"
    case .invalidEscape: "an invalid escape in a string"
    case .unpairedSurrogate: "an unpaired surrogate in a string"
    case .invalidNumber: "an invalid number"
    case .numberOutOfRange: "a number beyond the range of doubles"
    case .malformed: "the document is malformed"
    }
  }
}
