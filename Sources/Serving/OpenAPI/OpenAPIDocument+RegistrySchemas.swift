extension OpenAPIDocument {
  static let registrySchemas = ##"""
    "RegisteredModels": {
      "type": "object",
      "properties": { "models": { "type": "array", "items": { "$ref": "#/components/schemas/RegisteredModel" } } }
    },
    "RegisteredModel": {
      "type": "object", "required": ["name", "current", "active", "labels", "versions"],
      "properties": {
        "name": { "type": "string" },
        "current": { "type": ["integer", "null"], "description": "Answers requests without a version." },
        "active": { "type": "array", "items": { "type": "integer" } },
        "labels": { "type": "object", "additionalProperties": { "type": "integer" } },
        "versions": {
          "description": "The versions of one model; their number in a list of models.",
          "oneOf": [
            { "type": "integer" },
            { "type": "array", "items": { "$ref": "#/components/schemas/RegisteredVersion" } }
          ]
        },
        "highest_version": { "type": "integer" },
        "size": { "type": "integer" },
        "managed": { "type": "boolean", "description": "Whether the registry decides what is in service." }
      }
    },
    "RegisteredVersion": {
      "type": "object", "required": ["model", "version", "state", "current", "files"],
      "properties": {
        "model": { "type": "string" }, "version": { "type": "integer" },
        "state": { "type": "string", "enum": ["published", "active", "retired", "removed"] },
        "current": { "type": "boolean" }, "labels": { "type": "array", "items": { "type": "string" } },
        "digest": { "type": ["string", "null"], "description": "SHA-256 over all files." }, "size": { "type": "integer" },
        "files": { "type": "array", "items": { "$ref": "#/components/schemas/RegisteredFile" } },
        "published_by": { "type": "string" }, "published_at": { "type": "string", "format": "date-time" },
        "note": { "type": "string" }, "requests": { "type": "integer" }, "failures": { "type": "integer" },
        "last_used": { "type": ["string", "null"], "format": "date-time" },
        "serving": { "type": "boolean", "description": "Whether this server has it loaded." }
      }
    },
    "RegisteredFile": {
      "type": "object",
      "properties": { "name": { "type": "string" }, "size": { "type": "integer" }, "sha256": { "type": "string" } }
    },
    "Upload": {
      "type": "object",
      "properties": {
        "upload": { "type": "string" },
        "files": { "type": "array", "items": { "$ref": "#/components/schemas/RegisteredFile" } }
      }
    },
    "Publication": {
      "type": "object", "required": ["upload"], "additionalProperties": false,
      "properties": {
        "upload": { "type": "string" }, "version": { "type": "integer", "minimum": 1 }, "note": { "type": "string" },
        "activate": { "type": "boolean", "default": false },
        "files": {
          "type": "object", "description": "What the client says it uploaded; compared with what arrived.",
          "additionalProperties": {
            "type": "object", "properties": { "size": { "type": "integer" }, "sha256": { "type": "string" } }
          }
        }
      }
    },
    "VersionChoice": {
      "type": "object", "required": ["version"], "properties": { "version": { "type": "integer", "minimum": 1 } }
    },
    "Activation": {
      "type": "object", "required": ["version"], "additionalProperties": false,
      "properties": {
        "version": { "type": "integer", "minimum": 1 },
        "exclusive": { "type": "boolean", "default": true, "description": "Takes the current version out of service." },
        "current": { "type": "boolean", "default": true, "description": "Answers requests without a version." }
      }
    },
    "Events": {
      "type": "object",
      "properties": {
        "events": {
          "type": "array",
          "items": {
            "type": "object",
            "properties": {
              "id": { "type": "integer" }, "time": { "type": "string", "format": "date-time" },
              "user": { "type": "string" }, "action": { "type": "string" }, "model": { "type": "string" },
              "version": { "type": ["integer", "null"] }, "detail": { "type": "string" }
            }
          }
        }
      }
    }
    """##
}
