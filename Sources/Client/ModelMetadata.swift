import MassFormats
import MassJSON
import MassRuntime

/// What a server says of a model.
public struct ModelMetadata: Hashable, Sendable {
  public var name: String
  public var versions: [String]
  public var platform: String
  public var inputs: [TensorMetadata]
  public var outputs: [TensorMetadata]

  /// More inputs or outputs than this are refused.
  public static let tensorLimit = 4096
}

/// An input or output of a served model.
public struct TensorMetadata: Hashable, Sendable {
  public var name: String
  public var element: ElementType
  /// nil stands for an extent that requests choose.
  public var shape: [Int?]

  /// Shapes of more extents are refused.
  public static let rankLimit = 64
}

extension TensorMetadata {
  /// The tensor as a model's input. Extents that requests choose have one symbol for each axis, `d0`, `d1` and so on: the
  /// protocol does not say which are equal, and most models mean the same by equal axes.
  public var value: ValueInfo {
    let shape = shape.enumerated().map { i, extent in extent.map { Dimension($0) } ?? Dimension(symbol: "d\(i)") }
    return ValueInfo(name: name, type: .tensor(TensorType(element, shape)))
  }
}

extension ModelMetadata {
  /// Reads the answer to a model's metadata request.
  init(_ root: JSONValue) throws(ClientError) {
    guard root.kind == .object, let name = root.member("name")?.string, let inputs = root.member("inputs"),
      let outputs = root.member("outputs")
    else { throw .notInferenceServer(reason: "the model's metadata has no name, inputs and outputs") }
    self.name = name
    versions = root.member("versions")?.elements.compactMap(\.string) ?? []
    platform = root.member("platform")?.string ?? ""
    self.inputs = try Self.tensors(inputs)
    self.outputs = try Self.tensors(outputs)
  }

  private static func tensors(_ list: JSONValue) throws(ClientError) -> [TensorMetadata] {
    guard list.kind == .array else { throw .malformed("the inputs or outputs in the metadata are no list") }
    guard list.count <= tensorLimit else { throw .malformed("the metadata has more than \(tensorLimit) tensors") }
    var tensors: [TensorMetadata] = []
    for entry in list.elements {
      guard let name = entry.member("name")?.string, let datatype = entry.member("datatype")?.string else {
        throw .malformed("a tensor in the metadata has no name or datatype")
      }
      guard let element = Datatype.element(named: datatype) else {
        throw .malformed("tensor '\(name)' has the unknown datatype '\(datatype)'")
      }
      guard let shape = entry.member("shape"), shape.kind == .array, shape.count <= TensorMetadata.rankLimit else {
        throw .malformed("tensor '\(name)' has no shape of at most \(TensorMetadata.rankLimit) extents")
      }
      var extents: [Int?] = []
      for extent in shape.elements {
        guard let number = extent.int64 else { throw .malformed("tensor '\(name)' has an extent that is no number") }
        extents.append(number < 0 ? nil : Int(number))
      }
      tensors.append(TensorMetadata(name: name, element: element, shape: extents))
    }
    return tensors
  }
}
