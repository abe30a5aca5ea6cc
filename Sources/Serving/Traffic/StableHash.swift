/// A hash that is the same in every process and on every machine, so that servers agree without talking.
///
/// FNV-1a over the bytes (Fowler, Noll, Vo; 64 bits), then MurmurHash3's finalizer (Appleby), which spreads differences
/// over all bits. It does not withstand somebody who chooses keys in order to collide.
enum StableHash {
  static func hash(_ text: String, seed: UInt64 = 0) -> UInt64 {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325 ^ seed
    for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
    return mix(hash)
  }

  /// A bijection of 64-bit numbers.
  static func mix(_ number: UInt64) -> UInt64 {
    var mixed = number
    mixed = (mixed ^ (mixed >> 33)) &* 0xFF51_AFD7_ED55_8CCD
    mixed = (mixed ^ (mixed >> 33)) &* 0xC4CE_B9FE_1A85_EC53
    return mixed ^ (mixed >> 33)
  }
}
