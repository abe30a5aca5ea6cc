import MassFormats
import Testing

@testable import MassSecurity

@Suite struct TenantQuotasTests {
  private func time(_ seconds: Int) -> UTCTime { UTCTime(millisecondsSince1970: seconds * 1000) }

  private func quota(_ requests: Int, _ period: Int) throws -> Quota {
    try #require(Quota(requests: requests, period: period))
  }

  @Test func countsInPeriods() throws {
    let quotas = TenantQuotas()
    let quota = try quota(2, 60)
    #expect(quotas.take("a", quota, now: time(130)) == .admitted(remaining: 1))
    #expect(quotas.take("a", quota, now: time(140)) == .admitted(remaining: 0))
    #expect(quotas.take("a", quota, now: time(150)) == .refused(retryAfterMilliseconds: 30_000))
    #expect(quotas.take("b", quota, now: time(150)) == .admitted(remaining: 1))
    #expect(quotas.usage(now: time(150))["a"]?.used == 2)
    #expect(quotas.take("a", quota, now: time(180)) == .admitted(remaining: 1))
    #expect(quotas.usage(now: time(240)).isEmpty)
  }

  @Test func aClockSetBackGivesNothingTwice() throws {
    let quotas = TenantQuotas()
    let quota = try quota(1, 60)
    #expect(quotas.take("a", quota, now: time(130)) == .admitted(remaining: 0))
    #expect(quotas.take("a", quota, now: time(10)) == .refused(retryAfterMilliseconds: 170_000))
    #expect(quotas.take("a", quota, now: time(180)) == .admitted(remaining: 0))
  }

  @Test func aChangedQuotaAppliesAtOnce() throws {
    let quotas = TenantQuotas()
    _ = quotas.take("a", try quota(5, 60), now: time(0))
    _ = quotas.take("a", try quota(5, 60), now: time(0))
    #expect(quotas.take("a", try quota(2, 60), now: time(1)) == .refused(retryAfterMilliseconds: 59_000))
    #expect(quotas.take("a", try quota(3, 60), now: time(1)) == .admitted(remaining: 0))
    #expect(quotas.take("a", try quota(3, 3600), now: time(2)) == .admitted(remaining: 2))
  }

  @Test func memoryIsBounded() throws {
    let quotas = TenantQuotas(capacity: 3)
    for i in 0..<100 { _ = quotas.take("\(i)", try quota(1, 60 + i), now: time(1)) }
    #expect(quotas.usage(now: time(1)).count == 3)
  }

  @Test func exactUnderConcurrency() async throws {
    let quotas = TenantQuotas()
    let quota = try quota(1000, 60)
    let admitted = await withTaskGroup(of: Int.self) { group in
      for _ in 0..<8 {
        group.addTask {
          (0..<400).count { _ in
            if case .admitted = quotas.take("a", quota, now: time(30)) { true } else { false }
          }
        }
      }
      return await group.reduce(0, +)
    }
    #expect(admitted == 1000)
  }
}
