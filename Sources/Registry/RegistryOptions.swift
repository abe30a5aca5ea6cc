/// How a repository's registry is opened.
public struct RegistryOptions: Sendable {
  public enum Access: Hashable, Sendable {
    /// For changes where the folder can be written, else for reading.
    case automatic
    case readOnly
    /// For reading what nobody can change meanwhile: without locks, which some read-only file systems lack.
    case immutable
  }

  /// Says of the model file of a version, `…/model.plan` or `…/model.onnx`, why it cannot be published.
  public typealias Validator = @Sendable (_ modelPath: String) throws(RegistryError) -> Void

  public var access: Access
  /// Seconds to wait for other processes that hold the database.
  public var busyTimeout: Double
  /// The files of a version, at most 1000.
  public var fileLimit: Int
  /// The bytes of a version.
  public var byteLimit: Int
  /// Runs on the staged files before they are published.
  public var validate: Validator

  public init(
    access: Access = .automatic, busyTimeout: Double = 10, fileLimit: Int = 1000, byteLimit: Int = 1 << 40,
    validate: @escaping Validator = { _ throws(RegistryError) in }
  ) {
    self.access = access
    self.busyTimeout = busyTimeout
    self.fileLimit = min(max(fileLimit, 1), 1000)
    self.byteLimit = byteLimit
    self.validate = validate
  }
}
