import ArgumentParser
import MassClient

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Whose registry a command works on.
struct RegistryPlace: ParsableArguments {
  @Option(
    help: ArgumentHelp("The repository's folder. (default: $MASS_REPOSITORY)", valueName: "dir"),
    completion: .directory)
  var repository: String?

  @Option(help: ArgumentHelp("A server, such as http://localhost:8000. (default: $MASS_SERVER)", valueName: "url"))
  var server: String?

  @OptionGroup var security: SecurityOptions

  enum Place: Hashable {
    case folder(String)
    case server(String)
  }

  func validate() throws { _ = try place }

  /// The options count first; the environment where there is none.
  private var place: Place {
    get throws {
      let options = try Self.only(repository, server, both: "--repository and --server exclude each other")
      if let options { return options }
      let variables = try Self.only(
        Environment.value("MASS_REPOSITORY"), Environment.value("MASS_SERVER"),
        both: "MASS_REPOSITORY and MASS_SERVER are both set; say --repository DIR or --server URL")
      guard let variables else {
        throw ValidationError("expected --repository DIR or --server URL, or MASS_REPOSITORY or MASS_SERVER to be set")
      }
      return variables
    }
  }

  private static func only(_ folder: String?, _ server: String?, both: String) throws -> Place? {
    switch (folder, server) {
    case (nil, nil): return nil
    case (let folder?, nil): return .folder(folder)
    case (nil, let server?): return .server(server)
    case (_?, _?): throw ValidationError(both)
    }
  }

  /// The registry, for changes by this user.
  // Not inlined: knowing both registries, Swift 6.3.1 fails on the coroutines it makes of their callers.
  @inline(never)
  func open(by user: String = "") throws -> any ModelRegistry {
    switch try place {
    case .folder(let path): try FolderRegistry(path, user: user)
    case .server(let url): try ServerRegistry(url, user: user, security: security.read())
    }
  }
}

/// Who makes a change.
struct UserOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Whom the log names for it. (default: you@this-host)", valueName: "name"))
  var by: String?

  var user: String { by ?? Self.current }

  private static var current: String {
    let name = Environment.value("USER") ?? Environment.value("LOGNAME") ?? "uid-\(getuid())"
    var buffer = [CChar](repeating: 0, count: 256)
    let isNamed = unsafe gethostname(&buffer, buffer.count - 1) == 0
    let host = String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    let text = isNamed && !host.isEmpty ? "\(name)@\(host)" : name
    let printable = text.unicodeScalars.filter { $0.value >= 0x20 && $0.value != 0x7F }
    // Registries take at most 256 bytes.
    return String(String.UnicodeScalarView(printable.prefix(64)))
  }
}

enum Environment {
  /// The variable's value; nil for an empty one.
  static func value(_ name: String) -> String? {
    unsafe getenv(name).map { unsafe String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 }
  }
}
