/// What a request under `/v1/` asks for.
///
/// TensorFlow Serving, "RESTful API": the fixed words of a path are found in any case; names and labels are
/// percent-decoded after the path was taken apart, so that an escaped slash or colon may stand in them.
package enum TensorFlowRoute: Hashable, Sendable {
  package enum Method: String, Hashable, Sendable {
    case predict, classify, regress
  }

  case call(Method, ModelReference)
  case status(ModelReference)
  case metadata(ModelReference)
  case models

  /// Reads a path without its query, still percent-encoded; nil for what is not under `/v1/`.
  ///
  /// - Throws: `invalidArgument` for a method and path that mean nothing.
  package static func parse(method: String, path: String) throws(ServingError) -> TensorFlowRoute? {
    let segments = path.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).map(Substring.init)
    guard segments.count > 2, segments[0].isEmpty, segments[1].isWord("v1") else { return nil }
    if segments[2].isWord("models") {
      let rest = segments[3...]
      switch method {
      case "GET": if let route = try resource(rest) { return route }
      case "POST": if let route = try call(rest) { return route }
      default: break
      }
    }
    throw .invalid("Malformed request: \(method) \(path)")
  }

  /// `NAME[/versions/N|/labels/LABEL]:METHOD`
  private static func call(_ segments: ArraySlice<Substring>) throws(ServingError) -> TensorFlowRoute? {
    guard let last = segments.last else { return nil }
    let parts = last.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 2, let method = Method(rawValue: parts[1].lowercased()) else { return nil }
    let path = segments.dropLast() + [parts[0]]
    guard let name = path.first, name.isName, let selection = Selection(path.dropFirst()), !selection.hasMetadata
    else { return nil }
    return .call(method, try selection.model(name))
  }

  /// `[NAME][/versions/N|/labels/LABEL][/metadata]`: what can be a name is one.
  private static func resource(_ segments: ArraySlice<Substring>) throws(ServingError) -> TensorFlowRoute? {
    if let name = segments.first, name.isName, let selection = Selection(segments.dropFirst()) {
      let model = try selection.model(name)
      return selection.hasMetadata ? .metadata(model) : .status(model)
    }
    // TensorFlow Serving refuses a path without a name, so the list that KServe's first protocol has there is no
    // answer its clients could take for another.
    if segments.isEmpty { return .models }
    guard Selection(segments) != nil else { return nil }
    throw .invalid("Missing model name in request.")
  }
}

/// What follows the name of a model.
private struct Selection {
  enum Kind {
    case current
    case version(Substring)
    case label(Substring)
  }

  var kind = Kind.current
  var hasMetadata = false

  init?(_ segments: ArraySlice<Substring>) {
    var rest = segments
    if let word = rest.first, let value = rest.dropFirst().first {
      if word.isWord("versions"), value.isNumber {
        kind = .version(value)
        rest = rest.dropFirst(2)
      } else if word.isWord("labels"), value.isName {
        kind = .label(value)
        rest = rest.dropFirst(2)
      }
    }
    if let word = rest.first, word.isWord("metadata") {
      hasMetadata = true
      rest = rest.dropFirst()
    }
    guard rest.isEmpty else { return nil }
  }

  func model(_ name: Substring) throws(ServingError) -> ModelReference {
    guard let decoded = PercentCoding.decoded(name[...]) else {
      throw .invalid("Failed to decode model name: \(name)")
    }
    return ModelReference(decoded, try selector())
  }

  private func selector() throws(ServingError) -> ModelReference.Selector {
    switch kind {
    case .current: return .current
    case .version(let digits):
      guard let number = Int(digits) else { throw .invalid("Failed to convert version: \(digits) to numeric.") }
      return .version(number)
    case .label(let label):
      guard let decoded = PercentCoding.decoded(label[...]) else {
        throw .invalid("Failed to decode model version label: \(label)")
      }
      return .label(decoded)
    }
  }
}

extension Substring {
  fileprivate func isWord(_ word: String) -> Bool { lowercased() == word }
  fileprivate var isName: Bool { !isEmpty && !utf8.contains(UInt8(ascii: ":")) }
  fileprivate var isNumber: Bool {
    !isEmpty && utf8.allSatisfy { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }
  }
}
