import MassFormats
import Testing

@testable import MassSecurity

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

@Suite struct ModelSigningTests {
  private let folder = SigningFolder()

  /// The first key of RFC 8032, section 7.1.
  private static let secret = """
    -----BEGIN PRIVATE KEY-----
    MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g
    -----END PRIVATE KEY-----

    """
  private static let open = """
    -----BEGIN PUBLIC KEY-----
    MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=
    -----END PUBLIC KEY-----

    """

  private func file(_ name: String, _ text: String) -> String {
    let path = folder.file(name)
    RawFile.write(Array(text.utf8), to: path)
    return path
  }

  private func key() throws -> SigningKey { try SigningKey(path: file("key.pem", Self.secret)) }

  @Test func signsAsTheStandardDoes() throws {
    let key = try key()
    #expect(key.pem == Self.secret)
    #expect(key.signer.pem == Self.open)
    #expect(try key.signer == SignerKey(path: file("key.pub.pem", Self.open)))
    let signature = try key.sign([])
    let expected =
      "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
      + "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
    #expect(Hexadecimal.text(signature) == expected)
    #expect(key.signer.vouches(for: [], by: signature))
    #expect(!key.signer.vouches(for: [0], by: signature))
    #expect(!key.signer.vouches(for: [], by: Array(signature.dropLast())))
  }

  @Test func noBitOfASignatureCanChange() throws {
    let key = try key()
    let message = ModelSignature.message(
      model: "m", files: [.init(name: "", byteCount: 1, sha256: String(repeating: "ab", count: 32))])
    let signature = try key.sign(message)
    for bit in 0..<(64 * 8) {
      var changed = signature
      changed[bit / 8] ^= 1 << (bit % 8)
      #expect(!key.signer.vouches(for: message, by: changed))
    }
  }

  /// Every part has its length or a fixed one: what is signed can be read in one way only.
  @Test func messagesDiffer() {
    func file(_ name: String, _ size: Int = 1) -> ModelSignature.File {
      .init(name: name, byteCount: size, sha256: String(repeating: "00", count: 32))
    }
    let messages = [
      ModelSignature.message(model: nil, files: [file("")]),
      ModelSignature.message(model: "a", files: [file("")]),
      ModelSignature.message(model: "a", files: [file("", 2)]),
      ModelSignature.message(model: "a", files: [file(""), file("b")]),
      ModelSignature.message(model: "a", files: [file(""), file("bc")]),
      ModelSignature.message(model: "ab", files: [file(""), file("c")]),
    ]
    #expect(Set(messages).count == messages.count)
    #expect(messages[0].starts(with: Array("mass-signature-v1\0".utf8)))
  }

  @Test func vouchesForAModelAndItsData() throws {
    let (model, data) = (file("model.onnx", "model"), file("weights.bin", "weights"))
    let key = try key()
    let signers = [key.signer]
    let signature = try ModelSignature(signing: model, data: [data], model: "m", by: key)
    let path = file("model.onnx.sig", signature.json.text())
    #expect(try ModelSignature(path: path) == signature)
    #expect(try ModelSignature.verify(model, as: "m", signers: signers) == signature)
    #expect(throws: SigningError.otherModel(path: path, signedFor: "m", servedAs: "n")) {
      try ModelSignature.verify(model, as: "n", signers: signers)
    }
    #expect(throws: SigningError.unknownSigner(path: path, id: key.signer.id, accepted: [])) {
      try ModelSignature.verify(model, signers: [])
    }
    #expect(throws: SigningError.uncovered(path: folder.file("key.pem"))) {
      try ModelSignature.verify(model, signers: signers, isAlone: true)
    }
    RawFile.write(Array("weightS".utf8), to: data)
    #expect(throws: SigningError.self) { try ModelSignature.verify(model, signers: signers) }
  }

  @Test(arguments: ["a/b", "..", ".", "", "a\\b", "a\nb", String(repeating: "x", count: 256)])
  func namesThatLeaveTheFolder(_ name: String) { #expect(!ModelSignature.isPlainName(name)) }
}

/// A folder that goes with the value, and everything in it.
private final class SigningFolder: Sendable {
  private let path = "/tmp/mass-signing-\(getpid())-\(UInt64.random(in: .min ... .max))"

  init() { unsafe _ = mkdir(path, 0o700) }

  deinit {
    for name in FileSystem.names(in: path) ?? [] { unsafe _ = unlink("\(path)/\(name)") }
    unsafe _ = rmdir(path)
  }

  func file(_ name: String) -> String { "\(path)/\(name)" }
}
