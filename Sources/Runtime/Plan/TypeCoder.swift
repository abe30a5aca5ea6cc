import MassPlanFormat

/// Converts types and dimensions to and from the plan's messages.
enum TypeCoder {
  static func encode(_ type: ValueType) -> WireValueType {
    var wire = WireValueType()
    switch type {
    case .tensor(let tensor):
      wire.tensor.element = UInt32(tensor.element.rawValue)
      wire.tensor.shape = tensor.shape.map(encode)
      wire.tensor.layout = UInt32(tensor.layout.rawValue)
    case .unrankedTensor(let element): wire.unranked = UInt32(element.rawValue)
    case .sequence(let element): wire.sequence = encode(element)
    case .optional(let element): wire.optional = encode(element)
    case .map(let key, let value):
      wire.map.key = UInt32(key.rawValue)
      wire.map.value = encode(value)
    case .unknown: break
    }
    return wire
  }

  static func decode(_ wire: WireValueType) throws -> ValueType {
    switch wire.kind {
    case .tensor(let tensor)?:
      guard let layout = UInt8(exactly: tensor.layout).flatMap(Layout.init) else {
        throw PlanError.malformed("layout \(tensor.layout)")
      }
      return .tensor(TensorType(try element(tensor.element), try tensor.shape.map(decode), layout: layout))
    case .unranked(let code)?: return .unrankedTensor(try element(code))
    case .sequence(let inner)?: return .sequence(try decode(inner))
    case .optional(let inner)?: return .optional(try decode(inner))
    case .map(let map)?: return .map(key: try element(map.key), value: try decode(map.value))
    case nil: return .unknown
    }
  }

  private static func element(_ code: UInt32) throws -> ElementType {
    guard let element = ElementType(code: code) else { throw PlanError.malformed("element type \(code)") }
    return element
  }

  static func encode(_ dimension: Dimension) -> WireDimension {
    var wire = WireDimension()
    wire.constant = Int64(dimension.constantPart)
    wire.terms = dimension.terms.map { term in
      var result = WireTerm()
      result.coefficient = Int64(term.coefficient)
      result.factors = term.factors.map(encode)
      return result
    }
    return wire
  }

  private static func encode(_ atom: Dimension.Atom) -> WireAtom {
    func pair(_ a: Dimension, _ b: Dimension) -> WireDimensionPair {
      var wire = WireDimensionPair()
      wire.first = encode(a)
      wire.second = encode(b)
      return wire
    }
    var wire = WireAtom()
    switch atom {
    case .symbol(let name): wire.symbol = name
    case .floorDivide(let a, let b): wire.floorDivide = pair(a, b)
    case .maximum(let a, let b): wire.maximum = pair(a, b)
    case .minimum(let a, let b): wire.minimum = pair(a, b)
    }
    return wire
  }

  /// Rebuilds the expression by arithmetic, so that whatever the file says, the result is in normal form.
  static func decode(_ wire: WireDimension) throws -> Dimension {
    var result = Dimension(Int(wire.constant))
    for term in wire.terms {
      var product = Dimension(Int(term.coefficient))
      for factor in term.factors { product = product * (try decode(factor)) }
      result = result + product
    }
    return result
  }

  private static func decode(_ wire: WireAtom) throws -> Dimension {
    switch wire.kind {
    case .symbol(let name)?: Dimension(symbol: name)
    case .floorDivide(let pair)?: try decode(pair.first).floorDivided(by: try decode(pair.second))
    case .maximum(let pair)?: .maximum(try decode(pair.first), try decode(pair.second))
    case .minimum(let pair)?: .minimum(try decode(pair.first), try decode(pair.second))
    case nil: throw PlanError.malformed("an empty dimension expression")
    }
  }
}
