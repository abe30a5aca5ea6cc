import MassJSON
import MassRuntime

/// Reads nested lists as the tensor of one input.
///
/// More is taken than by TensorFlow Serving: a whole number may be written with a fraction of zero, a float as any
/// number its type can be rounded to, and half floats are read too.
struct TensorFlowInput {
  /// What is wrong with one of the values that make a tensor.
  struct Failure: Error {
    var part: Int
    var error: ServingError
  }

  private let input: TensorDescription
  private let type: TensorFlowType

  init(_ input: TensorDescription) {
    self.input = input
    type = TensorFlowType(input.element)
  }

  /// A tensor with the shape of the lists.
  func tensor(_ value: JSONValue) throws(ServingError) -> Tensor {
    let shape = try shape(of: value)
    do throws(Failure) { return try tensor(shape, [value]) } catch { throw error.error }
  }

  /// The values along a first axis. All must have one shape.
  func tensor(stacking parts: [JSONValue]) throws(Failure) -> Tensor {
    var expected: [Int] = []
    for (i, part) in parts.enumerated() {
      do throws(ServingError) {
        let shape = try shape(of: part)
        if i == 0 { expected = shape }
        guard shape == expected else { throw .invalid("Expecting shape \(expected) but got: \(shape)") }
      } catch { throw Failure(part: i, error: error) }
    }
    return try tensor([parts.count] + expected, parts)
  }

  /// One tensor of values behind each other, each with an equal share of the elements.
  private func tensor(_ listed: [Int], _ parts: [JSONValue]) throws(Failure) -> Tensor {
    let shape = completed(listed)
    let size: Int
    do throws(ServingError) {
      size = try TensorBytes.elementCount(shape, input: input.name) / max(parts.count, 1)
    } catch { throw Failure(part: 0, error: error) }
    if type.element == .string { return try strings(shape, parts, size) }
    let tensor = try numbers(shape, parts, size)
    return type.isNarrowFloat ? try narrowed(tensor, size) : tensor
  }

  /// Lists that hold nothing do not show the extents within them: those that are fixed come from the signature.
  private func completed(_ shape: [Int]) -> [Int] {
    guard shape.last == 0, shape.count < input.shape.count else { return shape }
    let rest = input.shape[shape.count...]
    return rest.allSatisfy { $0 >= 0 } ? shape + rest : shape
  }

  // MARK: Elements

  private func numbers(_ shape: [Int], _ parts: [JSONValue], _ size: Int) throws(Failure) -> Tensor {
    guard let width = type.wide.byteWidth else { throw Failure(part: 0, error: unsupported) }
    var failure: (part: Int, reason: JSONFillError)?
    let tensor: Tensor
    do throws(ServingError) {
      tensor = try unsafe TensorBytes.allocate(input.name, element: type.wide, shape: shape) { target in
        for (i, part) in parts.enumerated() {
          let share = i * size * width..<(i + 1) * size * width
          do throws(JSONFillError) {
            try unsafe part.fill(type.wide, into: UnsafeMutableRawBufferPointer(rebasing: target[share]), count: size)
          } catch {
            failure = (i, error)
            return
          }
        }
      }
    } catch { throw Failure(part: 0, error: error) }
    if let failure {
      throw Failure(part: failure.part, error: refusal(failure.reason, in: parts[failure.part], count: size))
    }
    return tensor
  }

  private func strings(_ shape: [Int], _ parts: [JSONValue], _ size: Int) throws(Failure) -> Tensor {
    var strings: [String] = []
    strings.reserveCapacity(parts.count * size)
    for (i, part) in parts.enumerated() {
      do throws(ServingError) {
        for leaf in try leaves(of: part, count: size) { strings.append(try string(leaf, at: strings.count)) }
      } catch { throw Failure(part: i, error: error) }
    }
    do throws(ServingError) { return try TensorBytes.strings(strings, shape: shape, input: input.name) } catch {
      throw Failure(part: 0, error: error)
    }
  }

  private func string(_ leaf: JSONValue, at index: Int) throws(ServingError) -> String {
    if let text = leaf.string { return text }
    guard leaf.kind == .object else { throw TensorFlowError.type(leaf, expected: type) }
    let bytes: [UInt8]
    do throws(JSONBase64Error) { bytes = try leaf.base64Bytes() } catch {
      throw .invalid("Unable to base64 decode: \(error)")
    }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw .invalid("element \(index) of input '\(input.name)' is not UTF-8; strings of ONNX models are Unicode text")
    }
    return text
  }

  /// Doubles rounded to the type of the input.
  private func narrowed(_ wide: Tensor, _ size: Int) throws(Failure) -> Tensor {
    let values = wide.doubles()
    let tensor: Tensor
    do throws(TensorError) { tensor = try Tensor.make(type.element, wide.shape, doubles: values) } catch {
      throw Failure(part: 0, error: ServingError(.resourceExhausted, "input '\(input.name)': \(error)"))
    }
    for (i, value) in tensor.doubles().enumerated() where value.isInfinite && values[i].isFinite {
      throw Failure(part: i / size, error: lossy("\(values[i])"))
    }
    return tensor
  }
}

// MARK: What is wrong

extension TensorFlowInput {
  private func shape(of value: JSONValue) throws(ServingError) -> [Int] {
    // The elements of flat rows are many, and most are numbers.
    guard value.kind == .array || value.kind == .object else { return [] }
    do throws(JSONShapeError) { return try value.nestedShape() } catch {
      guard case .object(let path) = error else { throw .invalid("Encountered lists of different sizes: \(error)") }
      let leaf = path.reduce(value) { value, index in value.elements[index] }
      guard type.element == .string else { throw TensorFlowError.type(leaf, expected: type) }
      throw TensorFlowError.format(leaf, "not formatted correctly for base64 data")
    }
  }

  private func refusal(_ reason: JSONFillError, in part: JSONValue, count: Int) -> ServingError {
    do throws(ServingError) {
      switch reason {
      case .outOfRange(_, let value) where type.element.isFloatingPoint: return lossy(value)
      case .wrongType(let index, _, _), .outOfRange(let index, _):
        return TensorFlowError.type(try leaves(of: part, count: count)[index], expected: type)
      case .unsupported: return unsupported
      case .tooFew, .tooMany: return .invalid("input '\(input.name)': \(reason)")
      }
    } catch { return error }
  }

  private func leaves(of value: JSONValue, count: Int) throws(ServingError) -> [JSONValue] {
    do throws(JSONFillError) { return try value.leaves(count: count) } catch {
      throw .invalid("input '\(input.name)': \(error)")
    }
  }

  private func lossy(_ value: String) -> ServingError {
    .invalid("Cannot convert JSON value: \(value) to \(type.valueName) without loss of precision.")
  }

  private var unsupported: ServingError {
    ServingError(.unsupported, "Conversion of JSON values to type: \(type.valueName) is not possible")
  }
}
