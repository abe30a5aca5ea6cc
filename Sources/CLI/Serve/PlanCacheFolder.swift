#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Where plans of served ONNX models are kept when nobody says: the XDG base directory specification's cache.
enum PlanCacheFolder {
  static var standard: String {
    func variable(_ name: String) -> String? {
      unsafe getenv(name).map { unsafe String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 }
    }
    return "\(variable("XDG_CACHE_HOME") ?? "\(variable("HOME") ?? "/tmp")/.cache")/mass/plans"
  }
}
