import FoundationEssentials
import MassPlanFormat
import SwiftProtobuf

extension Plan {
  /// Maps the file and parses its structure; tensors stay in the mapping and are shared with other processes.
  ///
  /// - Parameter processor: This machine's description; a target section for another one is skipped.
  public static func open(
    path: String, operators: OperatorSet = .standard, processor: String = ""
  ) throws(PlanError) -> Plan {
    try PlanReader(source: .file(try MappedFile(path: path)), operators: operators).plan(processor)
  }

  /// Reads a plan from memory, which is copied once.
  public static func open(
    bytes: UnsafeRawBufferPointer, operators: OperatorSet = .standard, processor: String = ""
  ) throws(PlanError) -> Plan {
    let storage: TensorStorage
    do throws(TensorError) { storage = try TensorStorage(byteCount: bytes.count) } catch {
      throw .malformed("\(error)")
    }
    unsafe UnsafeMutableRawBufferPointer(start: storage.base, count: bytes.count).copyMemory(from: bytes)
    return try PlanReader(source: .memory(storage), operators: operators).plan(processor)
  }
}

/// Parses a plan file. Nothing in it is believed before it is checked.
struct PlanReader {
  let source: PlanBytes
  let operators: OperatorSet

  func plan(_ processor: String) throws(PlanError) -> Plan {
    let entries = try table()
    do {
      let header = try message(.header, WireHeader.self, entries)
      let tensors = entries[.tensors]
      let graph = try GraphCoder.decode(try message(.graph, WireGraph.self, entries), operators: operators) { blob in
        try tensor(blob, in: tensors)
      }
      var plan = Plan(
        header: PlanHeader(producer: header.producer, numerics: header.numerics, source: header.source), graph: graph)
      plan.byteCount = unsafe source.bytes.count
      do { try graph.verify() } catch { throw PlanError.invalidGraph("\(error)") }
      if entries[.target] != nil { plan.target = try target(entries, processor, graph) }
      if entries[.report] != nil { plan.report = try report(entries) }
      return plan
    } catch let error as PlanError { throw error } catch let error as TensorError {
      throw .malformed("\(error)")
    } catch { throw .malformed("a section cannot be parsed: \(error)") }
  }

  // MARK: The container

  private func table() throws(PlanError) -> [PlanFile.Kind: PlanFile.Entry] {
    let total = unsafe source.bytes.count
    guard total >= PlanFile.headerBytes else {
      throw total >= 8 && isMagic ? .truncated(expected: PlanFile.headerBytes, got: total) : .notAPlan
    }
    guard isMagic else { throw .notAPlan }
    let version = UInt32(truncatingIfNeeded: number(at: 8, bytes: 4))
    guard version == PlanFile.version else { throw .unsupportedVersion(version) }
    let count = number(at: 12, bytes: 4)
    let length = number(at: 16, bytes: 8)
    guard length == total else { throw .truncated(expected: length, got: total) }
    let end = PlanFile.headerBytes + count * PlanFile.entryBytes
    guard count <= PlanFile.maximumSections, end <= total else { throw .malformed("\(count) sections") }
    let digest = unsafe PlanFile.digest(UnsafeRawBufferPointer(rebasing: source.bytes[PlanFile.headerBytes..<end]))
    guard digest == bytes(at: 24, count: PlanFile.digestBytes) else { throw .digestMismatch(section: "table") }
    var entries: [PlanFile.Kind: PlanFile.Entry] = [:]
    for i in 0..<count {
      let entry = try entry(at: PlanFile.headerBytes + i * PlanFile.entryBytes, total)
      // Sections this version does not know are for newer readers.
      if let kind = PlanFile.Kind(rawValue: entry.kind) { entries[kind] = entry }
    }
    return entries
  }

