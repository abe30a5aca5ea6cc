/// Something that a check found.
public struct Finding: Hashable, Sendable, CustomStringConvertible {
  public enum Severity: String, Hashable, Sendable {
    /// Something that was asked for cannot be served.
    case error
    /// Something is not as it looks.
    case warning
  }

  public var severity: Severity
  /// The file or folder at fault.
  public var file: String
  public var message: String
  /// What to do; empty where the message says it.
  public var remedy: String

  public init(_ severity: Severity, _ file: String, _ message: String, remedy: String) {
    self.severity = severity
    self.file = file
    // Errors name their file themselves.
    let prefix = "\(file): "
    self.message = message.hasPrefix(prefix) ? String(message.dropFirst(prefix.count)) : message
    self.remedy = remedy
  }

  public init(_ severity: Severity, _ file: String, _ error: ServingError, remedy: String) {
    self.init(severity, file, error.message, remedy: remedy)
  }

  public var description: String {
    let text = "\(severity.rawValue): \(file): \(message)\(remedy.isEmpty ? "" : "; \(remedy)")"
    return text.replacing("\n", with: " ")
  }
}
