import ONNXShim

/// Turns the shim's views into Swift values.
///
/// Recursion is bounded by `MASS_ONNX_MAXIMUM_DEPTH`, sizes by the file.
struct ONNXReader {
  let source: ONNXSource

  func list<Element>(_ count: Int, _ element: (Int) -> Element?) -> [Element] {
    var result: [Element] = []
    result.reserveCapacity(count)
    for i in 0..<count {
      if let element = element(i) { result.append(element) }
    }
    return result
  }

  func entries(_ fetch: (UnsafeMutablePointer<mass_onnx_entry>?, Int) -> Int) -> [ONNXEntry] {
    let count = fetch(nil, 0)
    guard count > 0 else { return [] }
    let entries = unsafe [mass_onnx_entry](unsafeUninitializedCapacity: count) { buffer, initialized in
      initialized = unsafe min(fetch(buffer.baseAddress, count), count)
    }
    return unsafe entries.map { unsafe ONNXEntry(key: String($0.key), value: String($0.value)) }
  }

  func graph(_ graph: OpaquePointer) -> ONNXGraph {
    unsafe ONNXGraph(
      name: String(mass_onnx_graph_name(graph)),
      nodes: list(mass_onnx_graph_node_count(graph)) {
        unsafe mass_onnx_graph_node(graph, $0).map { unsafe node($0) }
      },
      initializers: list(mass_onnx_graph_initializer_count(graph)) {
        unsafe mass_onnx_graph_initializer(graph, $0).map { unsafe tensor($0) }
      },
      sparseInitializers: list(mass_onnx_graph_sparse_initializer_count(graph)) {
        unsafe mass_onnx_graph_sparse_initializer(graph, $0).flatMap { unsafe sparseTensor($0) }
      },
      inputs: list(mass_onnx_graph_input_count(graph)) { unsafe valueInfo(mass_onnx_graph_input(graph, $0)) },
      outputs: list(mass_onnx_graph_output_count(graph)) { unsafe valueInfo(mass_onnx_graph_output(graph, $0)) },
      valueInfo: list(mass_onnx_graph_value_info_count(graph)) {
        unsafe valueInfo(mass_onnx_graph_value_info(graph, $0))
      })
  }

  func function(_ function: OpaquePointer) -> ONNXFunction {
    unsafe ONNXFunction(
      key: ONNXFunction.Key(
        domain: ONNXDomain.canonical(String(mass_onnx_function_domain(function))),
        name: String(mass_onnx_function_name(function)), overload: String(mass_onnx_function_overload(function))),
      inputs: list(mass_onnx_function_input_count(function)) { unsafe String(mass_onnx_function_input(function, $0)) },
      outputs: list(mass_onnx_function_output_count(function)) {
        unsafe String(mass_onnx_function_output(function, $0))
      },
      attributes: list(mass_onnx_function_attribute_count(function)) {
        unsafe String(mass_onnx_function_attribute(function, $0))
      },
      defaults: list(mass_onnx_function_default_count(function)) {
        unsafe mass_onnx_function_default(function, $0).map { unsafe attribute($0) }
      },
      nodes: list(mass_onnx_function_node_count(function)) {
        unsafe mass_onnx_function_node(function, $0).map { unsafe node($0) }
      },
      opsets: list(mass_onnx_function_opset_count(function)) {
        unsafe ONNXOpset(mass_onnx_function_opset(function, $0))
      })
  }

  func node(_ node: OpaquePointer) -> ONNXNode {
    unsafe ONNXNode(
      name: String(mass_onnx_node_name(node)),
      opType: String(mass_onnx_node_operator(node)),
      domain: ONNXDomain.canonical(String(mass_onnx_node_domain(node))),
      overload: String(mass_onnx_node_overload(node)),
      inputs: operandNames(mass_onnx_node_input_count(node)) { unsafe String(mass_onnx_node_input(node, $0)) },
      outputs: operandNames(mass_onnx_node_output_count(node)) { unsafe String(mass_onnx_node_output(node, $0)) },
      attributes: list(mass_onnx_node_attribute_count(node)) {
        unsafe mass_onnx_node_attribute(node, $0).map { unsafe attribute($0) }
      })
  }

