/// Why a model could not be signed, or why a signature does not vouch for it.
public enum SigningError: Error, Hashable, CustomStringConvertible {
  case unusableKey(path: String, reason: String)
  case unreadable(path: String, reason: String)
  /// The model has no signature file.
  case unsigned(path: String, expected: String)
  /// What stands in the signature file is no signature.
  case malformed(path: String, reason: String)
  /// No accepted key has the id that the signature names.
  case unknownSigner(path: String, id: String, accepted: [String])
  /// The signature is not the one that its key makes of what it lists.
  case forged(path: String, id: String)
  /// A file is not what was signed.
  case altered(path: String, reason: String)
  /// The model was signed to be served under another name.
  case otherModel(path: String, signedFor: String, servedAs: String)
  /// A file lies beside the model that was not signed and that the model could read.
  case uncovered(path: String)
  case cryptography(String)

  public var description: String {
    switch self {
    case .unusableKey(let path, let reason), .unreadable(let path, let reason): "\(path): \(reason)"
    case .unsigned(let path, let expected):
      "\(path): not signed; '\(expected)' must lie beside it: mass sign makes it"
    case .malformed(let path, let reason): "\(path): \(reason); mass sign makes a new one"
    case .unknownSigner(let path, let id, let accepted):
      "\(path): signed by \(id), which is not accepted; accepted: \(accepted.joined(separator: ", "))"
    case .forged(let path, let id): "\(path): this is no signature by \(id) of what it lists"
    case .altered(let path, let reason): "\(path): not what was signed: \(reason)"
    case .otherModel(let path, let signedFor, let servedAs):
      "\(path): signed for model '\(signedFor)', not for '\(servedAs)'"
    case .uncovered(let path):
      "\(path): not signed, and the model may read it; sign it along with the model, or remove it"
    case .cryptography(let reason): "\(reason); is the system's OpenSSL in order?"
    }
  }
}
