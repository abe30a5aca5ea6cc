import MassRuntime

extension ImportScope {
  /// Translates a graph: initializers, inputs, nodes, outputs.
  ///
  /// - Parameter inputTypes: Replaces declared input types where not nil.
  func populate(_ graph: ONNXGraph, inputTypes: [ValueType?] = []) {
    defineInitializers(graph)
    defineInputs(graph, inputTypes)
    for info in graph.valueInfo + graph.outputs where !info.name.isEmpty { declaredTypes[info.name] = info.type }
    translate(graph.nodes)
    defineOutputs(graph)
  }

  private func defineInitializers(_ graph: ONNXGraph) {
    for tensor in graph.initializers {
      define(tensor.name, element: tensor.element, dimensions: tensor.dimensions) { () throws(TensorDecodingError) in
        try builder.tensors.decode(tensor)
      }
    }
    for tensor in graph.sparseInitializers {
      define(tensor.name, element: tensor.values.element, dimensions: tensor.dimensions) {
        () throws(TensorDecodingError) in try builder.tensors.decode(tensor)
      }
    }
  }

  private func define(
    _ name: String, element: Int, dimensions: [Int], _ decode: () throws(TensorDecodingError) -> Tensor
  ) {
    guard !defines(name) else {
      return session.record(Problem(.duplicateName, message: "initializer '\(name)' is defined more than once"))
    }
    do {
      bind(name, to: builder.addConstant(try decode(), name: prefix + name))
    } catch {
      session.record(Problem(error.kind, message: error.message, remedy: error.remedy))
      bind(name, to: placeholder(name))
    }
  }

  /// Initializers that are also inputs are constants: a plan does not let the caller replace weights.
  private func defineInputs(_ graph: ONNXGraph, _ inputTypes: [ValueType?]) {
    let constants = Set(graph.initializers.map(\.name)).union(graph.sparseInitializers.map(\.name))
    for (i, input) in graph.inputs.enumerated() where !constants.contains(input.name) {
      guard !defines(input.name) else {
        session.record(Problem(.duplicateName, message: "input '\(input.name)' is declared more than once"))
        continue
      }
      let given = i < inputTypes.count ? inputTypes[i] : nil
      let id = builder.addInput(name: prefix + input.name, type: given ?? declaredType(of: input))
      bind(input.name, to: id)
    }
  }

  private func declaredType(of input: ONNXValueInfo) -> ValueType {
    do throws(UnsupportedElement) {
      if case .opaque = input.type { throw UnsupportedElement(number: 0) }
      return try input.type.valueType(label: input.name)
    } catch {
      session.record(
        Problem(
          .unsupportedType,
          message: "input '\(input.name)': element type \(ElementType.describe(onnx: error.number)) is not supported"))
      return .unknown
    }
  }

  private func defineOutputs(_ graph: ONNXGraph) {
    for output in graph.outputs {
      switch lookup(output.name) {
      case .value(let id): builder.addOutput(id, name: prefix + output.name)
      case .absent, .missing:
        if !session.isExhausted {
          session.record(
            Problem(
              .missingOutput, message: "output '\(prefix)\(output.name)' is defined by no node, input or initializer"))
        }
        builder.addOutput(placeholder(output.name), name: prefix + output.name)
      }
    }
  }

  /// Imports the body of a control-flow node. What it reads from around it becomes leading inputs.
  func importBody(_ graph: ONNXGraph, prefix: String, inputTypes: [ValueType?]) -> ImportedBody {
    let builder = self.builder.makeBodyBuilder(name: graph.name)
    let scope = ImportScope(bodyIn: self, builder, prefix: prefix)
    scope.populate(graph, inputTypes: inputTypes)
    builder.moveTrailingInputsToFront(after: builder.graph.inputs.count - scope.captured.count)
    return ImportedBody(graph: builder.graph, captured: scope.captured)
  }
}
