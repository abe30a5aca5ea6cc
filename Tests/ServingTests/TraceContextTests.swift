import Testing

@testable import MassServing

@Suite struct TraceContexts {
  private static let trace = "4bf92f3577b34da6a3ce929d0e0e4736"
  private static let span = "00f067aa0ba902b7"

  @Test func theCallersSpanIsTheParent() {
    let context = TraceContext(continuing: "00-\(Self.trace)-\(Self.span)-01", tracestate: "congo=t61rcWkgMzE")
    #expect(context.traceID == Self.trace)
    #expect(context.parent == 0x00f0_67aa_0ba9_02b7)
    #expect(context.spanID != Self.span)
    #expect(context.flags == 1)
    #expect(context.state == "congo=t61rcWkgMzE")
    #expect(context.response == "00-\(Self.trace)-\(context.spanID)-01")
  }

  @Test(
    arguments: [
      ("00-\(trace)-\(span)-00", 0), ("00-\(trace)-\(span)-03", 3), ("00-\(trace)-\(span)-ff", 3),
      ("00-\(trace)-\(span)-02", 2), ("cc-\(trace)-\(span)-01", 1), ("cc-\(trace)-\(span)-01-what-comes", 1),
      ("01-\(trace)-\(span)-09-", 1), ("00-00000000000000000000000000000001-0000000000000001-01", 1),
    ] as [(String, UInt8)])
  func isRead(_ row: (text: String, flags: UInt8)) throws {
    #expect(try #require(TraceParent(row.text)).flags == row.flags)
  }

  @Test(arguments: [
    "", "00", "00-\(trace)-\(span)", "00-\(trace)-\(span)-", "00-\(trace)-\(span)-1", "00-\(trace)-\(span)-01-",
    "00-\(trace)-\(span)-01-what", "00-\(trace)-\(span)-010", "ff-\(trace)-\(span)-01", "ff-\(trace)-\(span)-01-x",
    "cc-\(trace)-\(span)-01.what", "cc-\(trace)-\(span)-0", "0-\(trace)-\(span)-01", "000-\(trace)-\(span)-01",
    "00-00000000000000000000000000000000-\(span)-01", "00-\(trace)-0000000000000000-01",
    "00-\(trace.uppercased())-\(span)-01", "00-\(trace)-00F067AA0BA902B7-01", "0A-\(trace)-\(span)-01",
    "00-\(trace)-\(span)-0G", "00-\(trace)-\(span)-+1", " 0-\(trace)-\(span)-01", "00_\(trace)_\(span)_01",
    "00-\(trace.dropLast())-\(span)0-01", "00-\(trace)-\(span)-01, 00-\(trace)-\(span)-01",
    "00-\(trace.dropLast(2))é-\(span)-01",
  ])
  func isMalformed(_ text: String) {
    #expect(TraceParent(text) == nil)
    let context = TraceContext(continuing: text, tracestate: "a=1")
    #expect(context.parent == nil)
    #expect(context.state == nil)
    #expect(context.flags == TraceParent.isRandom)
    #expect(TraceParent(context.response) != nil)
  }

  @Test(arguments: [
    "foo=1", "foo=1,bar=2", "foo=1 ,\tbar=2,", "", ",,", "foo= 1", "fw529a3039@dt=FfAAAA", "0a@b=1", "a*_-/=x",
    "\(String(repeating: "z", count: 256))=1", "foo=\(String(repeating: "v", count: 256))",
    (0..<32).map { "k\($0)=\($0)" }.joined(separator: ","), "a=:;<>~!", "foo=1;bar 2",
  ])
  func stateIsWellFormed(_ text: String) { #expect(TraceState.isWellFormed(text)) }

  @Test(arguments: [
    "foo", "=1", "foo=", "foo= ", "foo=1=2", "foo=1;bar=2", "Foo=1", "foo =1", "1foo=1", "_foo=1", "foo@=1", "@foo=1",
    "foo@@bar=1", "foo@1bar=1", "foo=1,foo=2", "foo=\u{7f}", "foo=é", "foo=a\tb",
    "\(String(repeating: "z", count: 257))=1", "foo=\(String(repeating: "v", count: 257))",
    "\(String(repeating: "t", count: 242))@v=1", "t@\(String(repeating: "v", count: 15))=1",
    (0..<33).map { "k\($0)=\($0)" }.joined(separator: ","),
    (0..<9).map { "k\($0)=\(String(repeating: "v", count: 60))" }.joined(separator: ","),
  ])
  func stateIsMalformed(_ text: String) { #expect(!TraceState.isWellFormed(text)) }
}

@Suite struct RequestContexts {
  @Test(arguments: [("a", true), ("a b", false), ("", false), ("é", false), ("a\u{7f}", false)])
  func idsAreVisibleASCII(_ row: (text: String, isAccepted: Bool)) {
    #expect(RequestID.accepted(row.text) == (row.isAccepted ? row.text : nil))
  }

  @Test func idsAreBounded() {
    #expect(RequestID.accepted(String(repeating: "x", count: 128)) != nil)
    #expect(RequestID.accepted(String(repeating: "x", count: 129)) == nil)
  }

  @Test func anIDIsDrawnOnce() {
    let context = RequestContext(peer: "")
    let id = context.id
    #expect(id.utf8.count == 32)
    #expect(context.id == id)
    #expect(context.clientID == nil)
    #expect(RequestContext(peer: "").id != id)
  }

  @Test func theClientsNameIsKept() {
    let context = RequestContext(peer: "")
    context.identify(id: "mine", traceparent: nil, tracestate: "a=1")
    #expect(context.id == "mine")
    #expect(context.trace == nil)
  }

  @Test(arguments: [
    ("10.1.2.3", "10.1.2.3"), ("::1", "::1"), ("", ""), ("ipv4:10.1.2.3:8001", "10.1.2.3"),
    ("ipv6:[fe80::1%eth0]:8001", "fe80::1%eth0"), ("ipv6:", ""), ("ipv4:10.1.2.3", "10.1.2.3"),
    ("unix:/run/mass", "/run/mass"), ("elsewhere:1", "elsewhere:1"),
  ])
  func peersAreAddresses(_ row: (transport: String, peer: String)) {
    #expect(RequestContext(peer: row.transport).peer == row.peer)
  }

  @Test func tasksThatAreStartedKeepIt() async {
    let context = RequestContext(peer: "")
    await RequestContext.$current.withValue(context) {
      await Task { #expect(RequestContext.current === context) }.value
    }
    #expect(RequestContext.current == nil)
  }
}
