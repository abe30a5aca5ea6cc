import Logging
import ServiceLifecycle

/// Takes over certificates that were renewed.
struct TLSService: Service {
  let tls: ReloadingTLS
  let log: Logger

  private static let interval = Duration.seconds(2)

  func run() async throws {
    await cancelWhenGracefulShutdown {
      await withTaskExecutorPreference(ThreadPoolExecutor.shared) { await watch() }
    }
  }

  private func watch() async {
    while (try? await Task.sleep(for: Self.interval)) != nil {
      do throws(ServingError) {
        guard try tls.reloadIfChanged() else { continue }
        log.info(
          "certificate reloaded",
          metadata: ["serial": "\(tls.serialNumber)", "expires": "\(tls.certificateExpiry)"])
      } catch {
        log.error("certificate not reloaded", metadata: ["reason": "\(error)"])
      }
    }
  }
}
