import ArgumentParser
import MassCompiler
import MassRuntime

/// `NAME=1x3x224x224`.
struct ShapeArgument: ExpressibleByArgument, Sendable, CustomStringConvertible {
  var name: String
  var extents: [Int]

  var description: String { "\(name)=\(extents.map(String.init).joined(separator: "x"))" }

  /// The name may hold `=`; a scalar's shape is empty.
  init?(argument: String) {
    guard let mark = argument.lastIndex(of: "="), mark > argument.startIndex else { return nil }
    let text = argument[argument.index(after: mark)...]
    let fields = text.isEmpty ? [] : text.split(separator: "x", omittingEmptySubsequences: false)
    let extents = fields.compactMap { Int($0) }
    guard extents.count == fields.count, extents.allSatisfy({ $0 >= 0 }) else { return nil }
    name = String(argument[..<mark])
    self.extents = extents
  }
}

struct ShapeOptions: ParsableArguments {
  @Option(
    name: .customLong("shape"), parsing: .singleValue,
    help: ArgumentHelp("The shape of an input; may be repeated.", valueName: "name=1x3x224x224"))
  var shapes: [ShapeArgument] = []

  var byName: [String: [Int]] {
    Dictionary(shapes.map { ($0.name, $0.extents) }, uniquingKeysWith: { _, last in last })
  }
}

struct ThreadOptions: ParsableArguments {
  @Option(help: "Threads to compute with. (default: the processors this process may use)")
  var threads: Int?

  func validate() throws {
    guard let threads, !(1...1024).contains(threads) else { return }
    throw ValidationError("--threads: expected 1 to 1024, got \(threads)")
  }

  var session: SessionOptions { SessionOptions(threads: threads) }
}

struct OutputOptions: ParsableArguments {
  @Flag(help: "Print JSON for programs.")
  var json = false

  @Flag(help: "Print no progress and no summary, errors only.")
  var quiet = false

  var progress: ProgressLine { ProgressLine(isQuiet: quiet) }
}

/// `0.5` or `0.485,0.456,0.406`.
struct NumberList: ExpressibleByArgument, Sendable {
  var values: [Double]

  init?(argument: String) {
    let fields = argument.split(separator: ",", omittingEmptySubsequences: false)
    values = fields.compactMap { Double($0) }
    guard values.count == fields.count, values.allSatisfy(\.isFinite) else { return nil }
  }
}
