import MassFormats
import MassRuntime
import Testing

/// Pictures, compared with what Pillow makes of them.
@Suite struct Pictures {
  private func expected(_ name: String) throws -> Tensor {
    try NPZArchive(path: Fixture.path("pictures.npz")).tensor(name)
  }

  private func shape(_ image: Image) -> [Int] {
    image.channels == 1 ? [image.height, image.width] : [image.height, image.width, image.channels]
  }

  @Test(arguments: [
    "colour.png", "grey.png", "alpha.png", "palette.png", "bits.png", "deep.png", "colour.jpg", "grey.jpg",
    "progressive.jpg",
  ])
  func decodeAsPillowDoes(_ name: String) throws {
    let image = try Image.read(Fixture.path(name))
    let expected = try expected(name)
    #expect(shape(image) == expected.shape)
    #expect(image.pixels.map(Int.init) == expected.integers())
  }

  @Test(arguments: [(7, 5), (31, 9), (64, 23), (50, 60), (1, 1)]) func resizeAsPillowDoes(_ size: (Int, Int)) throws {
    let image = try Image.read(Fixture.path("colour.png")).resized(width: size.0, height: size.1)
    #expect(image.pixels.map(Int.init) == (try expected("\(size.0)x\(size.1)").integers()))
  }

  @Test func greyAsPillowDoes() throws {
    let image = try Image.read(Fixture.path("colour.png")).converted(channels: 1)
    #expect(image.pixels.map(Int.init) == (try expected("luma").integers()))
  }
}

/// Pictures as inputs.
@Suite struct PictureInputs {
  private let image: Image
  private let symbol = Dimension(symbol: "N")

  init() throws { image = try Image.read(Fixture.path("colour.png")) }

  private func tensor(_ element: ElementType, _ shape: Shape, _ options: ImageOptions = ImageOptions()) throws -> Tensor
  {
    try image.tensor(for: TensorType(element, shape), options: options, place: "x")
  }

  @Test func layoutFollowsTheShape() throws {
    #expect(try tensor(.uint8, [1, 3, 23, 31]).shape == [1, 3, 23, 31])
    #expect(try tensor(.uint8, [1, 23, 31, 3]).integers() == image.pixels.map(Int.init))
    #expect(try tensor(.uint8, [symbol, 3, symbol, symbol]).shape == [1, 3, 23, 31])
    #expect(try tensor(.uint8, [1, 1, 8, 8]).shape == [1, 1, 8, 8])
    #expect(try tensor(.float32, [8, 9]).shape == [8, 9])
    let planar = try tensor(.uint8, [3, 23, 31]).integers()
    #expect(planar[0..<31].elementsEqual((0..<31).map { Int(image.pixels[$0 * 3]) }))
  }

  @Test func scaling() throws {
    var options = ImageOptions()
    options.mean = [0.5, 0.25, 0]
    options.deviation = [2]
    let values = try tensor(.float32, [1, 3, 23, 31], options).doubles()
    let first = image.pixels[0..<3].map { Double($0) / 255 }
    #expect(abs(values[0] - (first[0] - 0.5) / 2) < 1e-6)
    #expect(abs(values[23 * 31] - (first[1] - 0.25) / 2) < 1e-6)
    #expect(abs(values[2 * 23 * 31] - first[2] / 2) < 1e-6)
  }

  @Test func refusals() {
    var options = ImageOptions()
    options.mean = [0, 0]
    #expect(throws: FormatError.self) { try tensor(.int64, [1, 3, 8, 8]) }
    #expect(throws: FormatError.self) { try tensor(.float32, [2, 3, 8, 8]) }
    #expect(throws: FormatError.self) { try tensor(.float32, [1, 5, 8, 8]) }
    #expect(throws: FormatError.self) { try tensor(.float32, [8]) }
    #expect(throws: FormatError.self) { try tensor(.float32, [1, 3, 0, 8]) }
    #expect(throws: FormatError.self) { try tensor(.float32, [1, 3, 8, 8], options) }
    options.mean = [0.5]
    #expect(throws: FormatError.self) { try tensor(.uint8, [1, 3, 8, 8], options) }
    #expect(throws: FormatError.self) { try tensor(.float32, Shape([1, 3, 1 << 40, 1 << 40])) }
  }
}
