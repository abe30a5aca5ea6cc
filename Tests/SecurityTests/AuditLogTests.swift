import MassFormats
import Testing

@testable import MassSecurity

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

@Suite struct AuditLogTests {
  private let folder = TemporaryFolder()

  private func record(_ i: Int, detail: String = "") -> AuditRecord {
    AuditRecord(actor: "ana", action: "model.publish", target: "digits/\(i)", detail: detail, peer: "127.0.0.1")
  }

  private func filled(_ count: Int) throws -> [UInt8] {
    let log = try AuditLog(path: folder.audit)
    for i in 0..<count { try log.append(record(i)) }
    return RawFile.bytes(folder.audit)
  }

  private func verified(_ bytes: [UInt8], noted: String? = nil) throws -> AuditVerification {
    RawFile.write(bytes, to: folder.file("copy.log"))
    return try AuditLog.verify(path: folder.file("copy.log"), noted: noted)
  }

  private func lines(_ bytes: [UInt8]) -> [[UInt8]] {
    bytes.split(separator: UInt8(ascii: "\n")).map { Array($0) + [UInt8(ascii: "\n")] }
  }

  @Test func entriesFollowOneAnother() throws {
    let time = UTCTime(millisecondsSince1970: 1_900_000_000_123)
    var entries: [AuditEntry] = []
    do {
      let log = try AuditLog(path: folder.audit)
      #expect(log.head == (0, String(repeating: "0", count: 64)))
      entries.append(try log.append(record(1, detail: "\"quoted\"\n\u{1}ü"), now: time))
    }
    let log = try AuditLog(path: folder.audit)
    #expect(log.head.entries == 1)
    var other = record(2)
    (other.outcome, other.requestID, other.peer) = (.denied, "r1", nil)
    entries.append(try log.append(other, now: time))
    var read: [AuditEntry] = []
    let found = try AuditLog.verify(path: folder.audit) { read.append($0) }
    #expect(read == entries)
    #expect(found.fault == nil && found.entries == 2 && found.head == log.head.hash && found.last == time)
    #expect(entries[1].previous == entries[0].hash && entries.map(\.sequence) == [1, 2])
    #expect(RawFile.mode(folder.audit) == 0o600)
  }

  @Test func everyFlippedByteIsNoticed() throws {
    let bytes = try filled(3)
    for i in bytes.indices {
      for mask: UInt8 in [1, 0x20, 0x80] {
        var changed = bytes
        changed[i] ^= mask
        #expect(try verified(changed).fault != nil, "byte \(i) of \(bytes.count)")
      }
    }
  }

  @Test func removedSwappedRepeatedAndAddedLinesAreNoticed() throws {
    let bytes = try filled(5)
    let lines = lines(bytes)
    for i in 0..<4 {
      var removed = lines
      removed.remove(at: i)
      #expect(try verified(removed.flatMap(\.self)).fault == AuditFault(line: i + 1, reason: .wrongPrevious))
      var swapped = lines
      swapped.swapAt(i, i + 1)
      #expect(try verified(swapped.flatMap(\.self)).fault == AuditFault(line: i + 1, reason: .wrongPrevious))
    }
    var repeated = lines
    repeated.insert(lines[2], at: 3)
    #expect(try verified(repeated.flatMap(\.self)).fault == AuditFault(line: 4, reason: .wrongPrevious))
    for text in ["\n", "{}\n", "x#torn\n", "#torn\n"] {
      var added = lines
      added.insert(Array(text.utf8), at: 2)
      #expect(try verified(added.flatMap(\.self)).fault != nil, "\(text)")
    }
  }

  @Test func lostEntriesAreNoticedByAHashNotedBefore() throws {
    let bytes = try filled(4)
    let head = try verified(bytes).head
    #expect(try verified(bytes, noted: head).noted == 4)
    let shorter = lines(bytes).dropLast().flatMap(\.self)
    let found = try verified(shorter, noted: head)
    #expect(found.fault == nil && found.entries == 3 && found.noted == nil)
    #expect(try verified(bytes, noted: found.head).noted == 3)
    // A line that is cut off is noticed without.
    for count in 1..<40 {
      #expect(try verified(bytes.dropLast(count)).fault == AuditFault(line: 4, reason: .torn))
    }
  }

