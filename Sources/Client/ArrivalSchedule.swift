#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// How requests follow one another.
public enum ArrivalProcess: String, Hashable, Sendable, CaseIterable {
  /// Independent of one another: exponentially distributed intervals, as from many users.
  case poisson
  /// At equal intervals.
  case uniform
}

/// The moments, in nanoseconds from the start, at which requests are due. They depend on nothing that a server does.
struct ArrivalSchedule: Sendable {
  private let process: ArrivalProcess
  /// Nanoseconds between two arrivals, on average.
  private let interval: Double
  private let phase: Double
  private var generator: SplitMix
  private var position: Double
  private var count = 0.0

  /// One of `shares` schedules that together have `rate` arrivals a second.
  ///
  /// - Requires: A rate above 0; `share` less than `shares`.
  init(_ process: ArrivalProcess, rate: Double, seed: UInt64, share: Int = 0, of shares: Int = 1) {
    precondition(rate > 0 && (0..<shares).contains(share), "rate \(rate), share \(share) of \(shares)")
    self.process = process
    interval = 1e9 * Double(shares) / rate
    phase = 1e9 * Double(share) / rate
    generator = SplitMix(seed: seed, stream: UInt64(share))
    position = 0
  }

  /// The next arrival.
  mutating func next() -> UInt64 {
    switch process {
    case .uniform:
      position = phase + count * interval
      count += 1
    case .poisson: position -= log(1 - generator.unit()) * interval
    }
    return UInt64(min(position, 0x1p62))
  }
}

/// A small generator of pseudo-random bits.
struct SplitMix: Sendable {
  private var state: UInt64

  /// Streams of one seed are independent of one another.
  init(seed: UInt64, stream: UInt64 = 0) {
    state = seed
    let first = next()
    state = first ^ (stream &* 0xD1B5_4A32_D192_ED03)
  }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  /// At least 0, less than 1.
  mutating func unit() -> Double { Double(next() >> 11) * 0x1p-53 }
}
