import Testing

@testable import MassServing

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Where a model is found that is served without a repository.
@Suite struct SingleModelTests {
  struct Layout: Sendable, CustomTestStringConvertible {
    var files: [String]
    /// What is asked for, below the folder of the test.
    var path = ""
    /// The folder that is found and its file, or a part of what is said.
    var folder = ""
    var file: String?
    var said = ""
    var testDescription: String { "\(files) \(path)" }

    static let found = [
      Layout(files: ["model.onnx"], file: "model.onnx"),
      Layout(files: ["model.onnx", "model.plan", "a.onnx"], file: "model.plan"),
      Layout(files: ["resnet.onnx", "weights.bin", ".hidden.onnx"], file: "resnet.onnx"),
      Layout(files: ["resnet.onnx", "resnet.plan"], file: "resnet.plan"),
      Layout(files: ["1/model.onnx", "12/model.plan", "notes/x.txt"]),
      Layout(files: ["1/model.onnx", "stray.onnx"]),
      Layout(files: ["resnet/3/model.onnx"], folder: "resnet"),
      Layout(files: ["resnet/model.onnx", ".cache/model.onnx"], folder: "resnet", file: "resnet/model.onnx"),
      Layout(files: ["a b/model.onnx"], path: "a b/model.onnx", folder: "a b", file: "a b/model.onnx"),
      Layout(files: ["a=b/model.plan"], path: "a=b/", folder: "a=b", file: "a=b/model.plan"),
    ]
    static let refused = [
      Layout(files: [], said: "holds no model; expected"),
      Layout(files: ["readme.txt"], said: "holds no model; expected"),
      Layout(files: ["readme.txt"], path: "readme.txt", said: "expected a file *.plan or *.onnx"),
      Layout(files: [], path: "gone.onnx", said: "no such file or folder"),
      Layout(files: ["a.onnx", "b.onnx"], said: "several model files: a.onnx, b.onnx; name one"),
      Layout(files: ["a.plan", "b.plan", "c.onnx"], said: "several model files: a.plan, b.plan; name one"),
      Layout(files: ["x/1/model.onnx", "y/model.onnx"], said: "several models: x, y; name one"),
      Layout(files: ["one.onnx/readme.txt"], said: "holds no model"),
    ]
  }

  @Test(arguments: Layout.found) func isFound(_ layout: Layout) throws {
    try inFolder(layout.files) { root in
      let place = try SingleModel("m=\(root)/\(layout.path)").locate()
      #expect(place.folder == (layout.folder.isEmpty ? root : "\(root)/\(layout.folder)"))
      #expect(place.file == layout.file.map { "\(root)/\($0)" })
    }
  }

  @Test(arguments: Layout.refused) func isRefused(_ layout: Layout) throws {
    try inFolder(layout.files) { root in
      let model = try SingleModel("m=\(root)/\(layout.path)")
      let error = #expect(throws: ServingError.self) { try model.check() }
      #expect(error?.message.contains(layout.said) == true, "\(error?.message ?? "")")
    }
  }

  @Test func aModelIsSoughtOneFolderDeep() throws {
    try inFolder(["x/y/model.onnx"]) { root in
      #expect(throws: ServingError.self) { try SingleModel("m=\(root)").check() }
      try #expect(SingleModel("m=\(root)/x").locate().file == "\(root)/x/y/model.onnx")
    }
  }

  @Test(arguments: ["", "m", "m=", "=x", "a/b=x", ".a=x", "stats=x", "m=a\0b"]) func textIsRefused(_ text: String) {
    #expect(throws: ServingError.self) { try SingleModel(text) }
  }

  @Test func slashesAtTheEndAreDropped() throws {
    try #expect(SingleModel("m=a/b//").path == "a/b")
    try #expect(SingleModel("m=//").path == "/")
    try #expect(SingleModel("m=a=b").path == "a=b")
  }

  /// Calls `body` with a new folder that holds empty files of these names.
  private func inFolder(_ files: [String], _ body: (String) throws -> Void) throws {
    let root = "/tmp/mass-single-\(getpid())-\(UInt64.random(in: 0 ... .max))"
    var made = [root]
    unsafe mkdir(root, 0o700)
    defer { for path in made.reversed() { unsafe remove(path) } }
    for file in files {
      var path = root
      let parts = file.split(separator: "/")
      for part in parts.dropLast() {
        path += "/\(part)"
        if unsafe mkdir(path, 0o700) == 0 { made.append(path) }
      }
      path += "/\(parts[parts.count - 1])"
      let stream = unsafe try #require(fopen(path, "w"))
      unsafe fclose(stream)
      made.append(path)
    }
    try body(root)
  }
}
