import ThreadsShim

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// A thread of its own for work that blocks: the OpenMP team of a session belongs to the thread that runs it.
enum WorkerThread {
  private final class Body: Sendable {
    let run: @Sendable () -> Void
    let name: String

    init(_ name: String, _ run: @escaping @Sendable () -> Void) {
      self.name = name
      self.run = run
    }
  }

  /// Starts a thread that ends with `body`.
  ///
  /// - Parameter name: At most 15 bytes are shown by the system.
  /// - Throws: When the system has no thread to give.
  static func start(_ name: String, _ body: @escaping @Sendable () -> Void) throws(ServingError) {
    let box = unsafe Unmanaged.passRetained(Body(name, body))
    var attributes = pthread_attr_t()
    unsafe pthread_attr_init(&attributes)
    defer { unsafe pthread_attr_destroy(&attributes) }
    unsafe pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
    var thread = pthread_t()
    let code = unsafe pthread_create(
      &thread, &attributes,
      { argument in
        guard let argument = unsafe argument else { return nil }
        let body = unsafe Unmanaged<Body>.fromOpaque(argument).takeRetainedValue()
        unsafe mass_threads_name(body.name)
        body.run()
        return nil
      }, box.toOpaque())
    guard code == 0 else {
      unsafe box.release()
      throw ServingError(.unavailable, "the system has no thread for \(name): error \(code)")
    }
  }

  /// Runs `work` on a thread of its own and waits for what it returns.
  static func run<Result: Sendable>(
    _ name: String, _ work: @escaping @Sendable () -> Result
  ) async throws(ServingError) -> Result {
    let result = await withCheckedContinuation {
      (continuation: CheckedContinuation<Swift.Result<Result, ServingError>, Never>) in
      do throws(ServingError) {
        try start(name) { continuation.resume(returning: .success(work())) }
      } catch {
        continuation.resume(returning: .failure(error))
      }
    }
    return try result.get()
  }
}
