import NIOCore
import Testing

@testable import MassServing

/// gzip and deflate.
@Suite struct ContentCodingTests {
  @Test(arguments: [ContentCoding.gzip, .deflate], [0, 1, 1000, 3_000_000])
  func whatIsEncodedIsDecoded(_ coding: ContentCoding, _ size: Int) throws {
    let bytes = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* $0 / 7) }
    let encoded = try #require(coding.encode([ByteBuffer(bytes: bytes)]))
    let whole = try ContentCoding.decode(BodyBytes([encoded]), limit: size)
    #expect(whole.chunks.flatMap { Array($0.readableBytesView) } == bytes)
    // The same in small pieces.
    var pieces: [ByteBuffer] = []
    var rest = encoded
    while let piece = rest.readSlice(length: min(777, rest.readableBytes)), piece.readableBytes > 0 {
      pieces.append(piece)
    }
    let pieced = try ContentCoding.decode(BodyBytes(pieces), limit: size)
    #expect(pieced.chunks.flatMap { Array($0.readableBytesView) } == bytes)
  }

  @Test(arguments: [ContentCoding.gzip, .deflate]) func partsAreEncodedOneBehindTheOther(_ coding: ContentCoding) throws
  {
    let parts = [0, 10, 0, 700_000, 1, 300_001, 0].map { size in
      ByteBuffer(bytes: (0..<size).map { UInt8(truncatingIfNeeded: $0 &* $0 / 5 &+ size) })
    }
    let encoded = try #require(coding.encode(parts))
    let decoded = try ContentCoding.decode(BodyBytes([encoded]), limit: 1 << 20)
    #expect(decoded.chunks.flatMap { Array($0.readableBytesView) } == parts.flatMap { Array($0.readableBytesView) })
  }

  @Test func aBombIsRefusedAtTheLimit() throws {
    let bomb = try #require(ContentCoding.gzip.encode([ByteBuffer(repeating: 0, count: 50_000_000)]))
    #expect(bomb.readableBytes < 1_000_000)
    #expect(throws: ServingError.self) { try ContentCoding.decode(BodyBytes([bomb]), limit: 1_000_000) }
  }

  @Test func truncationAndDamageAreRefused() throws {
    let encoded = try #require(ContentCoding.gzip.encode([ByteBuffer(bytes: Array(0...255))]))
    for length in 0..<encoded.readableBytes {
      let part = try #require(encoded.getSlice(at: 0, length: length))
      #expect(throws: ServingError.self) { try ContentCoding.decode(BodyBytes([part]), limit: 1000) }
    }
    var trailing = encoded
    trailing.writeInteger(UInt8(0))
    #expect(throws: ServingError.self) { try ContentCoding.decode(BodyBytes([trailing]), limit: 1000) }
  }

  @Test(arguments: [
    ("gzip", ContentCoding.gzip), ("deflate, gzip", .deflate), ("br, gzip;q=0.5", .gzip),
    ("gzip;q=0, deflate", .deflate),
  ])
  func acceptedCodings(_ header: String, _ coding: ContentCoding) {
    #expect(ContentCoding.accepted(by: header) == coding)
  }

  @Test(arguments: ["", "br", "identity", "gzip;q=0", "gzip; q=0.0"]) func codingsThatAreNotAccepted(_ header: String) {
    #expect(ContentCoding.accepted(by: header) == nil)
  }

  @Test func piecesOfABodyAreTakenInOrder() {
    var body = BodyBytes([])
    for i in 0..<100 { body.append(ByteBuffer(repeating: UInt8(i), count: i * 100)) }
    let all = body.chunks.flatMap { Array($0.readableBytesView) }
    var taken: [UInt8] = []
    while body.count > 0 { taken += body.take(min(12_345, body.count)).chunks.flatMap { Array($0.readableBytesView) } }
    #expect(taken == all && all.count == 495_000)
  }
}
