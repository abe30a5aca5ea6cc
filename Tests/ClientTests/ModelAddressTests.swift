import MassClient
import Testing

@Suite struct ModelAddressTests {
  @Test(arguments: [
    ("http://localhost:8000/v2/models/digits", "http://localhost:8000/v2/models/digits"),
    ("http://localhost:8000/v2/models/digits/infer", "http://localhost:8000/v2/models/digits"),
    ("http://localhost/v2/models/digits/", "http://localhost/v2/models/digits"),
    ("http://localhost:80/v2/models/digits", "http://localhost/v2/models/digits"),
    ("https://h:443/v2/models/m/versions/3/infer", "https://h/v2/models/m/versions/3"),
    ("HTTP://[::1]:1/v2/models/a%20b", "http://[::1]:1/v2/models/a%20b"),
    ("http://h/prefix/v2/models/m", "http://h/prefix/v2/models/m"),
    ("http://h/v2/models/versions/versions/1", "http://h/v2/models/versions/versions/1"),
    ("http://h/v2/models/infer/infer", "http://h/v2/models/infer"),
  ])
  func readsURL(_ url: String, _ canonical: String) throws {
    #expect(try "\(ModelAddress(url))" == canonical)
  }

  @Test(arguments: [
    "", "localhost:8000/v2/models/m", "ftp://h/v2/models/m", "http://", "http://h", "http://h/", "http://h/v2/models",
    "http://h/v2/models/", "http://h/v2/models//infer", "http://h:0/v2/models/m", "http://h:65536/v2/models/m",
    "http://h:x/v2/models/m", "http://u@h/v2/models/m", "http://h/v2/models/m?x", "http://h/v2/models/m#x",
    "http://h/v2/models/a b", "http://h/v2/models/a\r\nX: y", "http://h/v2/models/ä", "http:///v2/models/m",
    "http://h/v1/models/m", "http://h/v2/models/m/ready", "http://[::1/v2/models/m",
  ])
  func refusesWhatNamesNoModel(_ url: String) {
    #expect(throws: ClientError.self) { try ModelAddress(url) }
  }
}
