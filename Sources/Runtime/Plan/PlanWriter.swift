import FoundationEssentials
import MassPlanFormat
import SwiftProtobuf

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

extension Plan {
  /// Writes the plan beside `path` and renames it into place: a reader never sees half a plan.
  public func write(to path: String) throws(PlanError) {
    do { try PlanWriter(plan: self).write(to: path) } catch let error as PlanError { throw error } catch {
      throw .malformed("the plan cannot be encoded: \(error)")
    }
  }
}

/// Lays the sections out and streams them to a file; tensors go from where they are, without a copy.
private final class PlanWriter {
  private let plan: Plan
  private var tensors = TensorSection()
  private var packed = TensorSection()

  init(plan: Plan) { self.plan = plan }

  func write(to path: String) throws {
    let sections = try layout()
    let temporary = PlanFile.partialPath(of: path)
    let file = try OutputFile(path: temporary, name: path)
    do {
      for section in sections { try section.write(to: file) }
      try file.finish()
    } catch {
      unsafe _ = unlink(temporary)
      throw error
    }
    guard unsafe rename(temporary, path) == 0 else {
      let reason = MappedFile.lastError
      unsafe _ = unlink(temporary)
      throw PlanError.file(path: path, reason: reason)
    }
  }

  /// Every run of bytes of the file, in order, the header first.
  private func layout() throws -> [Chunk] {
    var contents: [(PlanFile.Kind, Chunk)] = [
      (.header, .bytes(try header())),
      (.graph, .bytes(try GraphCoder.encode(plan.graph) { tensors.add($0) }.serializedBytes())),
    ]
    if let target = plan.target { contents.append((.target, .bytes(try encode(target)))) }
    contents.append((.report, .bytes(try report())))
    contents.append((.tensors, .tensors(tensors)))
    if plan.target != nil { contents.append((.packedTensors, .tensors(packed))) }
    var position = PlanFile.headerBytes + contents.count * PlanFile.entryBytes
    var table: [UInt8] = []
    var body: [Chunk] = []
    for (kind, chunk) in contents {
      let start = kind.isStructure ? position : position.roundedUp(to: PlanFile.pageBytes)
      body.append(.padding(start - position))
      body.append(chunk)
      table += kind.rawValue.bytes + UInt32(0).bytes + UInt64(start).bytes + UInt64(chunk.count).bytes
      table += chunk.digest + UInt64(0).bytes
      position = start + chunk.count
    }
    var head = PlanFile.magic + PlanFile.version.bytes + UInt32(contents.count).bytes + UInt64(position).bytes
    head += PlanFile.digest(table) + UInt64(0).bytes
    return [.bytes(head + table)] + body
  }

  private func header() throws -> [UInt8] {
    var wire = WireHeader()
    wire.producer = plan.header.producer
    wire.numerics = plan.header.numerics
    wire.source = plan.header.source
    return try wire.serializedBytes()
  }

  private func encode(_ target: PlanTarget) throws -> [UInt8] {
    var wire = WireTarget()
    wire.processor = target.processor
    wire.threads = UInt32(clamping: target.threads)
    let keys = target.packed.keys.sorted { ($0.constant.value, $0.format) < ($1.constant.value, $1.format) }
    for key in keys {
      guard let tensor = target.packed[key] else { continue }
      let blob = packed.add(tensor)
      var entry = WirePackedConstant()
      entry.value = UInt32(clamping: key.constant.value)
      entry.format = key.format
      entry.description_p = Data(key.description)
      entry.offset = blob.offset
      entry.length = blob.length
      wire.packed.append(entry)
    }
    wire.choices = target.choices.kernels.sorted { ($0.key.node, $0.value) < ($1.key.node, $1.value) }.map {
      site, name in
      var choice = WireKernelChoice()
      choice.node = UInt32(clamping: site.node)
      choice.kernel = name
      choice.signature = site.signature.map(Int64.init)
      return choice
    }
    return try wire.serializedBytes()
  }

  private func report() throws -> [UInt8] {
    var wire = WireReport()
    wire.passes = plan.report.map { pass in
      var record = WirePassReport()
      record.name = pass.name
      record.hits = UInt32(clamping: pass.sites.count)
      record.milliseconds = pass.milliseconds
      record.nodesBefore = UInt32(clamping: pass.nodesBefore)
      record.nodesAfter = UInt32(clamping: pass.nodesAfter)
      record.sites = pass.sites
      record.nearMisses = pass.nearMisses.map { miss in
        var near = WireNearMiss()
        near.node = miss.node
        near.reason = miss.reason
        return near
      }
      return record
    }
    return try wire.serializedBytes()
  }
}

/// Tensors laid end to end, each on a 64-byte boundary.
private struct TensorSection {
  private(set) var tensors: [(offset: Int, tensor: Tensor)] = []
  private(set) var count = 0

  mutating func add(_ tensor: Tensor) -> WireBlob {
    if tensor.element == .string { return InlineConstants.blob(tensor) }
    let offset = count.roundedUp(to: TensorStorage.alignment)
    tensors.append((offset, tensor))
    count = offset + tensor.byteCount
    var blob = WireBlob()
    blob.element = UInt32(tensor.element.rawValue)
    blob.shape = tensor.shape.map(Int64.init)
    blob.offset = UInt64(offset)
    blob.length = UInt64(tensor.byteCount)
    return blob
  }
}

private enum Chunk {
  case bytes([UInt8])
  case tensors(TensorSection)
  case padding(Int)

  var count: Int {
    switch self {
    case .bytes(let bytes): bytes.count
    case .tensors(let section): section.count
    case .padding(let count): count
    }
  }

  /// SHA-256 of the content; of a tensor section, of its tensors' bytes in order, without the padding between.
  var digest: [UInt8] {
    switch self {
    case .bytes(let bytes): PlanFile.digest(bytes)
    case .tensors(let section): PlanFile.digest(section.tensors.map(\.tensor))
    case .padding: []
    }
  }

  func write(to file: OutputFile) throws(PlanError) {
    switch self {
    case .bytes(let bytes): try file.write(bytes)
    case .padding(let count): try file.pad(count)
    case .tensors(let section):
      var position = 0
      for (offset, tensor) in section.tensors {
        try file.pad(offset - position)
        try file.write(tensor)
        position = offset + tensor.byteCount
      }
    }
  }
}

extension Int {
  func roundedUp(to multiple: Int) -> Int { (self + multiple - 1) / multiple * multiple }
}
