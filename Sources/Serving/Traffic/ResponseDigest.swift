import CryptoShim
import MassRuntime

/// What makes two requests the same: 256 bits of everything an answer depends on.
struct ResponseDigest: Hashable, Sendable {
  private let words: (UInt64, UInt64, UInt64, UInt64)

  /// SHA-256 over the version, the outputs asked for in their order, and the name, type, shape and bytes of every
  /// input, sorted by name. Every part says how long it is, so different requests never feed the same bytes.
  ///
  /// Nil when no digest can be computed; such a request is not cached.
  init?(owner: CachedVersion, inputs: [NamedTensor], outputs: [RequestedOutput]) {
    let feed = DigestFeed()
    feed.text("mass response 1")
    feed.text(owner.model)
    feed.number(UInt64(bitPattern: Int64(owner.version)))
    feed.number(owner.generation)
    feed.number(UInt64(outputs.count))
    for output in outputs {
      feed.text(output.name)
      feed.number(output.classification == nil ? 0 : 1)
      feed.number(UInt64(bitPattern: Int64(output.classification ?? 0)))
    }
    feed.number(UInt64(inputs.count))
    for input in inputs.sorted(by: { $0.name < $1.name }) {
      feed.text(input.name)
      feed.tensor(input.tensor)
    }
    guard let bytes = feed.finish() else { return nil }
    let words = (0..<4).map { word in
      bytes[(8 * word)..<(8 * word + 8)].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    }
    self.words = (words[0], words[1], words[2], words[3])
  }

  static func == (a: ResponseDigest, b: ResponseDigest) -> Bool { a.words == b.words }

  /// The bits are uniform: a quarter of them is a hash.
  func hash(into hasher: inout Hasher) { hasher.combine(words.0) }
}

/// A running SHA-256. Not shared between tasks.
@safe private final class DigestFeed {
  private var context: OpaquePointer?

  init() { unsafe context = mass_sha256_start() }

  deinit { _ = finish() }

  func number(_ number: UInt64) {
    unsafe withUnsafeBytes(of: number.littleEndian) { unsafe bytes($0) }
  }

  func text(_ text: String) {
    number(UInt64(text.utf8.count))
    var text = text
    text.withUTF8 { unsafe bytes(UnsafeRawBufferPointer($0)) }
  }

  func tensor(_ tensor: Tensor) {
    number(UInt64(tensor.element.rawValue))
    number(UInt64(tensor.shape.count))
    for extent in tensor.shape { number(UInt64(bitPattern: Int64(extent))) }
    guard tensor.element != .string else {
      for string in tensor.strings { text(string) }
      return
    }
    number(UInt64(tensor.byteCount))
    unsafe tensor.withUnsafeBytes { unsafe bytes($0) }
  }

  private func bytes(_ bytes: UnsafeRawBufferPointer) {
    unsafe mass_sha256_update(context, bytes.baseAddress, bytes.count)
  }

  /// Nil when there is no digest: the shim gives zeros then.
  func finish() -> [UInt8]? {
    guard let running = unsafe context else { return nil }
    unsafe context = nil
    var digest = [UInt8](repeating: 0, count: Int(MASS_SHA256_BYTES))
    unsafe mass_sha256_finish(running, &digest)
    return digest.contains { $0 != 0 } ? digest : nil
  }
}
