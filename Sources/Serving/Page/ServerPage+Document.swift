extension ServerPage {
  static let head = #"""
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>AI Mass</title>
    <link rel="icon" href="data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 9 9'%3E%3Crect width='9' height='9' rx='2' fill='%230b6e5f'/%3E%3C/svg%3E">
    """#

  static let body = #"""
    <header>
    <h1>AI Mass</h1>
    <span id="server" class="quiet"></span>
    <span id="health" role="status"></span>
    <label id="access" hidden>API key <input id="key" type="password" autocomplete="off"></label>
    <nav><a href="openapi.json">API</a> <a href="metrics">Metrics</a></nav>
    </header>
    <p id="trouble" class="error" role="alert" hidden></p>
    <div class="columns">
    <nav id="models" aria-label="Models"></nav>
    <main id="main"><noscript>This page needs JavaScript.</noscript></main>
    </div>
    """#
}
