import CryptoShim

/// Damage to a plan file that its digests do not give away: what a program that writes wrong plans would make.
///
/// The layout is the one that docs/plan-format.md specifies.
public struct PlanDamage {
  private static let headerBytes = 64
  private static let entryBytes = 64
  private static let pageBytes = 4096

  /// A well-formed plan file.
  public let plan: [UInt8]

  public init(_ plan: [UInt8]) { self.plan = plan }

  /// The plan with one section damaged, or now and then the table of sections, and the digests made to agree.
  public func next(_ mutations: inout Mutations) -> [UInt8] {
    var result = plan
    let entries = number(at: 12, bytes: 4)
    let entry = Self.headerBytes + Self.entryBytes * mutations.next(below: entries)
    if mutations.next(below: 8) == 0 {
      let field = [0, 8, 16][mutations.next(below: 3)]
      let size = field == 0 ? 4 : 8
      let place = entry + field..<entry + field + size
      let damaged = mutations.damage(Array(plan[place])) + [UInt8](repeating: 0, count: size)
      result.replaceSubrange(place, with: damaged[..<size])
    } else {
      let (offset, length) = (number(at: entry + 8, bytes: 8), number(at: entry + 16, bytes: 8))
      let content = mutations.damage(Array(plan[offset..<offset + length]))
      result += [UInt8](repeating: 0, count: (Self.pageBytes - result.count % Self.pageBytes) % Self.pageBytes)
      store(result.count, at: entry + 8, in: &result)
      store(content.count, at: entry + 16, in: &result)
      result.replaceSubrange(entry + 24..<entry + 56, with: Self.digest(content[...]))
      result += content
    }
    store(result.count, at: 16, in: &result)
    let table = result[Self.headerBytes..<Self.headerBytes + Self.entryBytes * entries]
    result.replaceSubrange(24..<56, with: Self.digest(table))
    return result
  }

  private func number(at position: Int, bytes: Int) -> Int {
    plan[position..<position + bytes].reversed().reduce(0) { $0 << 8 | Int($1) }
  }

  private func store(_ number: Int, at position: Int, in bytes: inout [UInt8]) {
    for i in 0..<8 { bytes[position + i] = UInt8(truncatingIfNeeded: number >> (8 * i)) }
  }

  private static func digest(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
    let context = unsafe mass_sha256_start()
    unsafe bytes.withUnsafeBytes { unsafe mass_sha256_update(context, $0.baseAddress, $0.count) }
    var result = [UInt8](repeating: 0, count: MASS_SHA256_BYTES)
    unsafe mass_sha256_finish(context, &result)
    return result
  }
}
