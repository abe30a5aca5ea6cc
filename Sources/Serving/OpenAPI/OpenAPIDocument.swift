/// The description of the HTTP interface for tools: OpenAPI 3.1, as JSON.
enum OpenAPIDocument {
  /// - Parameter version: Of the server. Stands in the document as it is, so it must hold neither quotes nor backslashes.
  static func text(version: String) -> String {
    #"""
    {
    "openapi": "3.1.0",
    \#(information(version)),
    \#(tags),
    "security": [{}, { "bearer": [] }, { "key": [] }],
    "paths": {
    \#(pages),
    \#(server),
    \#(models),
    \#(modelScopes.map(modelPaths).joined(separator: ",\n")),
    \#(repository),
    \#(registry),
    \#(tensorFlowModels),
    \#(tensorFlowScopes.map(tensorFlowPaths).joined(separator: ",\n"))
    },
    "components": {
    \#(security),
    "parameters": {
    \#(parameters)
    },
    "headers": { \#(headers) },
    "requestBodies": {
    \#(requestBodies)
    },
    "responses": {
    \#(responses)
    },
    "schemas": {
    \#(inferenceSchemas),
    \#(descriptionSchemas),
    \#(registrySchemas),
    \#(tensorFlowSchemas)
    }
    }
    }

    """#
  }

  private static func information(_ version: String) -> String {
    #"""
    "info": {
      "title": "AI Mass",
      "version": "\#(version)",
      "summary": "Serves compiled models over the Open Inference Protocol (V2) and TensorFlow Serving's REST interface.",
      "description": "Names of models, versions and labels are percent-encoded in paths. Bodies of requests may be compressed with gzip or deflate; the limit on their size holds for what they decompress to. Every error is a JSON object with the member `error`."
    }
    """#
  }

  private static let security = #"""
    "securitySchemes": {
      "bearer": {
        "type": "http", "scheme": "bearer",
        "description": "A key, where the server asks for one. Answers 401 without a key, 403 for what its role may not do, and 404 for models that it may not see; 429 beyond its limits."
      },
      "key": { "type": "apiKey", "in": "header", "name": "X-API-Key", "description": "The same key in a header of its own." }
    }
    """#

  private static let tags = #"""
    "tags": [
      { "name": "Server", "description": "Health, metadata and metrics of the process." },
      { "name": "Models", "description": "What is served, and inference: the Open Inference Protocol." },
      { "name": "Repository", "description": "What may be loaded and unloaded." },
      { "name": "Registry", "description": "What was published, and what of it is in service." },
      { "name": "TensorFlow Serving", "description": "The same models in the manner of TensorFlow Serving." }
    ]
    """#

  /// A path that names a model, in one of the ways to name its version.
  struct Scope {
    /// Follows the model's name.
    var path: String
    /// Added to the identifiers of operations.
    var suffix: String
    /// What operations are about, for their summaries.
    var subject: String
    /// References to the parameters in the path.
    var parameters: String
  }

  /// The answers that every operation may give beside its own.
  static let failures = ##"""
    "404": { "$ref": "#/components/responses/NotFound" },
          "503": { "$ref": "#/components/responses/Unavailable" },
          "default": { "$ref": "#/components/responses/Error" }
    """##

  private static let pages = #"""
    "/": {
      "get": {
        "operationId": "page", "tags": ["Server"],
        "summary": "A page that shows the models and tries them out",
        "responses": {
          "200": { "description": "The page.", "content": { "text/html": { "schema": { "type": "string" } } } }
        }
      }
    },
    "/openapi.json": {
      "get": {
        "operationId": "openAPI", "tags": ["Server"], "summary": "This document",
        "responses": {
          "200": { "description": "The document.", "content": { "application/json": { "schema": { "type": "object" } } } }
        }
      }
    },
    "/metrics": {
      "get": {
        "operationId": "metrics", "tags": ["Server"], "summary": "Everything counted, for Prometheus",
        "responses": {
          "200": {
            "description": "Text format 0.0.4.", "content": { "text/plain": { "schema": { "type": "string" } } }
          }
        }
      }
    }
    """#

  private static let server = #"""
    "/v2": {
      "get": {
        "operationId": "serverMetadata", "tags": ["Server"], "summary": "Name, version and extensions of the server",
        "responses": {
          "200": {
            "description": "The server's metadata.",
            "content": { "application/json": { "schema": { "$ref": "#/components/schemas/ServerMetadata" } } }
          },
          "default": { "$ref": "#/components/responses/Error" }
        }
      }
    },
    "/v2/health/live": {
      "get": {
        "operationId": "serverLive", "tags": ["Server"], "summary": "Whether the process makes progress",
        "responses": {
          "200": {
            "description": "It does.",
            "content": { "application/json": { "schema": {
              "type": "object", "required": ["live"], "properties": { "live": { "type": "boolean", "const": true } }
            } } }
          },
          "503": { "$ref": "#/components/responses/Unavailable" }
        }
      }
    },
    "/v2/health/ready": {
      "get": {
        "operationId": "serverReady", "tags": ["Server"], "summary": "Whether every model that should serve does",
        "responses": {
          "200": {
            "description": "It does.",
            "content": { "application/json": { "schema": {
              "type": "object", "required": ["ready"], "properties": { "ready": { "type": "boolean", "const": true } }
            } } }
          },
          "503": { "$ref": "#/components/responses/Unavailable" }
        }
      }
    }
    """#
}
