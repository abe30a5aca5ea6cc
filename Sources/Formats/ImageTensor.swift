import MassRuntime

/// How a picture becomes the input of a model.
public struct ImageOptions: Sendable, Hashable {
  public enum Layout: String, Sendable, CaseIterable {
    case nchw, nhwc
  }

  /// Subtracted from samples in 0…1; one for all channels or one for each.
  public var mean: [Double] = []
  /// Divides what `mean` left; one for all channels or one for each.
  public var deviation: [Double] = []
  /// nil to judge by the input's shape.
  public var layout: Layout?

  public init() {}
}

extension Image {
  /// The picture as a tensor of `type`: in the channels and size that the type's shape states, where it does not, in its
  /// own. Floating-point inputs get `(sample / 255 - mean) / deviation`, uint8 ones the samples.
  ///
  /// - Parameter place: What errors call the input.
  public func tensor(for type: TensorType, options: ImageOptions, place: String) throws(FormatError) -> Tensor {
    let axes = try ImageAxes(type, layout: options.layout, place: place)
    let channels = axes.channels.flatMap { type.shape[$0].constant } ?? (axes.channels == nil ? 1 : self.channels)
    guard channels == 1 || channels == 3 else {
      throw FormatError(place, expected: "an input of 1 or 3 channels for a picture", got: "\(type)")
    }
    let height = type.shape[axes.height].constant ?? self.height
    let width = type.shape[axes.width].constant ?? self.width
    guard width > 0, height > 0, height <= Self.pixelLimit / width else {
      throw FormatError(place, expected: "an input of 1 to \(Self.pixelLimit) pixels", got: "\(type)")
    }
    let picture = converted(channels: channels).resized(width: width, height: height)
    var shape = [Int](repeating: 1, count: type.rank)
    shape[axes.height] = height
    shape[axes.width] = width
    if let axis = axes.channels { shape[axis] = channels }
    let planar = axes.channels.map { $0 < axes.height } ?? false
    let samples = planar ? picture.planes : picture.pixels
    return try FormatError.wrapping(place) { () throws(TensorError) in
      try unsafe Tensor(element: .uint8, shape: shape) { unsafe $0.copyBytes(from: samples) }
    }.scaled(to: type.element, channels: channels, isPlanar: planar, options: options, place: place)
  }

  /// All samples of the first channel, then those of the next.
  private var planes: [UInt8] {
    (0..<channels).flatMap { channel in stride(from: channel, to: pixels.count, by: channels).map { pixels[$0] } }
  }
}

/// Which axes of an input are a picture's.
private struct ImageAxes {
  var channels: Int?
  var height: Int
  var width: Int

  /// Rank 4 is a batch of one, 3 a picture, 2 a grey one. An axis of 1 or 3 in the channels' place decides the layout;
  /// channels before the extents are the default.
  init(_ type: TensorType, layout: ImageOptions.Layout?, place: String) throws(FormatError) {
    let shape = type.shape
    let isBatch = shape.count == 4
    if shape.count == 2 {
      (channels, height, width) = (nil, 0, 1)
      return
    }
    guard isBatch || shape.count == 3 else {
      throw FormatError(place, expected: "an input of rank 2 to 4 for a picture", got: "\(type)")
    }
    if isBatch, let batch = shape[0].constant, batch != 1 {
      throw FormatError(place, expected: "a batch of 1 for a picture", got: "\(type)")
    }
    let first = isBatch ? 1 : 0
    func isChannels(_ axis: Int) -> Bool { shape[axis].constant == 1 || shape[axis].constant == 3 }
    let isLast = layout.map { $0 == .nhwc } ?? (!isChannels(first) && isChannels(first + 2))
    (channels, height, width) = isLast ? (first + 2, first, first + 1) : (first, first + 1, first + 2)
  }
}

extension Tensor {
  fileprivate func scaled(
    to element: ElementType, channels: Int, isPlanar: Bool, options: ImageOptions, place: String
  ) throws(FormatError) -> Tensor {
    let hasScale = !options.mean.isEmpty || !options.deviation.isEmpty
    if element == .uint8 {
      guard !hasScale else { throw FormatError(place, "mean and deviation do not apply to an input of bytes") }
      return self
    }
    guard element.isFloatingPoint else {
      throw FormatError(place, expected: "an input of floats or u8 for a picture", got: "\(element)")
    }
    let mean = try perChannel(options.mean, 0, channels, "mean", place)
    let deviation = try perChannel(options.deviation, 1, channels, "deviation", place)
    // One row for each channel: the result for every sample there can be.
    let table = (0..<channels).map { channel in
      (0..<256).map { (Double($0) / 255 - mean[channel]) / deviation[channel] }
    }
    let plane = count / channels
    let values = integers().enumerated().map { i, sample in table[isPlanar ? i / plane : i % channels][sample] }
    return try FormatError.wrapping(place) { () throws(TensorError) in
      try Tensor.make(element, shape, doubles: values)
    }
  }

  private func perChannel(
    _ given: [Double], _ standard: Double, _ channels: Int, _ what: String, _ place: String
  ) throws(FormatError) -> [Double] {
    let values = given.isEmpty ? [standard] : given
    guard values.count == 1 || values.count == channels else {
      throw FormatError(place, expected: "1 or \(channels) values of the image \(what)", got: "\(values.count)")
    }
    return values.count == channels ? values : Array(repeating: values[0], count: channels)
  }
}
