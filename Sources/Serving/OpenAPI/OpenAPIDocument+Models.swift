extension OpenAPIDocument {
  static let modelScopes = [
    Scope(path: "", suffix: "", subject: "the current version", parameters: reference("ModelName")),
    Scope(
      path: "/versions/{version}", suffix: "Version", subject: "one version",
      parameters: [reference("ModelName"), reference("Version")].joined(separator: ", ")),
  ]

  static func reference(_ parameter: String) -> String { ##"{ "$ref": "#/components/parameters/\##(parameter)" }"## }

  static let models = #"""
    "/v2/models": {
      "get": {
        "operationId": "models", "tags": ["Models"], "summary": "Names of the models",
        "responses": {
          "200": { "$ref": "#/components/responses/ModelNames" },
          "default": { "$ref": "#/components/responses/Error" }
        }
      }
    },
    "/v2/models/stats": {
      "get": {
        "operationId": "statistics", "tags": ["Models"], "summary": "What was counted of all models",
        "responses": {
          "200": { "$ref": "#/components/responses/Statistics" },
          "default": { "$ref": "#/components/responses/Error" }
        }
      }
    }
    """#

  /// The operations on a model, or on one version of it.
  static func modelPaths(_ scope: Scope) -> String {
    [description(scope), records(scope), inference(scope)].joined(separator: ",\n")
  }

  private static func description(_ scope: Scope) -> String {
    ##"""
    "/v2/models/{model}\##(scope.path)": {
      "parameters": [\##(scope.parameters)],
      "get": {
        "operationId": "modelMetadata\##(scope.suffix)", "tags": ["Models"], "summary": "The signature of \##(scope.subject)",
        "responses": {
          "200": {
            "description": "The metadata.",
            "content": { "application/json": { "schema": { "$ref": "#/components/schemas/ModelMetadata" } } }
          },
          \##(failures)
        }
      }
    },
    "/v2/models/{model}\##(scope.path)/ready": {
      "parameters": [\##(scope.parameters)],
      "get": {
        "operationId": "modelReady\##(scope.suffix)", "tags": ["Models"], "summary": "Whether \##(scope.subject) can answer",
        "responses": {
          "200": {
            "description": "It can.",
            "content": { "application/json": { "schema": { "$ref": "#/components/schemas/ModelReady" } } }
          },
          \##(failures)
        }
      }
    }
    """##
  }

  private static func records(_ scope: Scope) -> String {
    ##"""
    "/v2/models/{model}\##(scope.path)/config": {
      "parameters": [\##(scope.parameters)],
      "get": {
        "operationId": "modelConfiguration\##(scope.suffix)", "tags": ["Models"],
        "summary": "The settings of \##(scope.subject) as they are in force",
        "responses": {
          "200": {
            "description": "The settings.",
            "content": { "application/json": { "schema": { "$ref": "#/components/schemas/ModelConfiguration" } } }
          },
          \##(failures)
        }
      }
    },
    "/v2/models/{model}\##(scope.path)/stats": {
      "parameters": [\##(scope.parameters)],
      "get": {
        "operationId": "modelStatistics\##(scope.suffix)", "tags": ["Models"],
        "summary": "What was counted of \##(scope.suffix.isEmpty ? "every version" : scope.subject)",
        "responses": { "200": { "$ref": "#/components/responses/Statistics" }, \##(failures) }
      }
    }
    """##
  }

  private static func inference(_ scope: Scope) -> String {
    ##"""
    "/v2/models/{model}\##(scope.path)/infer": {
      "parameters": [\##(scope.parameters)],
      "post": {
        "operationId": "infer\##(scope.suffix)", "tags": ["Models"], "summary": "Runs \##(scope.subject)",
        "parameters": [
          \##(reference("InferenceHeaderContentLength")), \##(reference("ContentEncoding")),
          \##(reference("AcceptEncoding")), \##(reference("ServerTiming"))
        ],
        "requestBody": {
          "required": true,
          "content": {
            "application/json": { "schema": { "$ref": "#/components/schemas/InferenceRequest" } },
            "application/octet-stream": { "schema": { "$ref": "#/components/schemas/BinaryBody" } }
          }
        },
        "responses": {
          "200": { "$ref": "#/components/responses/Inference" },
          "400": { "$ref": "#/components/responses/Invalid" },
          "413": { "$ref": "#/components/responses/TooLarge" },
          "429": { "$ref": "#/components/responses/Overloaded" },
          "501": { "$ref": "#/components/responses/Unsupported" },
          "504": { "$ref": "#/components/responses/TimedOut" },
          \##(failures)
        }
      }
    }
    """##
  }
}
