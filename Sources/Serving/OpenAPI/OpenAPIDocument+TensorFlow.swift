extension OpenAPIDocument {
  static let tensorFlowScopes =
    modelScopes + [
      Scope(
        path: "/labels/{label}", suffix: "Label", subject: "the version that a label points at",
        parameters: [reference("ModelName"), reference("Label")].joined(separator: ", "))
    ]

  static let tensorFlowModels = #"""
    "/v1/models": {
      "get": {
        "operationId": "tensorFlowModels", "tags": ["TensorFlow Serving"], "summary": "Names of the models",
        "responses": {
          "200": { "$ref": "#/components/responses/ModelNames" },
          "default": { "$ref": "#/components/responses/Error" }
        }
      }
    }
    """#

  /// TensorFlow Serving's operations on a model, or on one version of it.
  static func tensorFlowPaths(_ scope: Scope) -> String {
    [description(scope), prediction(scope)].joined(separator: ",\n")
  }

  private static func description(_ scope: Scope) -> String {
    ##"""
    "/v1/models/{model}\##(scope.path)": {
      "parameters": [\##(scope.parameters)],
      "get": {
        "operationId": "tensorFlowStatus\##(scope.suffix)", "tags": ["TensorFlow Serving"],
        "summary": "The state of \##(scope.suffix.isEmpty ? "every version" : scope.subject)",
        "responses": {
          "200": {
            "description": "The states.",
            "content": { "application/json": { "schema": { "$ref": "#/components/schemas/TensorFlowStatus" } } }
          },
          \##(failures)
        }
      }
    },
    "/v1/models/{model}\##(scope.path)/metadata": {
      "parameters": [\##(scope.parameters)],
      "get": {
        "operationId": "tensorFlowMetadata\##(scope.suffix)", "tags": ["TensorFlow Serving"],
        "summary": "The signature of \##(scope.subject)",
        "responses": {
          "200": {
            "description": "The metadata.",
            "content": { "application/json": { "schema": { "$ref": "#/components/schemas/TensorFlowMetadata" } } }
          },
          \##(failures)
        }
      }
    }
    """##
  }

  private static func prediction(_ scope: Scope) -> String {
    ##"""
    "/v1/models/{model}\##(scope.path):predict": {
      "parameters": [\##(scope.parameters)],
      "post": {
        "operationId": "tensorFlowPredict\##(scope.suffix)", "tags": ["TensorFlow Serving"],
        "summary": "Runs \##(scope.subject)",
        "parameters": [\##(reference("ContentEncoding")), \##(reference("AcceptEncoding"))],
        "requestBody": {
          "required": true,
          "content": { "application/json": { "schema": { "$ref": "#/components/schemas/PredictRequest" } } }
        },
        "responses": {
          "200": {
            "description": "The outputs, in the form in which the inputs came.",
            "headers": { "Content-Encoding": { "$ref": "#/components/headers/ContentEncoding" } },
            "content": { "application/json": { "schema": { "$ref": "#/components/schemas/PredictResponse" } } }
          },
          "400": { "$ref": "#/components/responses/Invalid" },
          "413": { "$ref": "#/components/responses/TooLarge" },
          "429": { "$ref": "#/components/responses/Overloaded" },
          "504": { "$ref": "#/components/responses/TimedOut" },
          \##(failures)
        }
      }
    }
    """##
  }

  static let tensorFlowSchemas = ##"""
    "TensorFlowValue": {
      "description": "A number, a boolean, a string, an object with the member `b64` for bytes, or an array of such.",
      "type": ["number", "boolean", "string", "array", "object"]
    },
    "PredictRequest": {
      "type": "object",
      "oneOf": [{ "required": ["instances"] }, { "required": ["inputs"] }],
      "properties": {
        "signature_name": { "type": "string", "default": "serving_default" },
        "instances": {
          "type": "array", "minItems": 1, "items": { "$ref": "#/components/schemas/TensorFlowValue" },
          "description": "One element for each item of the batch: the value of the only input, or an object with a value for each input."
        },
        "inputs": {
          "$ref": "#/components/schemas/TensorFlowValue",
          "description": "The value of the only input, or an object with a value for each input."
        }
      },
      "examples": [{ "instances": [[1.0, 2.0], [3.0, 4.0]] }, { "inputs": { "x": [[1.0, 2.0]], "y": [[5]] } }]
    },
    "PredictResponse": {
      "type": "object",
      "oneOf": [{ "required": ["predictions"] }, { "required": ["outputs"] }],
      "properties": {
        "predictions": { "type": "array", "items": { "$ref": "#/components/schemas/TensorFlowValue" } },
        "outputs": { "$ref": "#/components/schemas/TensorFlowValue" }
      },
      "examples": [{ "predictions": [[0.1, 0.9], [0.8, 0.2]] }]
    },
    "TensorFlowStatus": {
      "type": "object", "required": ["model_version_status"],
      "properties": {
        "model_version_status": {
          "type": "array",
          "items": {
            "type": "object", "required": ["version", "state", "status"],
            "properties": {
              "version": { "type": "string", "pattern": "^[0-9]+$" },
              "state": { "type": "string", "enum": ["START", "LOADING", "AVAILABLE", "UNLOADING", "END"] },
              "status": {
                "type": "object",
                "properties": { "error_code": { "type": "string" }, "error_message": { "type": "string" } }
              }
            }
          }
        }
      }
    },
    "TensorFlowMetadata": {
      "type": "object", "required": ["model_spec", "metadata"],
      "properties": {
        "model_spec": {
          "type": "object", "required": ["name", "version"],
          "properties": {
            "name": { "type": "string" }, "signature_name": { "type": "string" }, "version": { "type": "string" }
          }
        },
        "metadata": { "type": "object", "properties": { "signature_def": { "type": "object" } } }
      }
    }
    """##
}
