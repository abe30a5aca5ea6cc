import MassRuntime
import NIOCore
import Testing

@testable import MassServing

struct BufferMemoryTests {
  private func bytes(_ count: Int) -> [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) } }

  private func pieces(_ bytes: [UInt8], of size: Int) -> [ByteBuffer] {
    stride(from: 0, to: bytes.count, by: size).map { ByteBuffer(bytes: bytes[$0..<min($0 + size, bytes.count)]) }
  }

  private func joined(_ body: BodyBytes) -> [UInt8] { body.chunks.flatMap { Array($0.readableBytesView) } }

  @Test(arguments: [0, 1, 63, 64, 127, 100_001]) func aTensorInABodyBeginsAligned(_ offset: Int) throws {
    let all = bytes(offset + BufferMemory.leastBytes + 12)
    var body = BodyBytes([], announced: BodyBytes.Announcement(length: all.count, tensorOffset: offset))
    for piece in pieces(all, of: 65_536) { body.append(piece) }
    #expect(body.chunks.count == 1 && body.count == all.count && joined(body) == all)
    _ = body.take(offset)
    let storage = try #require(BufferMemory.storage(of: body.chunks[0], alignment: TensorStorage.alignment))
    let tensor = try Tensor(element: .uint8, shape: [all.count - offset], storage: storage)
    #expect(unsafe tensor.withUnsafeBytes { unsafe Array($0) } == Array(all[offset...]))
  }

  @Test func aBodyIsTakenAsItComes() {
    let all = bytes(3 * BufferMemory.leastBytes)
    // Little of what was announced; more than was announced; pieces of one byte.
    for length in [16 * BufferMemory.leastBytes, BufferMemory.mostBytes + 1, 1 << 40] {
      var little = BodyBytes([], announced: BodyBytes.Announcement(length: length, tensorOffset: 0))
      let count = length > BufferMemory.mostBytes ? all.count : BufferMemory.leastBytes - 1
      for piece in pieces(Array(all[..<count]), of: 65_536) { little.append(piece) }
      #expect(joined(little) == Array(all[..<count]) && little.chunks.count == (count + 65_535) / 65_536)
    }
    var much = BodyBytes([], announced: BodyBytes.Announcement(length: 2 * BufferMemory.leastBytes, tensorOffset: 5))
    for piece in pieces(all, of: 30_001) { much.append(piece) }
    #expect(joined(much) == all)
    var tiny = BodyBytes([], announced: BodyBytes.Announcement(length: all.count, tensorOffset: 0))
    for piece in pieces(Array(all[..<BufferMemory.leastBytes]), of: 1) { tiny.append(piece) }
    #expect(joined(tiny) == Array(all[..<BufferMemory.leastBytes]))
  }

  @Test func outputsLieInTheirBuffer() throws {
    for size in [0, 64, BufferMemory.leastBytes - 1, BufferMemory.leastBytes, 3_000_001] {
      let storage = try BufferMemory.storage(byteCount: size)
      let tensor = try Tensor(element: .uint8, shape: [size], storage: storage)
      let address = unsafe tensor.baseAddress
      #expect(Int(bitPattern: address) % TensorStorage.alignment == 0 && storage.byteCount == size)
      let content = bytes(size)
      unsafe UnsafeMutableRawBufferPointer(start: UnsafeMutableRawPointer(mutating: address), count: size)
        .copyBytes(from: content)
      let buffer = TensorBytes.buffer(of: tensor)
      #expect((buffer != nil) == (size >= BufferMemory.leastBytes))
      if let buffer { #expect(Array(buffer.readableBytesView) == content) }
      #expect(unsafe tensor.withUnsafeBytes { unsafe Array($0) } == content)
    }
  }

  @Test func whatIsNotTheWholeBufferIsCopied() throws {
    let size = BufferMemory.leastBytes
    let storage = try BufferMemory.storage(byteCount: 2 * size)
    let half = try Tensor(element: .uint8, shape: [size], storage: storage, byteOffset: size)
    #expect(TensorBytes.buffer(of: half) == nil)
    #expect(TensorBytes.buffer(of: try Tensor(element: .bool, shape: [2 * size], storage: storage)) == nil)
    #expect(TensorBytes.buffer(of: try Tensor(element: .uint8, shape: [2 * size], storage: storage)) != nil)
    #expect(BufferMemory.storage(of: ByteBuffer(repeating: 1, count: size - 1), alignment: 1) == nil)
    var odd = BufferMemory.empty(capacity: size + 9, aligning: 1)
    odd.writeRepeatingByte(1, count: size + 8)
    #expect(BufferMemory.storage(of: odd, alignment: 8) == nil && BufferMemory.storage(of: odd, alignment: 1) != nil)
  }

  @Test func aLargeInputIsUsedWhereItLies() throws {
    let size = BufferMemory.leastBytes
    for (element, shape, isCopied) in [
      (ElementType.float32, [size / 4], false), (.float16, [size / 2], false), (.bool, [size], true),
    ] {
      var chunk = BufferMemory.empty(capacity: size)
      chunk.writeRepeatingByte(1, count: size)
      let tensor = try TensorBytes.tensor("x", element: element, shape: shape, chunks: [chunk])
      let isElsewhere = unsafe chunk.withUnsafeReadableBytes { unsafe $0.baseAddress != tensor.baseAddress }
      #expect(isElsewhere == isCopied && tensor.shape == shape)
      #expect(throws: ServingError.self) {
        try TensorBytes.tensor("x", element: element, shape: shape + [2], chunks: [chunk])
      }
    }
  }

  @Test func aLargeOutputOfAModelIsSentFromWhereItWasComputed() async throws {
    let count = BufferMemory.leastBytes / 4
    let pool = try InstancePoolTests.pool(InstanceOptions(count: 1, threads: 1))
    var outputs: [NamedTensor] = []
    for count in [count, 2, 2 * count, 3] {
      let input = try Tensor(element: .float32, shape: [count])
      let output = try await pool.run([.tensor(input)], deadline: nil, abandonment: nil).outputs[0].tensor
      outputs.append(NamedTensor(name: "y\(count)", tensor: try #require(output)))
    }
    await pool.close()
    let response = InferenceResponse(modelName: "m", modelVersion: 1, outputs: outputs)
    let answer = try V2Answer.inference(response, V2OutputStyle(isBinary: true))
    #expect(answer.parts.map(\.readableBytes) == [4 * count, 8, 8 * count, 12])
    #expect(answer.byteCount == answer.body.readableBytes + 12 * count + 20)
    for (part, output) in zip(answer.parts, outputs) where part.readableBytes > 12 {
      let isTheSame = unsafe part.withUnsafeReadableBytes { unsafe $0.baseAddress == output.tensor.baseAddress }
      #expect(isTheSame)
    }
  }

  @Test func aPartOfALargeRequestKeepsMore() throws {
    let size = BufferMemory.leastBytes
    let whole = ByteBuffer(repeating: 1, count: 8 * size)
    let part = try #require(whole.getSlice(at: 0, length: size))
    let storage = try #require(BufferMemory.storage(of: part, alignment: 1))
    #expect(BufferMemory.keepsMore(than: try Tensor(element: .uint8, shape: [size], storage: storage)))
    for (bytes, keepsMore) in [(2 * size, true), (2 * size - 64, false), (size + 1, true)] {
      let output = try Tensor(element: .uint8, shape: [bytes], storage: try BufferMemory.storage(byteCount: bytes))
      #expect(BufferMemory.keepsMore(than: output) == keepsMore)
    }
    #expect(!BufferMemory.keepsMore(than: try Tensor(element: .uint8, shape: [size])))
  }
}
