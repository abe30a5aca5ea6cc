import MassFormats
import MassJSON

/// An object of an access file, with its place for messages.
struct AccessObject {
  let members: [(String, JSONValue)]
  private let path: String
  private let place: String

  init(_ value: JSONValue, path: String, at place: String) throws(AccessError) {
    self.path = path
    self.place = place
    guard value.kind == .object else {
      throw AccessError(.invalid, "\(path): \(place.isEmpty ? "" : "\(place): ")expected an object, got \(value.kind)")
    }
    var members: [(String, JSONValue)] = []
    var seen: Set<String> = []
    var repeated: String?
    value.forEachMember { key, value in
      if !seen.insert(key).inserted { repeated = key }
      members.append((key, value))
    }
    self.members = members
    if let repeated { throw invalid("\(quoted(repeated)) stands twice") }
  }

  subscript(key: String) -> JSONValue? { members.first { $0.0 == key }?.1 }

  func refuseUnknown(_ known: [String]) throws(AccessError) {
    for (key, _) in members where !known.contains(key) {
      throw invalid("unknown member \(quoted(key)); did you mean '\(NearestName.of(key, among: known))'?")
    }
  }

  func invalid(_ text: String) -> AccessError {
    AccessError(.invalid, "\(path): \(place.isEmpty ? "" : "\(place): ")\(text)")
  }

  func invalid(_ key: String, expected: String) -> AccessError {
    invalid(self[key] == nil ? "\(key) is missing: expected \(expected)" : "\(key): expected \(expected)")
  }

  /// The object of a member, if there is such a member.
  func object(_ key: String) throws(AccessError) -> AccessObject? {
    guard let value = self[key] else { return nil }
    return try child(key, value)
  }

  /// Its members, all of which are objects.
  func objects() throws(AccessError) -> [(String, AccessObject)] {
    var objects: [(String, AccessObject)] = []
    for (key, value) in members { objects.append((key, try child(key, value))) }
    return objects
  }

  private func child(_ key: String, _ value: JSONValue) throws(AccessError) -> AccessObject {
    try AccessObject(value, path: path, at: place.isEmpty ? key : "\(place).\(key)")
  }

  /// The objects of a list.
  func objects(_ key: String, atMost limit: Int) throws(AccessError) -> [AccessObject]? {
    guard let value = self[key] else { return nil }
    guard value.kind == .array, value.count <= limit else {
      throw invalid(key, expected: "a list of at most \(limit) objects")
    }
    var objects: [AccessObject] = []
    try value.forEachElement { (element) throws(AccessError) in
      let name = "\(place.isEmpty ? "" : "\(place).")\(key)[\(objects.count)]"
      objects.append(try AccessObject(element, path: path, at: name))
    }
    return objects
  }

  func string(_ key: String, expected: String, where isValid: (String) -> Bool) throws(AccessError) -> String? {
    guard let value = self[key] else { return nil }
    guard let text = value.string, isValid(text) else { throw invalid(key, expected: expected) }
    return text
  }

  func integer(_ key: String, in range: ClosedRange<Int>) throws(AccessError) -> Int? {
    guard let value = self[key] else { return nil }
    guard let number = value.int64, range.contains(Int(number)) else {
      throw invalid(key, expected: "a whole number from \(range.lowerBound) to \(range.upperBound)")
    }
    return Int(number)
  }

  func number(_ key: String, in range: ClosedRange<Double>) throws(AccessError) -> Double? {
    guard let value = self[key] else { return nil }
    guard let number = value.double, range.contains(number) else {
      throw invalid(key, expected: "a number from \(range.lowerBound) to \(range.upperBound)")
    }
    return number
  }

  func time(_ key: String) throws(AccessError) -> UTCTime? {
    guard let value = self[key] else { return nil }
    guard let time = value.string.flatMap({ UTCTime($0) }) else {
      throw invalid(key, expected: "a time such as 2031-05-01T12:00:00Z")
    }
    return time
  }
}
