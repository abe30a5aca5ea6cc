import JSONShim

/// What arrays and objects contain. Other kinds contain nothing.
extension JSONValue {
  /// Visits the elements of an array in order.
  public func forEachElement<Failure: Error>(_ body: (JSONValue) throws(Failure) -> Void) throws(Failure) {
    guard kind == .array else { return }
    let end = end
    var position = mass_json_first(position)
    while position != end {
      let element = at(position)
      try body(element)
      position = element.next
    }
  }

  /// Visits the members of an object in order, those of equal keys too.
  public func forEachMember<Failure: Error>(_ body: (String, JSONValue) throws(Failure) -> Void) throws(Failure) {
    guard kind == .object else { return }
    let end = end
    var position = mass_json_first(position)
    while position != end {
      let key = at(position)
      let value = at(key.next)
      try body(key.text, value)
      position = value.next
    }
  }

  /// The elements of an array, one value for each.
  public var elements: [JSONValue] {
    var elements: [JSONValue] = []
    elements.reserveCapacity(count)
    forEachElement { elements.append($0) }
    return elements
  }

  /// The value of the first member with this key; keys are compared by their bytes.
  ///
  /// - Complexity: O(n) in the members before it.
  public func member(_ key: String) -> JSONValue? {
    var key = key
    let found = key.withUTF8 { bytes in unsafe bytes.withMemoryRebound(to: CChar.self) { unsafe member($0) } }
    return found == 0 ? nil : at(found)
  }

  private func member(_ key: UnsafeBufferPointer<CChar>) -> Int {
    unsafe document.read { unsafe mass_json_member($0, position, key.baseAddress, key.count) }
  }

  /// A key that an object has more than once.
  ///
  /// - Complexity: O(n log n) in the members.
  public func duplicateKey() throws(JSONError) -> String? {
    var hasFailed = false
    let key = unsafe document.read { unsafe mass_json_duplicate($0, position, &hasFailed) }
    if hasFailed { throw JSONError(.outOfMemory) }
    return key == 0 ? nil : at(key).text
  }
}
