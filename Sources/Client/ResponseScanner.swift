import NIOCore

/// Finds where HTTP/1.1 answers end, and what their status is. Bodies are dropped as they come.
///
/// Every length is checked; heads and trailers may have `headByteLimit` bytes.
struct ResponseScanner {
  enum Outcome: Hashable {
    case incomplete
    case complete(status: Int, isReusable: Bool)
    case malformed
  }

  private enum State {
    case head
    case body(Int)
    case chunkSize
    case chunk(Int)
    case trailer
    case untilClose
  }

  static let headByteLimit = 1 << 16

  private var state = State.head
  private var head = ResponseHead()
  /// The beginning of a line or head whose end has not come.
  private var pending = ByteBuffer()

  /// Takes bytes up to the end of one answer; what follows it stays in `buffer`.
  mutating func read(_ buffer: inout ByteBuffer) -> Outcome {
    if pending.readableBytes > 0 {
      pending.writeBuffer(&buffer)
      swap(&pending, &buffer)
      pending.clear()
    }
    while buffer.readableBytes > 0 {
      switch step(&buffer) {
      case .incomplete: continue
      case let outcome: return outcome
      }
    }
    return .incomplete
  }

  /// The connection was closed; an answer without a length is complete then.
  mutating func close() -> Outcome {
    guard case .untilClose = state else { return .incomplete }
    return finish()
  }

  /// Whether an answer has begun and not ended.
  var isWithinAnswer: Bool {
    if case .head = state { return pending.readableBytes > 0 }
    return true
  }

  private mutating func step(_ buffer: inout ByteBuffer) -> Outcome {
    switch state {
    case .head: return readHead(&buffer)
    case .body(let left), .chunk(let left):
      let count = min(left, buffer.readableBytes)
      buffer.moveReaderIndex(forwardBy: count)
      if case .chunk = state {
        state = count == left ? .chunkSize : .chunk(left - count)
        return .incomplete
      }
      state = .body(left - count)
      return count == left ? finish() : .incomplete
    case .chunkSize: return readChunkSize(&buffer)
    case .trailer:
      guard let line = line(&buffer) else { return isOverlong ? .malformed : .incomplete }
      return line.readableBytes == 0 ? finish() : .incomplete
    case .untilClose:
      buffer.moveReaderIndex(to: buffer.writerIndex)
      return .incomplete
    }
  }

  private var isOverlong: Bool { pending.readableBytes > Self.headByteLimit }

  private mutating func finish() -> Outcome {
    state = .head
    return .complete(status: head.status, isReusable: head.isReusable)
  }

  private mutating func readHead(_ buffer: inout ByteBuffer) -> Outcome {
    guard let length = ResponseHead.length(in: buffer.readableBytesUInt8Span) else {
      pending.writeBuffer(&buffer)
      return isOverlong ? .malformed : .incomplete
    }
    guard length <= Self.headByteLimit, let head = ResponseHead(buffer.readableBytesUInt8Span.extracting(..<length))
    else { return .malformed }
    buffer.moveReaderIndex(forwardBy: length)
    // Interim answers come before the one that counts.
    guard head.status >= 200 else { return head.status == 101 ? .malformed : .incomplete }
    self.head = head
    switch head.body {
    case .length(0): return finish()
    case .length(let count): state = .body(count)
    case .chunked: state = .chunkSize
    case .untilClose: state = .untilClose
    }
    return .incomplete
  }

  private mutating func readChunkSize(_ buffer: inout ByteBuffer) -> Outcome {
    guard let line = line(&buffer) else { return isOverlong ? .malformed : .incomplete }
    let digits = line.readableBytesView.prefix { $0 != UInt8(ascii: ";") && $0 != UInt8(ascii: " ") }
    guard (1...15).contains(digits.count), let size = Int(String(decoding: digits, as: UTF8.self), radix: 16), size >= 0
    else { return .malformed }
    // The line's end after the chunk is dropped with it.
    state = size == 0 ? .trailer : .chunk(size + 2)
    return .incomplete
  }

  /// A line without its end; nil if that has not come, and the bytes wait.
  private mutating func line(_ buffer: inout ByteBuffer) -> ByteBuffer? {
    guard let end = buffer.readableBytesView.firstIndex(of: 10) else {
      pending.writeBuffer(&buffer)
      return nil
    }
    let line = buffer.readSlice(length: end - buffer.readerIndex)
    buffer.moveReaderIndex(forwardBy: 1)
    return line.map { line in
      line.readableBytesView.last == 13
        ? line.getSlice(at: line.readerIndex, length: line.readableBytes - 1) ?? line : line
    }
  }
}
