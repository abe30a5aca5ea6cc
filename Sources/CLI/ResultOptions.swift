import ArgumentParser
import MassFormats
import MassRuntime

/// What is done with a model's outputs.
struct ResultOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Write the outputs to an archive, in the model's order.", valueName: "file.npz"))
  var output: String?

  @Option(help: ArgumentHelp("Show the K largest scores of the first output of floats, as they are.", valueName: "k"))
  var top: Int?

  @Option(help: ArgumentHelp("The classes' names, one a line.", valueName: "file"), completion: .file())
  var labels: String?

  func validate() throws {
    if let top, top < 1 { throw ValidationError("--top: expected 1 or more, got \(top)") }
    if labels != nil && top == nil { throw ValidationError("--labels: expected --top beside it") }
  }

  /// The classes' names, if a file of them is given.
  func classNames() throws(Failure) -> [String]? {
    try labels.map { file throws(Failure) in try Ranking.labels(file) }
  }

  /// Writes and shows the outputs of the model at `path`; `members` come first in JSON.
  func present(
    _ outputs: [(String, Value)], _ labels: [String]?, of path: String, as members: [(String, JSON)],
    _ printing: OutputOptions
  ) throws(Failure) {
    if let output { try write(outputs, to: output) }
    let rankings = try top.map { count throws(Failure) in
      try Ranking.ofFirst(outputs, count: count, labels: labels, path: path)
    }
    let summaries = outputs.map { ValueSummary(name: $0, $1) }
    if printing.json {
      var members = members + [("outputs", .array(summaries.map(\.json)))]
      if let rankings { members.append(("top", .array(rankings.map(\.json)))) }
      print(JSON.object(members).text())
    } else if !printing.quiet {
      print(Text.table(summaries.map(\.cells)))
      for ranking in rankings ?? [] { print(ranking.text) }
    }
  }

  private func write(_ outputs: [(String, Value)], to path: String) throws(Failure) {
    var tensors: [(name: String, tensor: Tensor)] = []
    for (name, value) in outputs where !tensors.contains(where: { $0.name == name }) {
      guard let tensor = value.tensor else {
        throw Failure("\(path): output '\(name)' is \(value.type), which a .npz archive cannot hold")
      }
      tensors.append((name, tensor))
    }
    try Interruption.postponed { () throws(Failure) in
      try Failure.inFormat { () throws(FormatError) in try NPZArchive.write(tensors, to: path) }
    }
  }
}
