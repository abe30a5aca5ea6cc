import MassJSON
import Testing

@testable import MassRegistry

@Suite struct PublishTests {
  let repository: TemporaryRepository
  let registry: Registry

  init() throws {
    repository = try TemporaryRepository()
    registry = try repository.open()
  }

  @Test func aVersionIsWhatWasSent() throws {
    let upload = try registry.beginUpload()
    try upload.write(file: "model.onnx", [1, 2])
    try upload.write(file: "weights.bin", [9])
    try upload.write(file: "model.onnx", [3])
    try upload.finish(file: "model.onnx", expectedSize: 3)
    try upload.finish(file: "weights.bin")
    let version = try registry.publish(upload, model: "net", by: "ana", note: "first")
    #expect(version.number == 1)
    #expect(version.state == .published)
    #expect(version.files.map(\.name) == ["model.onnx", "weights.bin"])
    #expect(version.files.map(\.byteCount) == [3, 1])
    #expect(version.byteCount == 4)
    #expect(version.publishedBy == "ana")
    #expect(version.note == "first")
    #expect(try registry.version("net", 1) == version)
    #expect(try repository.names("net/1") == ["manifest.json", "model.onnx", "weights.bin"])
    #expect(try repository.text("net/1/model.onnx") == "\u{1}\u{2}\u{3}")
    #expect(try repository.names(".mass/staging").isEmpty)
    #expect(try registry.events().map(\.action) == [.publish])
  }

  @Test func theManifestSaysEverything() throws {
    let version = try registry.publish("net", note: "a \"note\"")
    let manifest = try JSONDocument(try repository.text("net/1/manifest.json")).root
    #expect(manifest.member("model")?.string == "net")
    #expect(manifest.member("version")?.int64 == 1)
    #expect(manifest.member("published_by")?.string == "ana")
    #expect(manifest.member("published_at")?.string == "\(version.publishedAt)")
    #expect(manifest.member("note")?.string == "a \"note\"")
    let file = try #require(manifest.member("files")?.elements.first)
    #expect(file.member("name")?.string == "model.plan")
    #expect(file.member("size")?.int64 == 4)
    #expect(file.member("sha256")?.string == planDigest)
  }

  @Test func copiesAreVerified() throws {
    try repository.write("plan", to: "elsewhere/model.plan")
    let path = "\(repository.path)/elsewhere/model.plan"
    let upload = try registry.beginUpload()
    expect(.notFound) { try upload.copy(file: "model.plan", from: "\(path).not") }
    expect(.invalid, "regular") { try upload.copy(file: "model.plan", from: repository.path) }
    expect(.invalid, "SHA-256") {
      try upload.copy(file: "model.plan", from: path, expectedSHA256: String(repeating: "0", count: 64))
    }
    expect(.invalid, "5 bytes") { try upload.copy(file: "model.plan", from: path, expectedSize: 5) }
    let file = try upload.copy(
      file: "model.plan", from: path, expectedSHA256: planDigest.uppercased(), expectedSize: 4)
    #expect(file == RegisteredFile(name: "model.plan", byteCount: 4, sha256: planDigest))
    #expect(try registry.publish(copying: [path], model: "net", by: "ana").files == [file])
  }

  @Test func aDifferentDigestLeavesNothing() throws {
    let upload = try registry.beginUpload()
    try upload.write(file: "model.plan", [1])
    expect(.invalid, "model.plan", "send it again") { try upload.finish(file: "model.plan", expectedSHA256: "00") }
    #expect(upload.files.isEmpty)
    #expect(try repository.names(".mass/staging/\(upload.id)").isEmpty)
    expect(.invalid, "got none") { try registry.publish(upload, model: "net", by: "ana") }
    upload.abandon()
    #expect(try repository.names(".mass/staging").isEmpty)
    #expect(!repository.exists("net"))
    #expect(try registry.models().isEmpty)
    expect(.conflict, "over") { try upload.write(file: "model.plan", [1]) }
  }

  @Test func anUploadThatIsLetGoOfDisappears() throws {
    var upload: Upload? = try registry.beginUpload()
    try upload?.write(file: "model.plan", [1])
    #expect(try repository.names(".mass/staging").count == 2)
    upload = nil
    #expect(try repository.names(".mass/staging").isEmpty)
  }

  @Test(arguments: [
    "", ".", "..", ".hidden", "a/b", "/etc/passwd", "a\\b", "a\nb", "a\u{0}b", "manifest.json", "manifest.json.partial",
    String(repeating: "x", count: 256),
  ])
  func fileNamesThatAreNone(_ name: String) throws {
    let upload = try registry.beginUpload()
    expect(.invalid, "not a file's name") { try upload.write(file: name, [1]) }
  }

