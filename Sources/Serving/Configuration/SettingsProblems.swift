import MassFormats
import MassJSON

/// Finds everything that is wrong with a settings file, by a reader that ends with the first error: it is given each member
/// for itself.
enum SettingsProblems {
  /// - Parameters:
  ///   - nested: Members whose own members are independent of each other.
  ///   - read: Throws what is wrong with a text.
  static func all(
    _ text: [UInt8], path: String, nested: [String] = [], read: ([UInt8]) throws(ServingError) -> Void
  ) -> [ServingError] {
    let root: JSONValue
    do throws(ServingError) { root = try SettingsObject.root(text, path) } catch { return [error] }
    var errors: [ServingError] = []
    func attempt(_ text: [UInt8]) {
      do throws(ServingError) { try read(text) } catch {
        if !errors.contains(error) { errors.append(error) }
      }
    }
    func attempt(_ value: JSON) { attempt(Array(value.text(isIndented: false).utf8)) }
    if root.kind == .object {
      root.forEachMember { key, value in
        guard nested.contains(key), value.kind == .object, value.count > 0 else {
          return attempt(.object([(key, JSON(value))]))
        }
        value.forEachMember { inner, value in attempt(.object([(key, .object([(inner, JSON(value))]))])) }
      }
    }
    attempt(text)
    return errors
  }
}

extension JSON {
  fileprivate init(_ value: JSONValue) {
    switch value.kind {
    case .null: self = .null
    case .bool: self = .bool(value.bool ?? false)
    case .integer, .unsigned, .double:
      self = value.kind == .integer ? .int(Int(value.int64 ?? 0)) : .double(value.double ?? 0)
    case .string: self = .string(value.string ?? "")
    case .array:
      var elements: [JSON] = []
      value.forEachElement { elements.append(JSON($0)) }
      self = .array(elements)
    case .object:
      var members: [(String, JSON)] = []
      value.forEachMember { members.append(($0, JSON($1))) }
      self = .object(members)
    }
  }
}
