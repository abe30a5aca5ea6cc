import MassRuntime

/// Why a file of a common format cannot be read or written.
public struct FormatError: Error, Hashable, CustomStringConvertible {
  /// The file, and the entry of an archive.
  public var place: String
  public var message: String

  public init(_ place: String, _ message: String) {
    self.place = place
    self.message = message
  }

  public init(_ place: String, expected: String, got: String) {
    self.init(place, "expected \(expected), got \(got)")
  }

  public var description: String { place.isEmpty ? message : "\(place): \(message)" }
}

extension FormatError {
  /// Runs `body` and says of a tensor it could not make where its description came from.
  static func wrapping<Result>(
    _ place: String, _ body: () throws(TensorError) -> Result
  ) throws(FormatError) -> Result {
    do throws(TensorError) { return try body() } catch { throw FormatError(place, "\(error)") }
  }
}