  @Test(arguments: ["", ".", "..", ".mass", "stats", "a/b", "a b", "é", String(repeating: "x", count: 129)])
  func modelNamesThatAreNone(_ name: String) throws {
    #expect(!ModelName.isValid(name))
    expect(.invalid, "not a model's name") { try registry.publish(name) }
  }

  @Test func whatIsNoModelIsRefused() throws {
    let upload = try registry.beginUpload()
    try upload.write(file: "labels.txt", [1])
    expect(.conflict, "labels.txt", "not finished") { try registry.publish(upload, model: "net", by: "ana") }
    try upload.finish(file: "labels.txt")
    expect(.conflict, "finished") { try upload.write(file: "labels.txt", [1]) }
    expect(.notFound) { try upload.finish(file: "model.plan") }
    expect(.invalid, "exactly one") { try registry.publish(upload, model: "net", by: "ana") }
    for name in ["model.plan", "model.onnx"] {
      try upload.write(file: name, [1])
      try upload.finish(file: name)
    }
    expect(.invalid, "both") { try registry.publish(upload, model: "net", by: "ana") }
    expect(.invalid, "control") { try registry.publish(upload, model: "net", by: "a\nb") }
    expect(.invalid, "note") {
      try registry.publish(upload, model: "net", by: "ana", note: String(repeating: "n", count: 5000))
    }
    expect(.invalid, "not a version") { try registry.publish(upload, model: "net", version: 0, by: "ana") }
    #expect(try registry.models().isEmpty)
  }

  @Test func limitsHold() throws {
    let registry = try repository.open(RegistryOptions(fileLimit: 2, byteLimit: 10))
    let upload = try registry.beginUpload()
    try upload.write(file: "model.plan", [UInt8](repeating: 0, count: 6))
    try upload.finish(file: "model.plan")
    expect(.invalid, "10 bytes") { try upload.write(file: "a", [UInt8](repeating: 0, count: 5)) }
    try upload.write(file: "a", [UInt8](repeating: 0, count: 4))
    expect(.invalid, "at most 2 files") { try upload.write(file: "b", []) }
    try upload.finish(file: "a")
    #expect(try registry.publish(upload, model: "net", by: "").byteCount == 10)

    let many = try repository.open().beginUpload()
    for i in 0..<16 { try many.write(file: "f\(i)", []) }
    expect(.conflict, "finish one") { try many.write(file: "f16", []) }
  }

  @Test func whatCannotBeLoadedIsNotPublished() throws {
    let options = RegistryOptions { (path) throws(RegistryError) in
      guard path.hasSuffix("/model.plan"), try fileText(path) != "bad" else {
        throw RegistryError(.invalid, "cannot be loaded")
      }
    }
    let registry = try repository.open(options)
    expect(.invalid, "loaded") { try registry.publish("net", "bad") }
    #expect(!repository.exists("net"))
    #expect(try registry.publish("net", "good").number == 1)
  }

  @Test func numbersAreNeverUsedAgain() throws {
    #expect(try registry.publish("net").number == 1)
    #expect(try registry.publish("net", version: 7).number == 7)
    #expect(try registry.publish("net", version: 3).number == 3)
    #expect(try registry.publish("net").number == 8)
    expect(.conflict, "version 7", "exists", "publish as 9") { try registry.publish("net", version: 7) }
    try registry.remove("net", 8, by: "bob")
    expect(.conflict, "removed") { try registry.publish("net", version: 8) }
    #expect(try registry.publish("net").number == 9)
    try repository.write("a plan put there", to: "net/20/model.plan")
    try repository.write("no model", to: "net/30/readme.txt")
    expect(.conflict, "version 20") { try registry.publish("net", version: 20) }
    expect(.conflict, "30") { try registry.publish("net", version: 30) }
    #expect(try registry.publish("net").number == 31)
    try registry.publish("net", version: VersionNumber.range.upperBound)
    expect(.conflict, "no number after") { try registry.publish("net") }
  }

  @Test func aConflictLeavesTheUploadUsable() throws {
    try registry.publish("net")
    let upload = try registry.beginUpload()
    try upload.write(file: "model.plan", [1])
    try upload.finish(file: "model.plan")
    expect(.conflict) { try registry.publish(upload, model: "net", version: 1, by: "ana") }
    #expect(try registry.publish(upload, model: "net", version: 2, by: "ana").number == 2)
    expect(.conflict, "over") { try registry.publish(upload, model: "net", by: "ana") }
  }

  @Test func aFileInTheWayIsNotReplaced() throws {
    try repository.write("not a folder", to: "net")
    expect(.storage) { try registry.publish("net") }
    #expect(try repository.text("net") == "not a folder")
    #expect(try registry.models().isEmpty)
    #expect(try repository.names(".mass/models").isEmpty)
  }
}
