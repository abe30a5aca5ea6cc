extension OpenAPIDocument {
  static let registry = [
    path("models", [read("registryModels", "Every model that has or had a version", "RegisteredModels")]),
    path(
      "models/{model}", parameters: ["ModelName"],
      [read("registryModel", "A model with its versions", "RegisteredModel")]),
    path(
      "models/{model}/versions", parameters: ["ModelName"],
      [change("post", "publish", "Publishes an upload as a version: all of it or nothing", "Publication", "201")]),
    path(
      "models/{model}/versions/{version}", parameters: ["ModelName", "Version"],
      [
        read("registryVersion", "A version", "RegisteredVersion"),
        change("delete", "removeVersion", "Deletes a version's files; `?force=true` those of one in service, too", nil),
      ]),
    path(
      "models/{model}/activate", parameters: ["ModelName"],
      [change("post", "activate", "Puts a version into service once it is loaded", "Activation")]),
    path(
      "models/{model}/deactivate", parameters: ["ModelName"],
      [change("post", "deactivate", "Takes a version out of service", "VersionChoice")]),
    path(
      "models/{model}/rollback", parameters: ["ModelName"],
      [change("post", "rollback", "Goes back to the version that was current before", nil)]),
    path(
      "models/{model}/labels/{label}", parameters: ["ModelName", "Label"],
      [
        change("put", "setLabel", "Has a label name a version", "VersionChoice"),
        change("delete", "removeLabel", "Takes a label away", nil),
      ]),
    path(
      "models/{model}/events", parameters: ["ModelName"], [read("modelEvents", "What was done to a model", "Events")]),
    path("events", [read("events", "What was done, the newest first; `?limit=` so many", "Events")]),
    path("uploads", [change("post", "beginUpload", "Begins an upload", nil, "201")]),
    path(
      "uploads/{upload}", parameters: ["Upload"],
      [
        read("upload", "The files that have arrived", "Upload"),
        change("delete", "deleteUpload", "Drops an upload", nil),
      ]),
    path(
      "uploads/{upload}/{file}", parameters: ["Upload", "FileName"],
      [
        #"""
        "put": {
          "operationId": "uploadFile", "tags": ["Registry"], "summary": "Takes a file of any length",
          "description": "`Content-Digest: sha-256=:…:` (RFC 9530) is checked if it is there.",
          "requestBody": { "required": true, "content": { "application/octet-stream": { "schema": {
            "type": "string", "format": "binary" } } } },
          \#(answers("201", "RegisteredFile"))
        }
        """#
      ]),
  ].joined(separator: ",\n")

  // MARK: Parts

  private static func path(_ path: String, parameters: [String] = [], _ operations: [String]) -> String {
    let parameters = parameters.map(reference).joined(separator: ", ")
    return #"""
      "/v2/registry/\#(path)": {
        "parameters": [\#(parameters)],
        \#(operations.joined(separator: ",\n"))
      }
      """#
  }

  private static func read(_ identifier: String, _ summary: String, _ schema: String) -> String {
    #"""
    "get": {
      "operationId": "\#(identifier)", "tags": ["Registry"], "summary": "\#(summary)",
      \#(answers("200", schema))
    }
    """#
  }

  private static func change(
    _ method: String, _ identifier: String, _ summary: String, _ body: String?, _ status: String = "200"
  ) -> String {
    let body = body.map {
      ##"""
      "requestBody": { "required": true, "content": { "application/json": { "schema": {
        "$ref": "#/components/schemas/\##($0)" } } } },
      """##
    }
    return #"""
      "\#(method)": {
        "operationId": "\#(identifier)", "tags": ["Registry"], "summary": "\#(summary)", \#(body ?? "")
        \#(answers(status, nil))
      }
      """#
  }

  private static func answers(_ status: String, _ schema: String?) -> String {
    let schema = schema.map { ##"{ "$ref": "#/components/schemas/\##($0)" }"## } ?? #"{ "type": "object" }"#
    return ##"""
      "responses": {
        "\##(status)": { "description": "Done.", "content": { "application/json": { "schema": \##(schema) } } },
        "400": { "$ref": "#/components/responses/Invalid" },
        \##(failures)
      }
      """##
  }
}
