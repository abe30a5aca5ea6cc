import FoundationEssentials
import MassPlanFormat

/// Converts graphs to and from the plan's messages. Decoding checks every index, count and code before use.
enum GraphCoder {
  static func encode(_ graph: Graph, constant: (Tensor) -> WireBlob) -> WireGraph {
    var wire = WireGraph()
    wire.name = graph.name
    wire.values = graph.values.map { value in
      var info = WireValueInfo()
      info.name = value.name
      info.type = TypeCoder.encode(value.type)
      return info
    }
    wire.nodes = graph.nodes.map(encode)
    wire.inputs = graph.inputs.map { UInt32($0.index) }
    wire.outputs = graph.outputs.map { UInt32($0.index) }
    wire.constants = graph.constants.keys.sorted().compactMap { id in
      guard let tensor = graph.constants[id] else { return nil }
      var entry = WireConstant()
      entry.value = UInt32(id.index)
      entry.data = constant(tensor)
      return entry
    }
    return wire
  }

  private static func encode(_ node: Node) -> WireNode {
    var wire = WireNode()
    wire.operator = node.operatorName
    wire.attributes = AttributeEncoder.encode(node.op)
    wire.inputs = node.inputs.map { $0.map { UInt32($0.index + 1) } ?? 0 }
    wire.outputs = node.outputs.map { UInt32($0.index) }
    wire.origins = node.origins
    return wire
  }

  static func decode(
    _ wire: WireGraph, operators: OperatorSet = .standard, _ constant: (WireBlob) throws -> Tensor
  ) throws -> Graph {
    var graph = Graph(name: wire.name)
    graph.values = try wire.values.map { ValueInfo(name: $0.name, type: try TypeCoder.decode($0.type)) }
    func id(_ index: UInt32) throws -> ValueID {
      guard Int(index) < graph.values.count else { throw PlanError.malformed("value index \(index) out of range") }
      return ValueID(Int(index))
    }
    graph.inputs = try wire.inputs.map(id)
    graph.outputs = try wire.outputs.map(id)
    for entry in wire.constants { graph.constants[try id(entry.value)] = try constant(entry.data) }
    graph.nodes = try wire.nodes.map { node in
      guard let type = operators[node.operator] else { throw PlanError.unknownOperator(node.operator) }
      return Node(
        try decodeOperator(type, node), inputs: try node.inputs.map { $0 == 0 ? nil : try id($0 - 1) },
        outputs: try node.outputs.map(id), origins: node.origins)
    }
    return graph
  }

  private static func decodeOperator(_ type: any Operator.Type, _ node: WireNode) throws -> any Operator {
    do { return try AttributeDecoder.decode(type, from: node.attributes) } catch let error as DecodingError {
      throw PlanError.badAttributes(operator: node.operator, node: node.origins.first ?? "", reason: "\(error)")
    }
  }
}

/// Constants of bodies travel inside the message itself.
enum InlineConstants {
  static func blob(_ tensor: Tensor) -> WireBlob {
    var blob = WireBlob()
    blob.element = UInt32(tensor.element.rawValue)
    blob.shape = tensor.shape.map(Int64.init)
    blob.strings =
      tensor.element == .string
      ? tensor.strings.map { Data($0.utf8) }
      : [tensor.bytes { Data($0) }]
    return blob
  }

  static func tensor(_ blob: WireBlob) throws -> Tensor {
    let (element, shape) = try header(blob)
    if element == .string { return try strings(blob, shape) }
    guard blob.strings.count == 1, let bytes = blob.strings.first else {
      throw PlanError.malformed("an inline constant without bytes")
    }
    guard element.byteCount(elements: try Tensor.elementCount(of: shape)) == bytes.count else {
      throw PlanError.malformed("an inline constant of \(bytes.count) bytes for \(element)\(shape)")
    }
    return try unsafe Tensor(element: element, shape: shape) { target in
      for (i, byte) in bytes.enumerated() { unsafe target[i] = byte }
    }
  }

  static func strings(_ blob: WireBlob, _ shape: [Int]) throws -> Tensor {
    try Tensor(strings: blob.strings.map { String(decoding: $0, as: UTF8.self) }, shape: shape)
  }

  static func header(_ blob: WireBlob) throws -> (ElementType, [Int]) {
    guard let element = ElementType(code: blob.element) else {
      throw PlanError.malformed("element type \(blob.element)")
    }
    return (element, blob.shape.map(Int.init))
  }
}

extension ElementType {
  init?(code: UInt32) {
    guard let raw = UInt8(exactly: code) else { return nil }
    self.init(rawValue: raw)
  }
}

extension Tensor {
  /// The bytes as an array-like collection, borrowed for the call.
  func bytes<R>(_ body: ([UInt8]) -> R) -> R { unsafe withUnsafeBytes { bytes in body(unsafe Array(bytes)) } }
}