  private func operandNames(_ count: Int, _ name: (Int) -> String) -> [String] {
    var names = list(count, name)
    while names.last?.isEmpty == true { names.removeLast() }
    return names
  }

  func tensor(_ tensor: OpaquePointer) -> ONNXTensor {
    unsafe ONNXTensor(
      name: String(mass_onnx_tensor_name(tensor)), element: Int(mass_onnx_tensor_element(tensor)),
      dimensions: integers(mass_onnx_tensor_dimensions(tensor)).map { Int($0) }, handle: tensor, source: source)
  }

  func sparseTensor(_ sparse: OpaquePointer) -> ONNXSparseTensor? {
    guard let values = unsafe mass_onnx_sparse_tensor_values(sparse),
      let indices = unsafe mass_onnx_sparse_tensor_indices(sparse)
    else { return nil }
    return unsafe ONNXSparseTensor(
      values: tensor(values), indices: tensor(indices),
      dimensions: integers(mass_onnx_sparse_tensor_dimensions(sparse)).map { Int($0) })
  }

  func integers(_ array: mass_onnx_int64s) -> [Int64] {
    unsafe [Int64](UnsafeBufferPointer(start: array.data, count: array.count))
  }
}

extension ONNXReader {
  func attribute(_ attribute: OpaquePointer) -> ONNXAttribute {
    unsafe ONNXAttribute(
      name: String(mass_onnx_attribute_name(attribute)), value: value(of: attribute),
      reference: String(mass_onnx_attribute_reference(attribute)))
  }

  /// Files older than IR version 2 state no type; the field that is filled tells it.
  private func value(of attribute: OpaquePointer) -> ONNXAttribute.Value {
    let stated = unsafe mass_onnx_attribute_type(attribute)
    if stated != 0 { return unsafe value(of: attribute, type: stated) }
    let held = (1...Int32(MASS_ONNX_ATTRIBUTE_TYPES.rawValue)).first {
      unsafe mass_onnx_attribute_holds(attribute, $0)
    }
    return held.map { unsafe value(of: attribute, type: $0) } ?? .malformed(type: 0)
  }

  private func value(of attribute: OpaquePointer, type: Int32) -> ONNXAttribute.Value {
    switch UInt32(bitPattern: type) {
    case MASS_ONNX_ATTRIBUTE_FLOAT.rawValue: return unsafe .float(mass_onnx_attribute_float(attribute))
    case MASS_ONNX_ATTRIBUTE_INT.rawValue: return unsafe .int(mass_onnx_attribute_int(attribute))
    case MASS_ONNX_ATTRIBUTE_STRING.rawValue: return unsafe .string(String(mass_onnx_attribute_string(attribute)))
    case MASS_ONNX_ATTRIBUTE_FLOATS.rawValue:
      let floats = unsafe mass_onnx_attribute_floats(attribute)
      return unsafe .floats([Float](UnsafeBufferPointer(start: floats.data, count: floats.count)))
    case MASS_ONNX_ATTRIBUTE_INTS.rawValue: return unsafe .ints(integers(mass_onnx_attribute_ints(attribute)))
    case MASS_ONNX_ATTRIBUTE_STRINGS.rawValue:
      return unsafe .strings(
        list(mass_onnx_attribute_count(attribute, type)) {
          unsafe String(mass_onnx_attribute_string_at(attribute, $0))
        })
    default: return unsafe structuredValue(of: attribute, type) ?? .malformed(type: Int(type))
    }
  }

