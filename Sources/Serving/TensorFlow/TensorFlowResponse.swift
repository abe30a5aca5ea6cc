import MassJSON
import MassRuntime

/// Writes the answer to a predict request in the form of the request.
///
/// Numbers have TensorFlow Serving's text. What differs from it is white space: it indents, this does not.
enum TensorFlowResponse {
  /// NaN and the infinities are bare words: no JSON, but what clients of this dialect expect.
  static let numberStyle = JSONNumberStyle(isNested: true, floats: .tensorFlow, nonFinite: .tokens)

  /// - Throws: `invalidArgument` where rows were asked for and outputs have none, or not equally many.
  static func answer(_ outputs: [NamedTensor], form: TensorFlowForm) throws(ServingError) -> HTTPAnswer {
    guard !outputs.isEmpty else { throw .invalid("Cannot convert empty tensor map to JSON") }
    var columns: [Column] = []
    for output in outputs { columns.append(try Column(output)) }
    var writer = JSONWriter()
    writer.beginObject()
    writer.key(form.answerKey)
    // The rows of a single output are its elements along the first axis: the two forms are alike then.
    let rowCount = form == .row ? try rows(of: columns) : 0
    if columns.count == 1 {
      try columns[0].write(&writer)
    } else if form == .row {
      writer.beginArray()
      for row in 0..<rowCount {
        try writeObject(columns, &writer) { column, writer throws(ServingError) in try column.write(row: row, &writer) }
      }
      writer.endArray()
    } else {
      try writeObject(columns, &writer) { column, writer throws(ServingError) in try column.write(&writer) }
    }
    writer.endObject()
    guard writer.count <= byteLimit else {
      throw ServingError(.resourceExhausted, "an answer of \(writer.count) bytes is too large")
    }
    return V2Answer.json(writer)
  }

  /// More than a buffer of the network holds cannot be sent.
  private static let byteLimit = Int(UInt32.max)

  private static func writeObject(
    _ columns: [Column], _ writer: inout JSONWriter,
    _ write: (Column, inout JSONWriter) throws(ServingError) -> Void
  ) throws(ServingError) {
    writer.beginObject()
    for column in columns {
      writer.key(column.name)
      try write(column, &writer)
    }
    writer.endObject()
  }

  /// The extent of the first axis, which all outputs must share.
  private static func rows(of columns: [Column]) throws(ServingError) -> Int {
    var expected: Int?
    for column in columns {
      guard let rows = column.tensor.shape.first else {
        throw .invalid("Tensor name: \(column.name) has no shape information")
      }
      guard rows == expected ?? rows else {
        throw .invalid(
          "Tensor name: \(column.name) has inconsistent batch size: \(rows) expecting: \(expected ?? rows)")
      }
      expected = rows
    }
    return expected ?? 0
  }
}

extension TensorFlowResponse {
  /// An output as it is written.
  private struct Column {
    let name: String
    let tensor: Tensor
    /// Strings under such a name are bytes, written in base64.
    private let isBytes: Bool

    init(_ output: NamedTensor) throws(ServingError) {
      name = output.name
      isBytes = output.name.hasSuffix("_bytes")
      guard TensorFlowType(output.tensor.element).isNarrowFloat else {
        tensor = output.tensor
        return
      }
      do throws(TensorError) {
        tensor = try Tensor.make(.float32, output.tensor.shape, doubles: output.tensor.doubles())
      } catch { throw ServingError(.resourceExhausted, "output '\(output.name)': \(error)") }
    }

    func write(_ writer: inout JSONWriter) throws(ServingError) {
      if tensor.element == .string {
        writeStrings(tensor.shape, from: 0, &writer)
      } else {
        try write(tensor, &writer)
      }
    }

    /// Writes what lies at one place of the first axis.
    ///
    /// - Requires: The tensor has rows, and this is one of them.
    func write(row: Int, _ writer: inout JSONWriter) throws(ServingError) {
      let shape = Array(tensor.shape.dropFirst())
      let size = tensor.count / tensor.shape[0]
      if tensor.element == .string { return writeStrings(shape, from: row * size, &writer) }
      let slice: Tensor
      do throws(TensorError) {
        slice = try Tensor(
          element: tensor.element, shape: shape, storage: tensor.storage,
          byteOffset: tensor.byteOffset + row * size * (tensor.element.byteWidth ?? 0))
      } catch { throw ServingError(.internalError, "output '\(name)': \(error)") }
      try write(slice, &writer)
    }

    private func write(_ tensor: Tensor, _ writer: inout JSONWriter) throws(ServingError) {
      do throws(JSONWriteError) { try writer.numbers(tensor, style: TensorFlowResponse.numberStyle) } catch {
        throw ServingError(error == .outOfMemory ? .resourceExhausted : .internalError, "output '\(name)': \(error)")
      }
    }

    private func writeStrings(_ shape: [Int], from first: Int, _ writer: inout JSONWriter) {
      let strings = tensor.strings
      writer.nested(shape) { writer, index in
        let text = strings[first + index]
        if isBytes { writer.base64(Array(text.utf8)) } else { writer.string(text) }
      }
    }
  }
}
