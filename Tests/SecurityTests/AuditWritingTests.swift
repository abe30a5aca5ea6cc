import Testing

@testable import MassSecurity

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

@Suite struct AuditWritingTests {
  private let folder = TemporaryFolder()
  private let record = AuditRecord(actor: "ana", action: "key.create", target: "k1")

  @Test func oneWriterAtATime() throws {
    let log = try AuditLog(path: folder.audit)
    let error = #expect(throws: AuditError.self) { _ = try AuditLog(path: folder.audit) }
    #expect(error?.kind == .inUse && error?.message.hasPrefix("\(folder.audit): another process") == true)
    try log.append(record)
  }

  @Test func aFullDiskIsTold() throws {
    let log = try AuditLog(device: "/dev/full")
    for _ in 0..<3 {
      let error = #expect(throws: AuditError.self) { try log.append(record) }
      #expect(error == AuditError(.storage, "/dev/full: No space left on device"))
    }
    #expect(log.head.entries == 0)
    #expect(throws: AuditError(.storage, "/dev/null: not a regular file")) { _ = try AuditLog(path: "/dev/null") }
  }

  @Test func whatAnInterruptedWriteLeftIsHealedByTheNext() throws {
    let log = try AuditLog(path: folder.audit)
    try log.append(record)
    let bytes = RawFile.bytes(folder.audit)
    let descriptor = unsafe open(folder.audit, O_WRONLY | O_APPEND)
    unsafe _ = write(descriptor, bytes, 50)
    close(descriptor)
    try log.append(record)
    let found = try AuditLog.verify(path: folder.audit)
    #expect(found.fault == nil && found.entries == 3 && found.tears == 1)
  }

  @Test func aRenamedFileIsFollowedByANewOne() throws {
    let log = try AuditLog(path: folder.audit)
    try log.append(record)
    unsafe _ = rename(folder.audit, folder.file("other.log"))
    let entry = try log.append(record)
    #expect(entry.sequence == 1)
    for path in [folder.audit, folder.file("other.log")] {
      let found = try AuditLog.verify(path: path)
      #expect(found.fault == nil && found.entries == 1)
    }
  }

  @Test func longAndHostileTextsFit() throws {
    let log = try AuditLog(path: folder.audit)
    for text in [
      String(repeating: "\u{1}", count: 100_000), String(repeating: "\"", count: 100_000),
      String(repeating: "\u{1F600}", count: 50_000), "a\nb\",\"hash\":\"\(String(repeating: "0", count: 64))\"}", "",
    ] {
      try log.append(
        AuditRecord(
          actor: text, action: text, target: text, detail: text, peer: text, requestID: text))
    }
    let found = try AuditLog.verify(path: folder.audit)
    #expect(found.fault == nil && found.entries == 5)
    #expect(try log.append(record).sequence == 6)
  }

  @Test func theLogsOwnActionIsReserved() throws {
    let log = try AuditLog(path: folder.audit)
    let error = #expect(throws: AuditError.self) {
      try log.append(AuditRecord(actor: "ana", action: "audit.torn", target: ""))
    }
    #expect(error?.kind == .reserved)
  }

  @Test func hostileLinesTakeNoMemory() throws {
    _ = try AuditLog(path: folder.audit).append(record)
    let bytes = RawFile.bytes(folder.audit)
    RawFile.write(bytes + [UInt8](repeating: UInt8(ascii: "{"), count: 4 << 20), to: folder.audit)
    #expect(try AuditLog.verify(path: folder.audit).fault == AuditFault(line: 2, reason: .noEntry))
    #expect(throws: AuditError.self) { _ = try AuditLog(path: folder.audit) }
    unsafe _ = mkfifo(folder.file("fifo"), 0o600)
    #expect(throws: AuditError.self) { _ = try AuditLog.verify(path: folder.file("fifo")) }
    #expect(throws: AuditError.self) { _ = try AuditLog(path: folder.file("fifo")) }
  }

  @Test func entriesOfManyAtATimeAllStand() async throws {
    let log = try AuditLog(path: folder.audit)
    let record = record
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<8 { group.addTask { for _ in 0..<25 { try log.append(record) } } }
      try await group.waitForAll()
    }
    let found = try AuditLog.verify(path: folder.audit)
    #expect(found.fault == nil && found.entries == 200 && found.head == log.head.hash)
  }

  @Test func readingWhileItIsWritten() async throws {
    let log = try AuditLog(path: folder.audit)
    let record = record
    let path = folder.audit
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { for _ in 0..<200 { try log.append(record) } }
      group.addTask {
        for _ in 0..<20 {
          let found = try AuditLog.verify(path: path)
          #expect(found.fault == nil)
        }
      }
      try await group.waitForAll()
    }
  }
}
