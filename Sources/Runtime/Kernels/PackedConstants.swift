import Synchronization

/// Constants rearranged for kernels, made once per model and shared by all its sessions.
///
/// A plan can carry them ready made (`preloaded`), in which case opening it packs nothing.
public final class PackedConstants: Sendable {
  /// Which constant, and in which form: the kernel family's name and an exact description of the arrangement.
  public struct Key: Hashable, Sendable {
    /// Identity of the constant: the storage it lies in and where. Constants of one model are never freed while it lives.
    public var constant: ConstantID
    /// Such as `onednn`.
    public var format: String
    /// The arrangement, byte for byte; equal bytes mean equal arrangement.
    public var description: [UInt8]

    public init(constant: ConstantID, format: String, description: [UInt8]) {
      self.constant = constant
      self.format = format
      self.description = description
    }
  }

  private let entries: Mutex<[Key: Tensor]>

  public init(preloaded: [Key: Tensor] = [:]) { entries = Mutex(preloaded) }

  /// The packed bytes for `key`, made by `pack` if nobody made them before. `pack` returns a `uint8` tensor.
  public func tensor(_ key: Key, pack: () -> Tensor?) -> Tensor? {
    if let found = entries.withLock({ $0[key] }) { return found }
    guard let made = pack() else { return nil }
    return entries.withLock { table in
      if let other = table[key] { return other }
      table[key] = made
      return made
    }
  }

  /// Everything packed so far, for the plan writer.
  public var all: [Key: Tensor] { entries.withLock { $0 } }
}

/// Names a constant of a model independent of addresses.
public struct ConstantID: Hashable, Sendable {
  public var value: Int

  public init(_ value: Int) { self.value = value }
}
