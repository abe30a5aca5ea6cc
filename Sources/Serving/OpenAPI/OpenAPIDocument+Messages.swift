extension OpenAPIDocument {
  static let parameters = ##"""
    "ModelName": { "name": "model", "in": "path", "required": true, "schema": { "type": "string" } },
    "Version": { "name": "version", "in": "path", "required": true, "schema": { "type": "integer", "minimum": 1 } },
    "Upload": { "name": "upload", "in": "path", "required": true, "schema": { "type": "string" } },
    "FileName": { "name": "file", "in": "path", "required": true, "schema": { "type": "string" } },
    "Label": { "name": "label", "in": "path", "required": true, "schema": { "type": "string" } },
    "InferenceHeaderContentLength": {
      "name": "Inference-Header-Content-Length", "in": "header", "required": false,
      "schema": { "type": "integer", "minimum": 0 },
      "description": "Bytes of the JSON part of a body with binary tensors. Zero when the body is the only input's bytes and nothing else."
    },
    "ContentEncoding": {
      "name": "Content-Encoding", "in": "header", "required": false,
      "schema": { "type": "string", "enum": ["identity", "gzip", "deflate"] },
      "description": "How the body is compressed."
    },
    "AcceptEncoding": {
      "name": "Accept-Encoding", "in": "header", "required": false, "schema": { "type": "string" },
      "description": "Whether the answer may be compressed, with gzip or deflate."
    },
    "ServerTiming": {
      "name": "Server-Timing", "in": "header", "required": false, "schema": { "type": "string" },
      "description": "When present, with any value, the answer tells the time of each stage."
    }
    """##

  static let headers = ##"""
    "InferenceHeaderContentLength": {
      "schema": { "type": "integer", "minimum": 1 },
      "description": "Bytes of the JSON part, before compression. Present when an output is binary."
    },
    "ContentEncoding": {
      "schema": { "type": "string", "enum": ["gzip", "deflate"] }, "description": "How the body is compressed."
    },
    "ServerTiming": {
      "schema": { "type": "string" },
      "description": "Milliseconds in the stages queue, input, compute and output, when the request asks for them."
    },
    "RetryAfter": {
      "schema": { "type": "integer", "minimum": 0 }, "description": "Seconds after which the same request may succeed."
    }
    """##

  static let responses = ##"""
    "Inference": {
      "description": "The outputs.",
      "headers": {
        "Inference-Header-Content-Length": { "$ref": "#/components/headers/InferenceHeaderContentLength" },
        "Content-Encoding": { "$ref": "#/components/headers/ContentEncoding" },
        "Server-Timing": { "$ref": "#/components/headers/ServerTiming" }
      },
      "content": {
        "application/json": { "schema": { "$ref": "#/components/schemas/InferenceResponse" } },
        "application/octet-stream": { "schema": { "$ref": "#/components/schemas/BinaryBody" } }
      }
    },
    "ModelNames": {
      "description": "The names.",
      "content": { "application/json": { "schema": {
        "type": "object", "required": ["models"],
        "properties": { "models": { "type": "array", "items": { "type": "string" } } }
      } } }
    },
    "Statistics": {
      "description": "The counts since each version was loaded.",
      "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Statistics" } } }
    },
    \##(failure("Error", "The request was not answered.")),
    \##(failure("Invalid", "The request is malformed, or does not fit the model's signature.")),
    \##(failure("NotFound", "There is no such model, version or label.")),
    \##(failure("TooLarge", "The body, or what it decompresses to, is larger than allowed.")),
    \##(failure("Overloaded", "Too many requests wait already.", mayRetry: true)),
    \##(failure("Unsupported", "What is asked for is not supported: an encoding of the body, or a parameter.")),
    \##(failure("Unavailable", "The server or the model is not ready, or cannot take more work now.", mayRetry: true)),
    \##(failure("TimedOut", "The request was not executed in time."))
    """##

  private static func failure(_ name: String, _ description: String, mayRetry: Bool = false) -> String {
    let headers = mayRetry ? ##""headers": { "Retry-After": { "$ref": "#/components/headers/RetryAfter" } },"## : ""
    return ##"""
      "\##(name)": {
        "description": "\##(description)", \##(headers)
        "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Error" } } }
      }
      """##
  }
}
