import MassFormats
import MassRuntime
import Testing

/// Files that lie: always an error, never a trap, never memory for what is not there.
@Suite struct HostileFiles {
  private func header(_ text: String, data: Int = 0, version: UInt8 = 1) -> [UInt8] {
    let body = Array(text.utf8)
    let length = [UInt8(body.count & 255), UInt8(body.count >> 8)] + (version > 1 ? [0, 0] : [])
    return [0x93] + Array("NUMPY".utf8) + [version, 0] + length + body + [UInt8](repeating: 0, count: data)
  }

  @Test(arguments: [
    "{'descr': '<f4', 'fortran_order': False, 'shape': (1099511627776,), }",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (4611686018427387904, 4), }",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,), }",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (-1,), }",
    "{'descr': '<U0', 'fortran_order': False, 'shape': (1000000000,), }",
    "{'descr': '<U999999999', 'fortran_order': False, 'shape': (1,), }",
    "{'descr': '|O', 'fortran_order': False, 'shape': (1,), }",
    "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }",
    "{'descr': '<f4', 'fortran_order': False, }", "{'descr': '<f4'", "", "{", "()", "{'shape': (", "{'descr': '",
    "{'descr': '<M8[s]', 'fortran_order': False, 'shape': (1,), }",
    "{'descr': '<f16', 'fortran_order': False, 'shape': (1,), }",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), 'more': 1}",
  ])
  func headersAreRefused(_ text: String) throws {
    try Fixture.withTemporaryFile { path in
      try WholeFile.write(header(text, data: 64), to: path)
      #expect(throws: FormatError.self) { try NPY.read(path) }
    }
  }

  @Test func truncationAtEveryByte() throws {
    let bytes = try WholeFile.read(Fixture.path("text.npy"))
    try Fixture.withTemporaryFile { path in
      for count in bytes.indices {
        try WholeFile.write(Array(bytes[..<count]), to: path)
        #expect(throws: FormatError.self) { try NPY.read(path) }
      }
    }
  }

  @Test(arguments: ["stored.npz", "deflated.npz"]) func damagedArchives(_ name: String) throws {
    let bytes = try WholeFile.read(Fixture.path(name))
    var generator = SeededGenerator(state: 7)
    try Fixture.withTemporaryFile(name) { path in
      for round in 0..<600 {
        var damaged = bytes
        if round % 3 == 0 { damaged.removeLast(Int.random(in: 1...damaged.count, using: &generator)) }
        for _ in 0..<4 where !damaged.isEmpty {
          damaged[Int.random(in: damaged.indices, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
        }
        try WholeFile.write(damaged, to: path)
        guard let archive = try? NPZArchive(path: path) else { continue }
        for entry in archive.names { _ = try? archive.tensor(entry) }
      }
    }
  }

  @Test(arguments: ["colour.png", "palette.png", "deep.png", "alpha.png", "colour.jpg", "progressive.jpg", "grey.jpg"])
  func damagedPictures(_ name: String) throws {
    let bytes = try WholeFile.read(Fixture.path(name))
    for count in bytes.indices { _ = try? Image.decode(Array(bytes[..<count])) }
    var generator = SeededGenerator(state: 11)
    for _ in 0..<2000 {
      var damaged = bytes
      for _ in 0..<3 {
        damaged[Int.random(in: damaged.indices, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
      }
      _ = try? Image.decode(damaged)
    }
  }

  @Test func missingAndIrregularFiles() {
    #expect(throws: FormatError.self) { try NPY.read(Fixture.path("none.npy")) }
    #expect(throws: FormatError.self) { try NPY.read("/dev/zero") }
    #expect(throws: FormatError.self) { try NPZArchive(path: Fixture.path("ramp.npy")) }
    #expect(throws: FormatError.self) { try Image.read(Fixture.path("ramp.npy")) }
  }
}
