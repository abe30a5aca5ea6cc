import FoundationEssentials
import HTTPTypes
import MassFormats
import MassRegistry
import NIOCore

/// Takes one file of an upload from a request's body to the disk.
struct UploadReceiver {
  private let upload: Upload
  private let file: String
  private let expectedSHA256: String?

  /// - Throws: `invalidArgument` for a `Content-Digest` without SHA-256, and for a coded body.
  init(_ upload: Upload, file: String, _ head: HTTPRequestHead) throws(ServingError) {
    self.upload = upload
    self.file = file
    guard head.headers[.contentEncoding] == nil else {
      throw ServingError(.unsupported, "files are uploaded without Content-Encoding")
    }
    let digest = HTTPField.Name("Content-Digest").flatMap { head.headers[$0] }
    expectedSHA256 = try digest.map { text throws(ServingError) in try Self.sha256(text) }
    upload.discard(file: file)
    do throws(RegistryError) { try upload.write(file: file, []) } catch { throw ServingError(error) }
  }

  func take(_ chunk: ByteBuffer) throws(ServingError) {
    do throws(RegistryError) {
      try upload.write(file: file, chunk.readableBytesSpan)
    } catch { throw ServingError(error) }
  }

  func finish() throws(ServingError) -> HTTPAnswer {
    do throws(RegistryError) {
      return .json(try upload.finish(file: file, expectedSHA256: expectedSHA256).json, status: 201)
    } catch { throw ServingError(error) }
  }

  func abandon() { upload.discard(file: file) }

  /// The digest in hexadecimal, from RFC 9530's `sha-256=:base64:`.
  private static func sha256(_ text: String) throws(ServingError) -> String {
    let prefix = "sha-256=:"
    for item in text.split(separator: ",").map({ $0.drop { $0 == " " } }) where item.lowercased().hasPrefix(prefix) {
      let coded = item.dropFirst(prefix.count)
      guard coded.hasSuffix(":"), let bytes = Data(base64Encoded: String(coded.dropLast())), bytes.count == 32 else {
        break
      }
      let digits = Array("0123456789abcdef".utf8)
      return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
    throw .invalid("Content-Digest: expected 'sha-256=:<base64 of 32 bytes>:' (RFC 9530), got '\(text.prefix(200))'")
  }
}
