extension OpenAPIDocument {
  static let repository = ##"""
    "/v2/repository/index": {
      "post": {
        "operationId": "repositoryIndex", "tags": ["Repository"], "summary": "Every version known, and its state",
        "requestBody": {
          "required": false,
          "content": { "application/json": { "schema": {
            "type": "object",
            "properties": { "ready": { "type": "boolean", "default": false, "description": "Leaves out what is not ready." } }
          } } }
        },
        "responses": {
          "200": {
            "description": "The index, sorted by name and version.",
            "content": { "application/json": { "schema": {
              "type": "array", "items": { "$ref": "#/components/schemas/IndexEntry" }
            } } }
          },
          "default": { "$ref": "#/components/responses/Error" }
        }
      }
    },
    "/v2/repository/models/{model}/load": {
      "parameters": [\##(reference("ModelName"))],
      "post": {
        "operationId": "loadModel", "tags": ["Repository"],
        "summary": "Loads a model, or loads it anew; answers when it is ready",
        "description": "What served before goes on serving until the new versions are ready, and when they cannot be loaded.",
        "requestBody": { "$ref": "#/components/requestBodies/Options" },
        "responses": {
          "200": { "description": "The model is ready." },
          "400": { "$ref": "#/components/responses/Invalid" },
          "501": { "$ref": "#/components/responses/Unsupported" },
          \##(failures)
        }
      }
    },
    "/v2/repository/models/{model}/unload": {
      "parameters": [\##(reference("ModelName"))],
      "post": {
        "operationId": "unloadModel", "tags": ["Repository"], "summary": "Takes a model out of service",
        "description": "Requests that were admitted are answered first.",
        "requestBody": { "$ref": "#/components/requestBodies/Options" },
        "responses": { "200": { "description": "The model is out of service." }, \##(failures) }
      }
    }
    """##

  static let requestBodies = ##"""
    "Options": {
      "required": false,
      "content": { "application/json": { "schema": {
        "type": "object", "properties": { "parameters": { "$ref": "#/components/schemas/Parameters" } }
      } } }
    }
    """##
}