  private func entry(at position: Int, _ total: Int) throws(PlanError) -> PlanFile.Entry {
    let entry = PlanFile.Entry(
      kind: UInt32(truncatingIfNeeded: number(at: position, bytes: 4)), offset: number(at: position + 8, bytes: 8),
      length: number(at: position + 16, bytes: 8), digest: bytes(at: position + 24, count: PlanFile.digestBytes))
    guard entry.offset >= 0, entry.length >= 0, entry.offset <= total, entry.length <= total - entry.offset else {
      throw .malformed("section \(entry.kind) lies outside the file")
    }
    return entry
  }

  private var isMagic: Bool { bytes(at: 0, count: 8) == PlanFile.magic }

  private func bytes(at offset: Int, count: Int) -> [UInt8] {
    unsafe Array(UnsafeRawBufferPointer(rebasing: source.bytes[offset..<offset + count]))
  }

  /// A little-endian number; values beyond `Int` come out negative and fail the range checks.
  private func number(at offset: Int, bytes count: Int) -> Int {
    Int(truncatingIfNeeded: bytes(at: offset, count: count).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) })
  }

  private func message<M: SwiftProtobuf.Message>(
    _ kind: PlanFile.Kind, _ type: M.Type, _ entries: [PlanFile.Kind: PlanFile.Entry]
  ) throws -> M {
    guard let entry = entries[kind] else { throw PlanError.malformed("section '\(kind)' is missing") }
    let content = unsafe UnsafeRawBufferPointer(rebasing: source.bytes[entry.offset..<entry.offset + entry.length])
    guard unsafe PlanFile.digest(content) == entry.digest else { throw PlanError.digestMismatch(section: "\(kind)") }
    return try M(serializedBytes: unsafe Data(content))
  }

  // MARK: Contents

  private func tensor(_ blob: WireBlob, in section: PlanFile.Entry?) throws -> Tensor {
    let (element, shape) = try InlineConstants.header(blob)
    if element == .string { return try InlineConstants.strings(blob, shape) }
    return try tensor(element, shape, blob.offset, blob.length, in: section)
  }

  private func tensor(
    _ element: ElementType, _ shape: [Int], _ offset: UInt64, _ length: UInt64, in section: PlanFile.Entry?
  ) throws -> Tensor {
    guard let section, let start = Int(exactly: offset), let count = Int(exactly: length), start <= section.length,
      count <= section.length - start, start % TensorStorage.alignment == 0
    else { throw PlanError.malformed("a tensor lies outside its section") }
    guard element.byteCount(elements: try Tensor.elementCount(of: shape)) == count else {
      throw PlanError.malformed("a tensor \(element)\(shape) of \(count) bytes")
    }
    return try source.tensor(element: element, shape: shape, offset: section.offset + start)
  }

  private func target(
    _ entries: [PlanFile.Kind: PlanFile.Entry], _ processor: String, _ graph: Graph
  ) throws -> PlanTarget? {
    let wire = try message(.target, WireTarget.self, entries)
    guard wire.processor == processor else { return nil }
    var target = PlanTarget(processor: processor, threads: Int(wire.threads), packed: [:], choices: KernelChoices())
    for entry in wire.packed {
      let key = PackedConstants.Key(
        constant: ConstantID(Int(entry.value)), format: entry.format, description: [UInt8](entry.description_p))
      guard let count = Int(exactly: entry.length) else { throw PlanError.malformed("a packed constant's length") }
      target.packed[key] = try tensor(.uint8, [count], entry.offset, entry.length, in: entries[.packedTensors])
    }
    for choice in wire.choices {
      let site = KernelChoices.Site(node: Int(choice.node), signature: choice.signature.map(Int.init))
      target.choices.kernels[site] = choice.kernel
    }
    return target
  }

  private func report(_ entries: [PlanFile.Kind: PlanFile.Entry]) throws -> [PassRecord] {
    try message(.report, WireReport.self, entries).passes.map { pass in
      PassRecord(
        name: pass.name, milliseconds: pass.milliseconds, nodesBefore: Int(pass.nodesBefore),
        nodesAfter: Int(pass.nodesAfter), sites: pass.sites,
        nearMisses: pass.nearMisses.map { PassRecord.NearMiss(node: $0.node, reason: $0.reason) })
    }
  }
}
