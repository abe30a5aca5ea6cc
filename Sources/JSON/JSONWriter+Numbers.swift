import JSONShim
import MassRuntime

/// How numbers are written.
public struct JSONNumberStyle: Sendable, Hashable {
  public enum Floats: Sendable, Hashable {
    /// The shortest text that reads back as the same number of the same type.
    case shortest
    /// Six significant digits where they read back exactly, else as many as can matter; whole numbers end in `.0`.
    case tensorFlow
  }

  public enum NonFinite: Sendable, Hashable {
    /// They are an error, as JSON has none.
    case refuse
    /// `NaN`, `Infinity` and `-Infinity`.
    case tokens
  }

  /// Whether a tensor is written as arrays nested by its shape (a scalar as a bare number) or as one flat array.
  public var isNested: Bool
  public var floats: Floats
  public var nonFinite: NonFinite

  public init(isNested: Bool = false, floats: Floats = .shortest, nonFinite: NonFinite = .refuse) {
    self.isNested = isNested
    self.floats = floats
    self.nonFinite = nonFinite
  }

  var code: mass_json_number_style {
    mass_json_number_style(is_tensorflow: floats == .tensorFlow, has_tokens: nonFinite == .tokens)
  }
}

extension JSONWriter {
  /// Writes a number. Where it is refused, nothing is written.
  public mutating func double(_ value: Double, style: JSONNumberStyle = JSONNumberStyle()) throws(JSONWriteError) {
    guard style.nonFinite == .tokens || value.isFinite else { throw .nonFinite(index: 0) }
    separate()
    unsafe _ = mass_json_write_double(&buffer, value, style.code)
  }

  /// Writes the elements of a tensor of bools, integers of 8 to 64 bits, f32 or f64. Where one is refused, nothing is
  /// written.
  public mutating func numbers(_ tensor: Tensor, style: JSONNumberStyle = JSONNumberStyle()) throws(JSONWriteError) {
    guard let code = tensor.element.jsonElement else { throw .unsupported("\(tensor.element)") }
    let start = unsafe (buffer.size, needsComma)
    separate()
    let extents = style.isNested ? tensor.shape : [tensor.count]
    let written = unsafe tensor.withUnsafeBytes { values in
      unsafe mass_json_write_numbers(&buffer, code, values.baseAddress, extents, extents.count, style.code)
    }
    guard unsafe !buffer.has_failed else { throw .outOfMemory }
    guard written == tensor.count else {
      unsafe (buffer.size, needsComma) = start
      throw .nonFinite(index: written)
    }
  }
}
