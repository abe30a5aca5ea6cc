import NIOCore
import Testing

@testable import MassClient

@Suite struct ResponseScannerTests {
  /// The outcomes of a text that comes in pieces of `size` bytes.
  private func outcomes(_ text: String, piece size: Int = .max) -> [ResponseScanner.Outcome] {
    var scanner = ResponseScanner()
    var outcomes: [ResponseScanner.Outcome] = []
    var rest = ByteBuffer(string: text)
    while let piece = rest.readSlice(length: min(size, rest.readableBytes)), piece.readableBytes > 0 {
      var buffer = piece
      while buffer.readableBytes > 0 {
        let outcome = scanner.read(&buffer)
        if outcome != .incomplete { outcomes.append(outcome) }
        if outcome == .malformed { return outcomes }
      }
    }
    if scanner.close() != .incomplete { outcomes.append(.complete(status: 0, isReusable: false)) }
    return outcomes
  }

  private static let good: [(String, Int, Bool)] = [
    ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", 200, true),
    ("HTTP/1.1 503 Service Unavailable\r\ncontent-LENGTH:0\r\nRetry-After: 1\r\n\r\n", 503, true),
    ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n\r\n", 200, false),
    ("HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx", 200, false),
    ("HTTP/1.0 200 OK\r\nContent-Length: 1\r\nConnection: Keep-Alive\r\n\r\nx", 200, true),
    ("HTTP/1.1 204 No Content\r\n\r\n", 204, true),
    (
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nA;x=y\r\n0123456789\r\n0\r\nT: x\r\n\r\n",
      200, true
    ),
    ("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody", 200, true),
  ]

  @Test(arguments: good, [1, 2, 3, 7, 64, Int.max])
  func findsTheEnd(_ row: (text: String, status: Int, isReusable: Bool), piece: Int) {
    #expect(outcomes(row.text, piece: piece) == [.complete(status: row.status, isReusable: row.isReusable)])
  }

  @Test func findsOneAnswerAfterTheOther() {
    let all = Self.good.map(\.0).joined()
    #expect(outcomes(all).count == Self.good.count)
    #expect(outcomes(all, piece: 1) == outcomes(all))
  }

  @Test func answerWithoutLengthEndsWithItsConnection() {
    #expect(outcomes("HTTP/1.1 200 OK\r\n\r\nany\r\n\r\nthing").count == 1)
    #expect(outcomes("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nany").isEmpty)
  }

  @Test(
    arguments: [
      "HTTP/2 200 OK\r\nX: y\r\n\r\n", "garbage garbage\r\n\r\n", "HTTP/1.1 2x0 OK\r\n\r\n", "HTTP/1.1 999 OK\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 1x\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", "HTTP/1.1 101 Switching Protocols\r\n\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7fffffffffffffff\r\n",
      "\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
    ], [1, Int.max])
  func refusesWhatIsNotHTTP(_ text: String, piece: Int) {
    #expect(outcomes(text, piece: piece) == [.malformed])
  }

  @Test func refusesEndlessHeads() {
    let endless = "HTTP/1.1 200 OK\r\n" + String(repeating: "X: y\r\n", count: 20_000)
    #expect(outcomes(endless, piece: 1000) == [.malformed])
    let line = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + String(repeating: "0", count: 100_000)
    #expect(outcomes(line, piece: 1000) == [.malformed])
  }
}