  @Test func aTornTailBecomesAnEntryAndStays() throws {
    let bytes = try filled(3)
    let whole = lines(bytes).dropLast().flatMap(\.self)
    let last = lines(bytes)[2].count
    for count in 1..<(last - 1) {
      RawFile.write(whole + bytes[whole.count..<whole.count + count], to: folder.audit)
      let log = try AuditLog(path: folder.audit)
      try log.append(record(9))
      let found = try AuditLog.verify(path: folder.audit)
      #expect(found.fault == nil && found.tears == 1 && found.entries == 4, "\(count) \(found)")
      #expect(RawFile.bytes(folder.audit).starts(with: whole + bytes[whole.count..<whole.count + count]))
    }
    var entries: [AuditEntry] = []
    _ = try AuditLog.verify(path: folder.audit) { entries.append($0) }
    #expect(entries[2].record.action == "audit.torn")
    #expect(entries[2].record.detail == "torn line of \(last - 2) bytes dropped")
    // Nothing of it can be changed or removed afterwards.
    let healed = RawFile.bytes(folder.audit)
    for i in whole.count..<healed.count {
      var changed = healed
      changed[i] ^= 1
      #expect(try verified(changed).fault != nil)
    }
    var removed = lines(healed)
    removed.remove(at: 2)
    #expect(try verified(removed.flatMap(\.self)).fault == AuditFault(line: 3, reason: .wrongTear))
  }

  @Test func anEntryWithoutItsLineBreakIsKept() throws {
    let bytes = try filled(3)
    RawFile.write(Array(bytes.dropLast()), to: folder.audit)
    #expect(try AuditLog(path: folder.audit).head.entries == 3)
    #expect(RawFile.bytes(folder.audit) == bytes)
  }

  @Test func healingThatIsCutOffIsHealed() throws {
    let bytes = try filled(2)
    RawFile.write(Array(bytes.dropLast(30)), to: folder.audit)
    _ = try AuditLog(path: folder.audit)
    let healed = RawFile.bytes(folder.audit)
    for count in (bytes.count - 30)..<healed.count {
      RawFile.write(Array(healed[..<count]), to: folder.audit)
      try AuditLog(path: folder.audit).append(record(7))
      let found = try AuditLog.verify(path: folder.audit)
      #expect(found.fault == nil && found.tears == 1 && found.entries == 3, "\(count) \(found)")
    }
  }

  @Test func aFirstEntryThatIsCutOffIsHealed() throws {
    let bytes = try filled(1)
    RawFile.write(Array(bytes.prefix(100)), to: folder.audit)
    #expect(try AuditLog(path: folder.audit).head.entries == 1)
    #expect(try AuditLog.verify(path: folder.audit).tears == 1)
  }

  @Test(arguments: ["hello", "hello\n", "{\"keys\": []}\n", "\n", "[section]\nname=value"])
  func otherFilesAreNotTouched(_ text: String) {
    RawFile.write(text, to: folder.audit)
    let error = #expect(throws: AuditError.self) { _ = try AuditLog(path: folder.audit) }
    #expect(error?.kind == .damaged)
    #expect(RawFile.bytes(folder.audit) == Array(text.utf8))
  }

  @Test func aLastEntryThatWasChangedIsNotContinued() throws {
    var bytes = try filled(2)
    for offset in [1, 2, 20, 80, 200] {
      bytes[bytes.count - 1 - offset] ^= 1
      RawFile.write(bytes, to: folder.audit)
      let error = #expect(throws: AuditError.self) { _ = try AuditLog(path: folder.audit) }
      #expect(error?.kind == .damaged)
      bytes[bytes.count - 1 - offset] ^= 1
    }
  }

  @Test func aSequenceBeyondAllNumbersIsNoEntry() throws {
    let line = try #require(
      AuditLine.text(record(1), sequence: Int.max, time: .now(), previous: AuditLine.firstPrevious))
    RawFile.write(line.line + [UInt8(ascii: "\n")], to: folder.audit)
    #expect(throws: AuditError.self) { _ = try AuditLog(path: folder.audit) }
    #expect(try AuditLog.verify(path: folder.audit).fault == AuditFault(line: 1, reason: .noEntry))
  }

  @Test func whateverStandsInTheFileIsRefusedOrContinued() throws {
    let bytes = try filled(3)
    var generator = SystemRandomNumberGenerator()
    for _ in 0..<300 {
      var changed = Array(bytes.prefix(Int.random(in: 0...bytes.count, using: &generator)))
      for _ in 0..<Int.random(in: 0...2, using: &generator) where !changed.isEmpty {
        let i = Int.random(in: changed.indices, using: &generator)
        changed[i] = Array("\n#}x".utf8).randomElement(using: &generator) ?? 0
      }
      RawFile.write(changed, to: folder.audit)
      let wasGood = try AuditLog.verify(path: folder.audit).fault.map { $0.reason == .torn } ?? true
      do throws(AuditError) {
        let log = try AuditLog(path: folder.audit)
        try log.append(record(1))
        #expect(RawFile.bytes(folder.audit).starts(with: changed))
        if wasGood { #expect(try AuditLog.verify(path: folder.audit).fault == nil) }
      } catch { #expect(error.kind == .damaged) }
    }
  }
}
