import CryptoShim

/// A private key to sign models with. Its bytes are overwritten when it is let go of.
public struct SigningKey: ~Copyable {
  private var secret: [UInt8]
  public let signer: SignerKey

  /// A new key, from the system's randomness.
  ///
  /// - Throws: `cryptography`.
  public init() throws(SigningError) {
    var secret = [UInt8](repeating: 0, count: SignerKey.byteCount)
    var open = secret
    guard unsafe mass_ed25519_generate(&secret, &open) == 1 else { throw .cryptography("no key could be made") }
    self.secret = secret
    signer = SignerKey(bytes: open)
  }

  /// Reads a PEM file, `-----BEGIN PRIVATE KEY-----`.
  ///
  /// - Throws: `unusableKey`.
  public init(path: String) throws(SigningError) {
    let secret = try unsafe KeyFile.read(path, isPrivate: true) { unsafe mass_ed25519_read_private($0, $1, $2) }
    var open = [UInt8](repeating: 0, count: SignerKey.byteCount)
    guard unsafe mass_ed25519_public(secret, &open) == 1 else {
      throw .unusableKey(path: path, reason: "its public key cannot be computed")
    }
    self.secret = secret
    signer = SignerKey(bytes: open)
  }

  deinit {
    var secret = secret
    unsafe mass_cleanse(&secret, secret.count)
  }

  /// The key as PEM.
  public var pem: String { KeyFile.pem(secret, isPrivate: true) }

  func sign(_ message: [UInt8]) throws(SigningError) -> [UInt8] {
    var signature = [UInt8](repeating: 0, count: ModelSignature.byteCount)
    guard unsafe mass_ed25519_sign(secret, message, message.count, &signature) == 1 else {
      throw .cryptography("the signature could not be computed")
    }
    return signature
  }
}
