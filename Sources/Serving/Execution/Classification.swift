import MassFormats
import MassRuntime

/// The classification extension of the Open Inference Protocol.
enum Classification {
  /// The `k` largest elements of each row as strings `value:index[:label]`, largest first; equal ones by index.
  ///
  /// A tensor of rank 1 is one row; of a higher rank, the first axis counts rows. Shape [k] or [rows, k].
  static func top(_ k: Int, of tensor: Tensor, name: String, labels: [String]) throws(ServingError) -> Tensor {
    guard tensor.element != .string, tensor.element != .bool else {
      throw .invalid(
        "output '\(name)' is \(Datatype.name(of: tensor.element) ?? ""), which has no order to classify by")
    }
    let rows = tensor.shape.count > 1 ? tensor.shape[0] : 1
    let classes = rows == 0 ? 0 : tensor.count / rows
    guard k > 0 else { throw .invalid("'classification' of output '\(name)' must be at least 1, got \(k)") }
    let count = min(k, classes)
    let texts =
      switch tensor.element {
      case .uint64: top(count, of: elements(tensor, as: UInt64.self), rows: rows, labels, <)
      case .int64: top(count, of: elements(tensor, as: Int64.self), rows: rows, labels, <)
      case .float64: top(count, of: tensor.doubles(), rows: rows, labels, isSmaller)
      case let element where element.isInteger:
        top(count, of: tensor.doubles().map { Int64($0) }, rows: rows, labels, <)
      default: top(count, of: tensor.doubles().map { Float($0) }, rows: rows, labels, isSmaller)
      }
    do throws(TensorError) {
      return try Tensor(strings: texts, shape: tensor.shape.count > 1 ? [rows, count] : [count])
    } catch { throw ServingError(.internalError, "\(error)") }
  }

  private static func top<Element>(
    _ count: Int, of values: [Element], rows: Int, _ labels: [String], _ isSmaller: (Element, Element) -> Bool
  ) -> [String] {
    var texts: [String] = []
    for row in 0..<rows {
      let classes = values.count / rows
      let first = row * classes
      let order = (first..<first + classes).sorted { a, b in
        isSmaller(values[b], values[a]) || !isSmaller(values[a], values[b]) && a < b
      }
      for place in order.prefix(count) {
        let index = place - first
        texts.append("\(values[place]):\(index)" + (index < labels.count ? ":\(labels[index])" : ""))
      }
    }
    return texts
  }

  /// An order in which NaN is the smallest.
  private static func isSmaller<Element: BinaryFloatingPoint>(_ a: Element, _ b: Element) -> Bool {
    a.isNaN ? !b.isNaN : a < b
  }

  private static func elements<Element: FixedWidthInteger>(_ tensor: Tensor, as type: Element.Type) -> [Element] {
    unsafe tensor.withUnsafeBytes { bytes in unsafe Array(bytes.bindMemory(to: Element.self)) }
  }
}
