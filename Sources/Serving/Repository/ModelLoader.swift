import CryptoShim
import MassFormats
import MassRuntime
import MassSecurity

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// An ONNX model that is to become a plan.
public struct CompileOrder: Sendable {
  public var model: String
  public var plan: String
  public var shapes: [String: [Int]]
  public var threads: Int
}

/// Makes a version's folder into a model that can run.
struct ModelLoader: Sendable {
  let plugins: [any RuntimePlugin]
  /// Where plans of ONNX models are kept.
  let cache: String
  /// Compiles, in a process of its own: a hostile or enormous model cannot harm this one.
  let compile: @Sendable (CompileOrder) throws(ServingError) -> Void
  let responses: ResponseCache
  /// Of whom one must have signed a model file; none lets unsigned models in.
  var signers: [SignerKey] = []

  /// Opens a version's plan; compiles it before where there is only an ONNX model and the cache has no plan of it.
  func load(_ folder: ModelFolder, _ number: Int, _ settings: ModelSettings) throws(ServingError) -> LoadedVersion {
    let stamp = FolderStamp(folder: folder.versionPath(number))
    guard let file = folder.modelFile(number) else {
      throw ServingError(.notFound, "\(folder.versionPath(number)) holds neither model.plan nor model.onnx")
    }
    try verifySignature(file, of: folder.name)
    let model = try file.hasSuffix(".onnx") ? compiled(file, stamp, settings) : open(file)
    guard signers.isEmpty || FolderStamp(folder: folder.versionPath(number)) == stamp else {
      throw ServingError(.unavailable, "\(folder.versionPath(number)): changed while it was loaded; load it again")
    }
    return try LoadedVersion(
      name: folder.name, number: number, model: model, settings: settings, stamp: stamp,
      classLabels: folder.classLabels(number), cache: responses
    ) { () throws(ServingError) in
      guard FolderStamp(folder: folder.versionPath(number)) == stamp else {
        throw ServingError(
          .unavailable, "'\(folder.name)' version \(number) was unloaded, and its files have changed since; load it")
      }
      return try file.hasSuffix(".onnx") ? compiled(file, stamp, settings) : open(file)
    }
  }

  /// Whether a model file that is about to be published could be loaded. The plan of an ONNX model is in the cache then.
  func check(_ path: String, threads: Int) throws(ServingError) {
    try verifySignature(path, of: nil)
    guard path.hasSuffix(".onnx") else {
      _ = try open(path)
      return
    }
    var settings = ModelSettings()
    settings.instances.threads = threads
    let folder = path.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
    _ = try compiled(path, FolderStamp(folder: folder), settings)
  }

  /// Refuses a model file that no accepted signer vouches for.
  private func verifySignature(_ file: String, of name: String?) throws(ServingError) {
    guard !signers.isEmpty else { return }
    // A plan is one file; an ONNX model reads its external data from its folder.
    let isAlone = file.hasSuffix(".onnx")
    do throws(SigningError) {
      try ModelSignature.verify(file, as: name, signers: signers, isAlone: isAlone)
    } catch { throw ServingError(.permissionDenied, "\(error)") }
  }

  private func open(_ plan: String) throws(ServingError) -> Model {
    do throws(PlanError) { return try Model.open(path: plan, plugins: plugins) } catch {
      throw .invalid("\(plan): \(error)")
    }
  }

  /// The model of a plan in the cache if there is a sound one, else of one that is compiled now and kept if it can be.
  private func compiled(_ onnx: String, _ stamp: FolderStamp, _ settings: ModelSettings) throws(ServingError) -> Model {
    let name = "\(try cacheKey(onnx, stamp, settings)).plan"
    let kept = "\(cache)/\(name)"
    if FileSystem.exists(kept), let model = try? open(kept) { return model }
    let canKeep = FileSystem.makeFolder(cache) && FileSystem.isWritable(cache)
    let plan = canKeep ? kept : "\(FileSystem.temporaryFolder)/mass-\(getpid())-\(name)"
    defer { if !canKeep { unsafe unlink(plan) } }
    try compile(CompileOrder(model: onnx, plan: plan, shapes: settings.shapes, threads: settings.instances.threads))
    return try open(plan)
  }

  /// Removes what compilers that were killed have left of plans.
  func removeHalfPlans() {
    for name in FileSystem.names(in: cache) ?? []
    where name.hasSuffix(PlanFile.partialSuffix) && name.contains(".plan.") {
      let path = "\(cache)/\(name)"
      // A compiler that lives, perhaps another server's on the same folder, is done with its file within the hour.
      if let modified = FileSystem.modified(path), modified < time(nil) - 3600 { unsafe unlink(path) }
    }
  }

  private func cacheKey(_ onnx: String, _ stamp: FolderStamp, _ settings: ModelSettings) throws(ServingError) -> String
  {
    var key = "\(Model.processor(plugins)); \(settings.instances.threads) threads"
    for (name, shape) in settings.shapes.sorted(by: { $0.key < $1.key }) { key += "; \(name)=\(shape)" }
    // Files beside the model may hold its weights; they can be too large to read twice.
    let others = ["manifest.json", "labels.txt"]
    for file in stamp.files where !onnx.hasSuffix("/\(file.name)") && !others.contains(file.name) {
      key += "; \(file.name) \(file.byteCount) \(file.modified)"
    }
    return try ContentDigest.of(file: onnx, and: key)
  }
}

/// SHA-256 of a file's content and of a text.
enum ContentDigest {
  static func of(file path: String, and text: String) throws(ServingError) -> String {
    guard let file = unsafe fopen(path, "re") else {
      throw ServingError(.notFound, "\(path): \(unsafe String(cString: strerror(errno)))")
    }
    defer { unsafe fclose(file) }
    let context = unsafe mass_sha256_start()
    var part = [UInt8](repeating: 0, count: 1 << 20)
    while case let count = unsafe fread(&part, 1, part.count, file), count > 0 {
      unsafe mass_sha256_update(context, part, count)
    }
    unsafe mass_sha256_update(context, text, text.utf8.count)
    var digest = [UInt8](repeating: 0, count: Int(MASS_SHA256_BYTES))
    unsafe mass_sha256_finish(context, &digest)
    let digits = Array("0123456789abcdef".utf8)
    return String(decoding: digest.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
  }
}
