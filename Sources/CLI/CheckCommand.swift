import ArgumentParser
import MassCompiler
import MassFormats
import MassRuntime

struct CheckCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check", abstract: "Names every problem of a model.",
    discussion: """
      Exit status 0 when the model compiles, 1 when not.

      EXAMPLES
        mass check model.onnx
        mass check model.onnx --json
      """)

  @Argument(help: "The ONNX model.", completion: .file(extensions: ["onnx"]))
  var model: String

  @OptionGroup var output: OutputOptions

  func run() throws {
    let report = Importer.check(path: model)
    if output.json {
      print(report.json.text())
    } else if !output.quiet || !report.isClean {
      print(report.text)
    }
    if !report.isClean { throw ExitCode(1) }
  }
}

extension CheckReport {
  fileprivate var json: JSON {
    [
      "model": .string(path), "ok": .bool(isClean), "ir_version": .int(irVersion), "producer": .string(producer),
      "opsets": .object(opsets.map { ($0.domain.isEmpty ? "ai.onnx" : $0.domain, .int($0.version)) }),
      "nodes": .int(nodeCount), "functions": .int(functionCount), "constant_bytes": .int(constantBytes),
      "operators": .array(
        operatorCounts.map {
          ["name": .string($0.name), "count": .int($0.count), "supported": .bool($0.isSupported)]
        }),
      "inputs": .array(inputs.map(\.json)), "outputs": .array(outputs.map(\.json)),
      "problems": .array(problems.map(\.json)), "warnings": .array(warnings.map(\.json)),
    ]
  }

  fileprivate var text: String {
    var lines: [String] = []
    if nodeCount > 0 {
      let versions = opsets.map { "\($0.domain.isEmpty ? "ai.onnx" : $0.domain) \($0.version)" }
      lines.append("\(path): \(nodeCount) nodes, \(Text.bytes(constantBytes)) of constants, \(Text.list(versions))")
      for (what, infos) in [("input", inputs), ("output", outputs)] {
        lines += infos.map { "  \(what) \($0.name): \($0.type)" }
      }
    }
    lines += warnings.map { "warning: \($0.line)" } + problems.map { "problem: \($0.line)" }
    lines.append(isClean ? "\(path): compiles" : "\(path): \(Text.count(problemCount, "problem"))")
    return lines.joined(separator: "\n")
  }
}

extension ValueInfo {
  /// Name, type, and the extents where there are any, symbols as text.
  var json: JSON {
    let shape = type.tensor.map { tensor in
      JSON.array(tensor.shape.map { extent in extent.constant.map { .int($0) } ?? .string("\(extent)") })
    }
    return [
      "name": .string(name), "type": .string(type.element.map { "\($0)" } ?? "\(type)"), "shape": shape ?? .null,
    ]
  }
}

extension Problem {
  fileprivate var json: JSON {
    [
      "kind": .string(kind.rawValue), "operator": .string(op), "count": .int(count), "nodes": .strings(nodes),
      "message": .string(message), "remedy": .string(remedy),
    ]
  }

  /// What, where and how often.
  fileprivate var line: String {
    let others = nodes.count > 1 ? " [\(nodes.count) nodes: \(Text.list(nodes))]" : ""
    return "\(self)\(others)"
  }
}
