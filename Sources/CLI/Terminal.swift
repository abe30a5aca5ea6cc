import MassCompiler
import MassFormats

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Standard error, for what is not a result.
enum Terminal {
  static let isInteractive = isatty(STDERR_FILENO) == 1

  static func writeError(_ line: String) { write(line + "\n") }

  static func write(_ text: String) {
    let bytes = Array(text.utf8)
    unsafe _ = bytes.withUnsafeBytes { unsafe Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
  }
}

/// One line on standard error that says how far long work is; nothing where no one watches.
struct ProgressLine {
  let isShown: Bool

  /// A line that wraps cannot be taken back.
  private static let width = 79

  init(isQuiet: Bool) { isShown = !isQuiet && Terminal.isInteractive }

  func show(_ text: String, fraction: Double? = nil) {
    guard isShown else { return }
    let share = fraction.map { "\(Int(100 * min(max($0, 0), 1)))% " } ?? ""
    Terminal.write("\r\u{1B}[K\((share + text).prefix(Self.width))")
  }

  func clear() {
    guard isShown else { return }
    Terminal.write("\r\u{1B}[K")
  }

  /// What `Compiler.compile` reports to.
  func compiling(_ model: String) -> ((CompileProgress) -> Void)? {
    guard isShown else { return nil }
    let name = FileSystem.name(model)
    return { show("\(name): \($0.stage)", fraction: $0.fraction) }
  }
}
