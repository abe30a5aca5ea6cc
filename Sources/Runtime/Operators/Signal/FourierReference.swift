#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Discrete Fourier transforms of one line, in `Double`.
struct FourierReference {
  let length: Int
  private let cosines: [Double]
  private let sines: [Double]

  init(length: Int) {
    self.length = length
    let angles = (0..<length).map { 2 * Double.pi * Double($0) / Double(length) }
    cosines = angles.map { cos($0) }
    sines = angles.map { sin($0) }
  }

  /// `Σ (re + i·im) · e^(∓2πi·kn/length)` for the first `count` k; the inverse divides by the length.
  func transform(
    _ re: [Double], _ im: [Double], count: Int, isInverse: Bool
  ) -> (re: [Double], im: [Double]) {
    if length.nonzeroBitCount == 1 {
      var (real, imaginary) = (padded(re), padded(im))
      fast(&real, &imaginary, isInverse: isInverse)
      let factor = isInverse ? 1 / Double(length) : 1
      return (real.prefix(count).map { $0 * factor }, imaginary.prefix(count).map { $0 * factor })
    }
    var real = [Double](repeating: 0, count: count)
    var imaginary = real
    let terms = min(re.count, length)
    for k in 0..<count {
      var (a, b, angle) = (0.0, 0.0, 0)
      for n in 0..<terms {
        let (c, s) = (cosines[angle], isInverse ? -sines[angle] : sines[angle])
        a += re[n] * c + im[n] * s
        b += im[n] * c - re[n] * s
        angle = (angle + k) % length
      }
      real[k] = isInverse ? a / Double(length) : a
      imaginary[k] = isInverse ? b / Double(length) : b
    }
    return (real, imaginary)
  }

  private func padded(_ x: [Double]) -> [Double] {
    Array(x.prefix(length)) + Array(repeating: 0, count: max(length - x.count, 0))
  }

  /// Radix 2, in place.
  private func fast(_ re: inout [Double], _ im: inout [Double], isInverse: Bool) {
    var target = 0
    for i in 1..<max(length, 1) {
      var bit = length >> 1
      while target & bit != 0 {
        target ^= bit
        bit >>= 1
      }
      target ^= bit
      if i < target {
        re.swapAt(i, target)
        im.swapAt(i, target)
      }
    }
    var size = 2
    while size <= length {
      let (half, step) = (size / 2, length / size)
      for start in stride(from: 0, to: length, by: size) {
        for k in 0..<half {
          let (c, s) = (cosines[k * step], isInverse ? sines[k * step] : -sines[k * step])
          let (i, j) = (start + k, start + k + half)
          let (a, b) = (re[j] * c - im[j] * s, re[j] * s + im[j] * c)
          (re[j], im[j]) = (re[i] - a, im[i] - b)
          (re[i], im[i]) = (re[i] + a, im[i] + b)
        }
      }
      size *= 2
    }
  }
}
