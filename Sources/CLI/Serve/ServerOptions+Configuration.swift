import MassCompiler
import MassDefaults
import MassServing

extension ServerOptions {
  /// - Throws: Which key of a signer is of no use.
  init(_ configuration: ServerConfiguration, repository: String) throws(ServingError) {
    self.init(
      repository: try RepositoryOptions(configuration, folder: repository),
      http: HTTPOptions(
        host: configuration.host, port: configuration.httpPort, bodyLimit: configuration.maxBodyBytes),
      grpcPort: configuration.grpcPort, drainSeconds: configuration.drainSeconds,
      watchSeconds: configuration.watchSeconds, version: Version.string)
    tls = configuration.tls
    access = configuration.access
    auditLog = configuration.auditLog
    busyPollMicroseconds = configuration.busyPollMicroseconds
    reload.configuration = configuration
  }
}

extension RepositoryOptions {
  /// - Throws: Which key of a signer is of no use.
  init(_ configuration: ServerConfiguration, folder: String) throws(ServingError) {
    self.init(
      folder: folder, cache: configuration.planCache ?? PlanCacheFolder.standard, plugins: DefaultPlugins.all,
      instances: InstanceOptions(
        count: configuration.instances, threads: configuration.threads, queueLimit: configuration.queueLimit),
      responseCacheBytes: configuration.responseCacheBytes,
      compile: { order throws(ServingError) in try CompilerProcess.compile(order) })
    signers = try configuration.signerKeys()
  }
}
