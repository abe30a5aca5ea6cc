/// Why somebody is not let in, or an access file is not taken.
public struct AccessError: Error, Hashable, CustomStringConvertible {
  public enum Kind: Hashable, Sendable {
    /// No key was presented.
    case missingKey
    /// What was presented is no key.
    case malformedKey
    /// There is no such key, or its secret is another.
    case unknownKey
    /// The key is right and was valid until a while ago.
    case expiredKey
    /// The key is valid; its grants do not reach that far.
    case denied
    /// An access file or a value for it breaks the rules.
    case invalid
    case notFound
    case conflict
    /// The system could not read or write a file.
    case storage
  }

  public var kind: Kind
  public var message: String

  public init(_ kind: Kind, _ message: String) {
    self.kind = kind
    self.message = message
  }

  init(_ fault: FileFault) { self.init(fault.isMissing ? .notFound : .storage, "\(fault)") }

  public var description: String { message }

  /// Whether a valid key would help: HTTP's 401 and gRPC's UNAUTHENTICATED. `denied` is 403 and PERMISSION_DENIED.
  public var isAuthentication: Bool {
    switch kind {
    case .missingKey, .malformedKey, .unknownKey, .expiredKey: true
    default: false
    }
  }
}

extension AccessError {
  static let missingKey = AccessError(
    .missingKey, "no key: send one as 'Authorization: Bearer mass_…' or 'X-API-Key: mass_…'")
  static let malformedKey = AccessError(.malformedKey, "the key is malformed: expected mass_<id>_<secret>")
  static let unknownKey = AccessError(.unknownKey, "the key is not known here; a key is made by 'mass key create'")

  static func inFile<Result>(_ body: () throws(FileFault) -> Result) throws(AccessError) -> Result {
    do throws(FileFault) { return try body() } catch { throw AccessError(error) }
  }
}
