import MassJSON
import MassRuntime

/// An object of a request, whose members are each there at most once.
struct V2Object {
  private let value: JSONValue
  private let place: String

  init(_ value: JSONValue, in place: String) throws(ServingError) {
    guard value.kind == .object else { throw .invalid("\(place) is no JSON object") }
    if let key = try value.repeatedKey() { throw .invalid("'\(key)' stands twice in \(place)") }
    self.value = value
    self.place = place
  }

  /// A member; null is as good as none.
  subscript(key: String) -> JSONValue? { value.member(key).flatMap { $0.isNull ? nil : $0 } }

  func string(_ key: String) throws(ServingError) -> String? {
    guard let value = self[key] else { return nil }
    guard let text = value.string else { throw .invalid("'\(key)' of \(place) is no string") }
    return text
  }

  /// Extents, none negative.
  func shape(_ key: String, input: String) throws(ServingError) -> [Int] {
    guard let value = self[key], value.kind == .array else {
      throw .invalid("invalid shape for input '\(input)': expected a list of extents")
    }
    guard value.count <= 64 else { throw .invalid("invalid shape for input '\(input)': more than 64 extents") }
    var shape: [Int] = []
    for extent in value.elements {
      guard let number = extent.int64, number >= 0 else {
        throw .invalid("invalid shape for input '\(input)': extents are whole numbers from 0, got \(extent)")
      }
      shape.append(Int(number))
    }
    return shape
  }
}

extension JSONValue {
  /// A key that stands twice in an object.
  fileprivate func repeatedKey() throws(ServingError) -> String? {
    do throws(JSONError) { return try duplicateKey() } catch { throw ServingError(.internalError, "\(error)") }
  }
}

/// A `parameters` object: those the protocol reserves, and the client's own.
struct V2Parameters {
  private var members: [(key: String, value: Parameter)] = []
  private let place: String

  init(_ value: JSONValue?, in place: String) throws(ServingError) {
    self.place = place
    guard let value, !value.isNull else { return }
    guard value.kind == .object else { throw .invalid("'parameters' of \(place) is no object") }
    if let key = try value.repeatedKey() { throw .invalid("'\(key)' stands twice in \(place)") }
    try value.forEachMember { (key, value) throws(ServingError) in
      guard let parameter = Self.parameter(value) else {
        throw .invalid("parameter '\(key)' of \(place) is neither a string, a number nor a bool")
      }
      guard !key.hasPrefix("triton_") else {
        throw .invalid("parameter keys starting with 'triton_' are reserved; '\(key)' cannot be set")
      }
      members.append((key, parameter))
    }
  }

  private static func parameter(_ value: JSONValue) -> Parameter? {
    switch value.kind {
    case .bool: value.bool.map { .bool($0) }
    case .integer: value.int64.map { .int($0) }
    case .unsigned: value.uint64.map { .uint($0) }
    case .double: value.double.map { .double($0) }
    case .string: value.string.map { .string($0) }
    case .null, .array, .object: nil
    }
  }

  /// - Complexity: O(n).
  subscript(key: String) -> Parameter? { members.first { $0.key == key }?.value }

  /// Those the protocol does not know.
  var custom: [String: Parameter] {
    var custom: [String: Parameter] = [:]
    for (key, value) in members where !Self.reserved.contains(key) { custom[key] = value }
    return custom
  }

  private static let reserved: Set<String> = [
    "binary_data_output", "timeout", "priority", "sequence_id", "sequence_start", "sequence_end",
  ]

  func bool(_ key: String) throws(ServingError) -> Bool? {
    guard let value = self[key] else { return nil }
    guard case .bool(let flag) = value else { throw .invalid("'\(key)' of \(place) is no bool") }
    return flag
  }

  func integer(_ key: String) throws(ServingError) -> Int64? {
    guard let value = self[key] else { return nil }
    guard case .int(let number) = value else { throw .invalid("'\(key)' of \(place) is no whole number") }
    return number
  }

  /// Zero is none.
  func priority() throws(ServingError) -> Int? {
    guard let priority = try integer("priority") else { return nil }
    guard priority >= 0 else { throw .invalid("'priority' is a whole number, 1 for the highest; got \(priority)") }
    return priority == 0 ? nil : Int(priority)
  }

  /// When the `timeout`, in microseconds, is over. Zero is none.
  func deadline() throws(ServingError) -> UInt64? {
    for key in ["sequence_id", "sequence_start", "sequence_end"] where self[key] != nil {
      throw ServingError(.unsupported, "'\(key)': models have no state between requests")
    }
    guard let timeout = try integer("timeout") else { return nil }
    guard timeout >= 0 else { throw .invalid("'timeout' is a number of microseconds, got \(timeout)") }
    guard timeout > 0 else { return nil }
    let (nanoseconds, overflow) = UInt64(timeout).multipliedReportingOverflow(by: 1000)
    return MonotonicClock.now(adding: overflow ? .max : nanoseconds)
  }
}