  private func structuredValue(
    of attribute: OpaquePointer, _ type: Int32
  ) -> ONNXAttribute.Value? {
    let count = unsafe mass_onnx_attribute_count(attribute, type)
    switch UInt32(bitPattern: type) {
    case MASS_ONNX_ATTRIBUTE_TENSOR.rawValue:
      return unsafe mass_onnx_attribute_tensor(attribute).map { unsafe .tensor(tensor($0)) }
    case MASS_ONNX_ATTRIBUTE_GRAPH.rawValue:
      return unsafe mass_onnx_attribute_graph(attribute).map { unsafe .graph(graph($0)) }
    case MASS_ONNX_ATTRIBUTE_SPARSE_TENSOR.rawValue:
      return unsafe mass_onnx_attribute_sparse_tensor(attribute).flatMap { unsafe sparseTensor($0) }
        .map { .sparseTensor($0) }
    case MASS_ONNX_ATTRIBUTE_TYPE.rawValue: return unsafe .type(self.type(mass_onnx_attribute_type_value(attribute)))
    case MASS_ONNX_ATTRIBUTE_TENSORS.rawValue:
      return .tensors(
        list(count) { unsafe mass_onnx_attribute_tensor_at(attribute, $0).map { unsafe tensor($0) } })
    case MASS_ONNX_ATTRIBUTE_GRAPHS.rawValue:
      return .graphs(list(count) { unsafe mass_onnx_attribute_graph_at(attribute, $0).map { unsafe graph($0) } })
    case MASS_ONNX_ATTRIBUTE_SPARSE_TENSORS.rawValue:
      return .sparseTensors(
        list(count) { unsafe mass_onnx_attribute_sparse_tensor_at(attribute, $0).flatMap { unsafe sparseTensor($0) } })
    case MASS_ONNX_ATTRIBUTE_TYPES.rawValue:
      return .types(list(count) { unsafe self.type(mass_onnx_attribute_type_at(attribute, $0)) })
    default: return nil
    }
  }
}

extension ONNXReader {
  func valueInfo(_ info: OpaquePointer?) -> ONNXValueInfo {
    unsafe ONNXValueInfo(name: String(mass_onnx_value_info_name(info)), type: type(mass_onnx_value_info_type(info)))
  }

  func type(_ type: OpaquePointer?) -> ONNXType {
    let element = unsafe Int(mass_onnx_type_element(type))
    switch unsafe mass_onnx_type_kind(type) {
    case MASS_ONNX_TYPE_TENSOR: return unsafe .tensor(element: element, shape: shape(type))
    case MASS_ONNX_TYPE_SPARSE_TENSOR: return unsafe .sparseTensor(element: element, shape: shape(type))
    case MASS_ONNX_TYPE_SEQUENCE: return unsafe .sequence(self.type(mass_onnx_type_inner(type)))
    case MASS_ONNX_TYPE_OPTIONAL: return unsafe .optional(self.type(mass_onnx_type_inner(type)))
    case MASS_ONNX_TYPE_MAP: return unsafe .map(key: element, value: self.type(mass_onnx_type_inner(type)))
    case MASS_ONNX_TYPE_OPAQUE: return .opaque
    default: return .unknown
    }
  }

  private func shape(_ type: OpaquePointer?) -> [ONNXDimension]? {
    guard unsafe mass_onnx_type_has_shape(type) else { return nil }
    return unsafe list(mass_onnx_type_rank(type)) { axis -> ONNXDimension in
      let dimension = unsafe mass_onnx_type_dimension(type, axis)
      switch unsafe dimension.kind {
      case MASS_ONNX_DIMENSION_VALUE: return unsafe .value(Int(dimension.value))
      case MASS_ONNX_DIMENSION_PARAMETER: return unsafe .parameter(String(dimension.parameter))
      default: return .unknown
      }
    }
  }
}

extension String {
  /// The bytes of a file as text; what is not UTF-8 is replaced.
  init(_ text: mass_onnx_text) {
    self = unsafe String(decoding: UnsafeRawBufferPointer(start: text.data, count: text.size), as: UTF8.self)
  }
}

extension ONNXOpset {
  init(_ opset: mass_onnx_opset) {
    self = unsafe ONNXOpset(domain: ONNXDomain.canonical(String(opset.domain)), version: Int(opset.version))
  }
}
