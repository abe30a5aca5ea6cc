import MassJSON
import Testing

@testable import MassServing

@Suite struct Page {
  private static let text = String(decoding: ServerPage.html, as: UTF8.self)

  @Test func isSmall() { #expect(ServerPage.html.count < 26_000) }

  @Test func needsNothingFromElsewhere() {
    let namespace = "xmlns='http://www.w3.org/2000/svg'"
    #expect(!Self.text.replacing(namespace, with: "").contains("://"))
    for attribute in ["src=", "onclick=", "style="] { #expect(!Self.text.contains(attribute)) }
  }

  @Test(arguments: ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "Function("])
  func textNeverBecomesMarkup(_ word: String) { #expect(!Self.text.contains(word)) }

  @Test func thePolicyNamesScriptAndStyle() throws {
    let policy = try #require(ServerPage.headers.first { $0.0 == "Content-Security-Policy" }).1
    for directive in ["default-src 'none'", "script-src 'sha256-", "style-src 'sha256-", "frame-ancestors 'none'"] {
      #expect(policy.contains(directive))
    }
    #expect(!policy.contains("unsafe"))
    #expect(Self.text.ranges(of: "<script>").count == 1)
    #expect(Self.text.ranges(of: "</script>").count == 1)
    #expect(Self.text.ranges(of: "<style>").count == 1)
  }

  /// RFC 4648, section 10.
  @Test(
    arguments: [
      ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
      ("foobar", "Zm9vYmFy"),
    ])
  func base64(_ row: (bytes: String, text: String)) { #expect(ServerPage.base64(Array(row.bytes.utf8)) == row.text) }

  @Test func base64OfLargeBytes() { #expect(ServerPage.base64([0xFB, 0xFF, 0xFE, 0xFF]) == "+//+/w==") }
}

@Suite struct OpenAPI {
  private static let text = OpenAPIDocument.text(version: "4.5.6")

  @Test func namesTheVersion() { #expect(Self.text.contains(#""version": "4.5.6""#)) }

  @Test func everyReferenceHasItsTarget() {
    let references = Self.text.split(separator: ##""#/components/"##).dropFirst().compactMap {
      $0.split(separator: "\"").first
    }
    #expect(references.count > 50)
    for reference in Set(references) {
      let name = reference.split(separator: "/").last ?? ""
      #expect(Self.text.contains("\"\(name)\": {"), "\(reference)")
    }
  }

  @Test func everyOperationHasItsOwnName() {
    let names = Self.text.split(separator: #""operationId": ""#).dropFirst().compactMap {
      $0.split(separator: "\"").first
    }
    #expect(names.count == 47)
    #expect(Set(names).count == names.count)
  }

  @Test func isJSON() throws {
    let root = try JSONDocument(Self.text).root
    #expect(root.member("openapi")?.string == "3.1.0")
    #expect(root.member("paths")?.member("/v2/models/{model}/versions/{version}/infer")?.member("post") != nil)
  }
}
