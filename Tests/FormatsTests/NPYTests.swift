import MassFormats
import MassRuntime
import Testing

/// Arrays as numpy wrote them, stored and deflated.
@Suite struct ReadingArrays {
  static let archives = ["stored.npz", "deflated.npz"]

  private func tensor(_ archive: String, _ name: String, as element: ElementType? = nil) throws -> Tensor {
    try NPZArchive(path: Fixture.path(archive)).tensor(name, as: element)
  }

  @Test(
    arguments: archives,
    [
      ("int8", ElementType.int8), ("int16", .int16), ("int32", .int32), ("int64", .int64), ("uint8", .uint8),
      ("uint16", .uint16), ("uint32", .uint32), ("uint64", .uint64), ("float16", .float16), ("float32", .float32),
      ("float64", .float64), ("big_int16", .int16), ("big_int64", .int64), ("big_uint32", .uint32),
      ("big_float16", .float16), ("big_float32", .float32), ("big_float64", .float64), ("version_1", .float32),
      ("version_2", .float32), ("version_3", .float32),
    ])
  func numbersOfEveryType(_ archive: String, _ row: (name: String, element: ElementType)) throws {
    let tensor = try tensor(archive, row.name)
    #expect(tensor.element == row.element)
    #expect(tensor.shape == [2, 3])
    #expect(tensor.doubles() == [0, 1, 2, 3, 4, 5])
  }

  @Test(arguments: archives) func shapes(_ archive: String) throws {
    #expect(try tensor(archive, "scalar").shape == [])
    #expect(try tensor(archive, "scalar").doubles() == [1.5])
    #expect(try tensor(archive, "vector").integers() == [0, 1, 2])
    #expect(try tensor(archive, "empty").shape == [0, 4])
    #expect(try tensor(archive, "bool").bools() == [false, true, true, true, true, true])
  }

  @Test(arguments: archives) func columnMajorBecomesRowMajor(_ archive: String) throws {
    let tensor = try tensor(archive, "fortran")
    #expect(tensor.shape == [2, 3, 4])
    #expect(tensor.integers() == Array(0..<24))
    #expect(try self.tensor(archive, "fortran_text").strings == ["a", "b", "c", "d", "e", "f"])
  }

  @Test(arguments: archives) func strings(_ archive: String) throws {
    #expect(try tensor(archive, "text").strings == ["", "eins", "zwei und drei", "äöü €", "😀"])
    #expect(try tensor(archive, "big_text").strings == ["ab", "ü"])
    #expect(try tensor(archive, "bytes").strings == ["abc", "d", "ä"])
  }

  @Test func typesThatNumpyLacks() throws {
    #expect(try tensor("stored.npz", "bfloat16").element == .bfloat16)
    #expect(try tensor("stored.npz", "bfloat16", as: .bfloat16).doubles().prefix(2) == [1, -2.5])
    #expect(try tensor("stored.npz", "uint16", as: .bfloat16).element == .bfloat16)
    #expect(try tensor("stored.npz", "int4", as: .int4).integers() == [-8, 7, 1])
    #expect(try tensor("stored.npz", "uint8", as: .uint4).integers() == [0, 1, 2, 3, 4, 5])
    #expect(try tensor("stored.npz", "float8_e4m3fn", as: .float8e4m3fn).doubles() == [1, -2, 448])
    #expect(try tensor("stored.npz", "float4_e2m1fn", as: .float4e2m1).doubles() == [0.5, -6, 3])
    #expect(throws: FormatError.self) { try tensor("stored.npz", "int4") }
    #expect(throws: FormatError.self) { try tensor("stored.npz", "none") }
  }

  @Test func anotherTypeIsNotConverted() throws {
    #expect(try tensor("stored.npz", "float64", as: .float32).element == .float64)
  }

  @Test func specialValues() throws {
    let values = try tensor("stored.npz", "special").doubles()
    #expect(values[0].isNaN && values[1] == .infinity && values[2] == -.infinity && values[3].sign == .minus)
  }
}

@Suite struct WritingArrays {
  @Test(arguments: ["ramp.npy", "text.npy"]) func equalsNumpyByteForByte(_ name: String) throws {
    let tensor = try NPY.read(Fixture.path(name))
    try Fixture.withTemporaryFile { path in
      try NPY.write(tensor, to: path)
      #expect(try WholeFile.read(path) == WholeFile.read(Fixture.path(name)))
    }
  }

  @Test func archivesComeBackAsWritten() throws {
    let archive = try NPZArchive(path: Fixture.path("stored.npz"))
    let names = archive.names.filter { !$0.hasPrefix("int4") && !$0.hasPrefix("float8") && !$0.hasPrefix("float4") }
    let tensors = try names.map { (name: $0, tensor: try archive.tensor($0)) }
    try Fixture.withTemporaryFile("again.npz") { path in
      try NPZArchive.write(tensors, to: path)
      let again = try NPZArchive(path: path)
      #expect(again.names == names)
      for (name, tensor) in tensors {
        let other = try again.tensor(name)
        #expect(other.type == tensor.type)
        #expect(other.strings == tensor.strings)
        #expect(unsafe other.withUnsafeBytes { a in unsafe tensor.withUnsafeBytes { b in unsafe a.elementsEqual(b) } })
      }
    }
  }

  @Test(arguments: [ElementType.int4, .uint4, .int2, .uint2, .float4e2m1, .bfloat16, .float8e5m2, .float8e8m0])
  func narrowTypesComeBack(_ element: ElementType) throws {
    let tensor = try Tensor.make(element, [4], doubles: [1, 0.5, 1, 1])
    try Fixture.withTemporaryFile { path in
      try NPY.write(tensor, to: path)
      let again = try NPY.read(path, as: element)
      #expect(again.element == element)
      #expect(again.doubles() == tensor.doubles())
    }
  }

  @Test func nothingIsLeftWhereNothingCanBeWritten() throws {
    let tensor = try Tensor.vector([1])
    #expect(throws: FormatError.self) { try NPY.write(tensor, to: "/nowhere/at/all.npy") }
    #expect(throws: FormatError.self) { try NPZArchive.write([("x", tensor)], to: "/nowhere/at/all.npz") }
  }
}
