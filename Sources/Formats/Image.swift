import ImageShim

/// A picture of 8-bit samples, rows from the top.
public struct Image: Sendable, Hashable {
  public let width: Int
  public let height: Int
  /// 1: grey; 3: red, green, blue.
  public let channels: Int
  /// Row by row, the channels of a pixel side by side.
  public let pixels: [UInt8]

  init(width: Int, height: Int, channels: Int, pixels: [UInt8]) {
    self.width = width
    self.height = height
    self.channels = channels
    self.pixels = pixels
  }

  /// No picture may have more pixels.
  public static let pixelLimit = 1 << 27
  /// No file of a picture may have more bytes.
  public static let fileLimit = 1 << 28

  /// True for the first four bytes of a PNG or JPEG file.
  public static func isPicture(_ head: [UInt8]) -> Bool {
    head.starts(with: [0x89, 0x50, 0x4E, 0x47]) || head.starts(with: [0xFF, 0xD8, 0xFF])
  }

  /// Decodes a PNG or JPEG file: samples as stored, alpha dropped, 16 bits reduced to 8.
  public static func read(_ path: String) throws(FormatError) -> Image {
    try decode(try WholeFile.read(path, limit: fileLimit), place: path)
  }

  /// Decodes PNG or JPEG bytes.
  public static func decode(_ bytes: [UInt8], place: String = "") throws(FormatError) -> Image {
    var decoded = unsafe mass_image()
    var message = [CChar](repeating: 0, count: 256)
    let capacity = message.count
    let status = unsafe mass_image_decode(bytes, bytes.count, pixelLimit, &decoded, &message, capacity)
    guard status == 0 else {
      let text = message.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
      throw FormatError(place, String(decoding: text, as: UTF8.self))
    }
    defer { unsafe mass_image_free(&decoded) }
    let count = unsafe decoded.width * decoded.height * decoded.channels
    return unsafe Image(
      width: decoded.width, height: decoded.height, channels: decoded.channels,
      pixels: [UInt8](UnsafeBufferPointer(start: decoded.pixels, count: count)))
  }

  /// The picture in grey (1 channel; ITU-R 601 luma) or colour (3 channels).
  public func converted(channels wanted: Int) -> Image {
    guard wanted != channels, wanted == 1 || wanted == 3 else { return self }
    var result = [UInt8]()
    result.reserveCapacity(width * height * wanted)
    if wanted == 3 {
      for grey in pixels { result += [grey, grey, grey] }
    } else {
      for i in stride(from: 0, to: pixels.count, by: 3) {
        let luma = Int(pixels[i]) * 19_595 + Int(pixels[i + 1]) * 38_470 + Int(pixels[i + 2]) * 7_471
        result.append(UInt8((luma + 0x8000) >> 16))
      }
    }
    return Image(width: width, height: height, channels: wanted, pixels: result)
  }

  /// The picture in another size, by bilinear interpolation that averages when it shrinks (a triangle filter as wide as
  /// the reduction), in the fixed-point arithmetic of Pillow: the samples equal those of its `BILINEAR`.
  public func resized(width newWidth: Int, height newHeight: Int) -> Image {
    guard newWidth > 0, newHeight > 0 else { return self }
    let across = newWidth == width ? self : resized(to: newWidth)
    return newHeight == height ? across : across.transposed.resized(to: newHeight).transposed
  }

  /// Rows become columns.
  private var transposed: Image {
    var result = [UInt8]()
    result.reserveCapacity(pixels.count)
    for x in 0..<width {
      for y in 0..<height {
        let start = (y * width + x) * channels
        result += pixels[start..<start + channels]
      }
    }
    return Image(width: height, height: width, channels: channels, pixels: result)
  }

  private func resized(to newWidth: Int) -> Image {
    let taps = ResamplingTap.triangle(from: width, to: newWidth)
    var result = [UInt8]()
    result.reserveCapacity(newWidth * height * channels)
    for y in 0..<height {
      for tap in taps {
        let start = (y * width + tap.first) * channels
        for channel in 0..<channels {
          var sum = ResamplingTap.half
          for (i, weight) in tap.weights.enumerated() { sum += Int(pixels[start + i * channels + channel]) * weight }
          result.append(UInt8(clamping: sum >> ResamplingTap.bits))
        }
      }
    }
    return Image(width: newWidth, height: height, channels: channels, pixels: result)
  }
}

/// What one sample of a resized row is made of.
private struct ResamplingTap {
  /// The first sample of the old row.
  var first: Int
  /// Fixed point, with a sum of about one.
  var weights: [Int]

  static let bits = 22
  static let half = 1 << (bits - 1)

  static func triangle(from old: Int, to new: Int) -> [ResamplingTap] {
    let scale = Double(old) / Double(new)
    let support = max(scale, 1)
    return (0..<new).map { i in
      let center = (Double(i) + 0.5) * scale
      let first = max(0, Int(center - support + 0.5))
      let end = min(old, Int(center + support + 0.5))
      let weights = (first..<end).map { max(0, 1 - abs((Double($0) - center + 0.5) / support)) }
      let sum = weights.reduce(0, +)
      return ResamplingTap(first: first, weights: weights.map { Int(0.5 + $0 / sum * Double(1 << bits)) })
    }
  }
}
