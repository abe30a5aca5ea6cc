extension OpenAPIDocument {
  /// What is sent to run a model, and what comes back.
  static let inferenceSchemas = ##"""
    "Datatype": {
      "type": "string",
      "enum": [
        "BOOL", "UINT8", "UINT16", "UINT32", "UINT64", "INT8", "INT16", "INT32", "INT64", "FP16", "BF16", "FP32", "FP64", "BYTES"
      ],
      "description": "FP16 and BF16 travel as bytes only, not in `data`."
    },
    "Parameters": {
      "type": "object", "additionalProperties": { "type": ["boolean", "integer", "number", "string"] }
    },
    "TensorData": {
      "type": "array", "items": { "type": ["number", "boolean", "string", "array"] },
      "description": "The elements in row-major order, flat or nested like the shape. Booleans for BOOL, strings for BYTES."
    },
    "InputTensor": {
      "type": "object", "required": ["name", "shape", "datatype"],
      "properties": {
        "name": { "type": "string" },
        "shape": { "type": "array", "items": { "type": "integer", "minimum": 0 } },
        "datatype": { "$ref": "#/components/schemas/Datatype" },
        "parameters": {
          "allOf": [{ "$ref": "#/components/schemas/Parameters" }],
          "properties": {
            "binary_data_size": {
              "type": "integer", "minimum": 0,
              "description": "Bytes of the tensor behind the JSON part; `data` is absent then."
            }
          }
        },
        "data": { "$ref": "#/components/schemas/TensorData" }
      }
    },
    "RequestedOutput": {
      "type": "object", "required": ["name"],
      "properties": {
        "name": { "type": "string" },
        "parameters": {
          "allOf": [{ "$ref": "#/components/schemas/Parameters" }],
          "properties": {
            "binary_data": { "type": "boolean", "description": "Asks for bytes behind the JSON part instead of `data`." },
            "classification": {
              "type": "integer", "minimum": 1,
              "description": "Asks for so many of the largest elements of each row, as strings `value:index[:label]`."
            }
          }
        }
      }
    },
    "InferenceRequest": {
      "type": "object", "required": ["inputs"],
      "properties": {
        "id": { "type": "string", "description": "Echoed in the answer." },
        "parameters": {
          "allOf": [{ "$ref": "#/components/schemas/Parameters" }],
          "properties": {
            "binary_data_output": { "type": "boolean", "description": "The default of every output's `binary_data`." },
            "timeout": { "type": "integer", "minimum": 0, "description": "Microseconds after which nobody waits for the answer." }
          }
        },
        "inputs": { "type": "array", "items": { "$ref": "#/components/schemas/InputTensor" } },
        "outputs": {
          "type": "array", "items": { "$ref": "#/components/schemas/RequestedOutput" },
          "description": "Absent or empty for every output of the model."
        }
      },
      "examples": [{
        "id": "1", "inputs": [{ "name": "x", "shape": [1, 4], "datatype": "FP32", "data": [0.1, 0.2, 0.3, 0.4] }]
      }]
    },
    "OutputTensor": {
      "type": "object", "required": ["name", "shape", "datatype"],
      "properties": {
        "name": { "type": "string" },
        "shape": { "type": "array", "items": { "type": "integer", "minimum": 0 } },
        "datatype": { "$ref": "#/components/schemas/Datatype" },
        "parameters": { "$ref": "#/components/schemas/Parameters" },
        "data": { "$ref": "#/components/schemas/TensorData" }
      }
    },
    "InferenceResponse": {
      "type": "object", "required": ["model_name", "outputs"],
      "properties": {
        "model_name": { "type": "string" },
        "model_version": { "type": "string" },
        "id": { "type": "string" },
        "parameters": { "$ref": "#/components/schemas/Parameters" },
        "outputs": { "type": "array", "items": { "$ref": "#/components/schemas/OutputTensor" } }
      }
    },
    "BinaryBody": {
      "type": "string", "format": "binary",
      "description": "The JSON part, then the bytes of each tensor with `binary_data_size`, in order: little-endian, row-major, without padding; BOOL is one byte, each element of BYTES a 32-bit length and its bytes. The header Inference-Header-Content-Length gives the length of the JSON part."
    }
    """##

  /// What the server says about itself and its models.
  static let descriptionSchemas = ##"""
    "Error": { "type": "object", "required": ["error"], "properties": { "error": { "type": "string" } } },
    "ServerMetadata": {
      "type": "object", "required": ["name", "version", "extensions"],
      "properties": {
        "name": { "type": "string" }, "version": { "type": "string" },
        "extensions": { "type": "array", "items": { "type": "string" } }
      }
    },
    "TensorMetadata": {
      "type": "object", "required": ["name", "datatype", "shape"],
      "properties": {
        "name": { "type": "string" }, "datatype": { "$ref": "#/components/schemas/Datatype" },
        "shape": {
          "type": "array", "items": { "type": "integer", "minimum": -1 }, "description": "-1 where the extent is not fixed."
        }
      }
    },
    "ModelMetadata": {
      "type": "object", "required": ["name", "platform", "inputs", "outputs"],
      "properties": {
        "name": { "type": "string" },
        "versions": { "type": "array", "items": { "type": "string" }, "description": "Those that are ready." },
        "platform": { "type": "string" },
        "inputs": { "type": "array", "items": { "$ref": "#/components/schemas/TensorMetadata" } },
        "outputs": { "type": "array", "items": { "$ref": "#/components/schemas/TensorMetadata" } }
      }
    },
    "ModelReady": {
      "type": "object", "required": ["name", "ready"],
      "properties": { "name": { "type": "string" }, "ready": { "type": "boolean" } }
    },
    "ModelConfiguration": {
      "type": "object", "required": ["name"], "properties": { "name": { "type": "string" } }
    },
    "IndexEntry": {
      "type": "object", "required": ["name"],
      "properties": {
        "name": { "type": "string" }, "version": { "type": "string" },
        "state": { "type": "string", "enum": ["READY", "LOADING", "UNLOADING", "UNAVAILABLE"] },
        "reason": { "type": "string", "description": "Why it is in that state." }
      }
    },
    "Duration": {
      "type": "object", "required": ["count", "ns"],
      "properties": {
        "count": { "type": "integer", "minimum": 0 },
        "ns": { "type": "integer", "minimum": 0, "description": "Nanoseconds in all." }
      }
    },
    "ModelStatistics": {
      "type": "object", "required": ["name", "version"],
      "properties": {
        "name": { "type": "string" }, "version": { "type": "string" },
        "last_inference": { "type": "integer", "description": "Milliseconds since 1970; zero for never." },
        "inference_count": { "type": "integer", "description": "Rows inferred; one for models without a batch axis." },
        "execution_count": { "type": "integer" },
        "inference_stats": {
          "type": "object", "additionalProperties": { "$ref": "#/components/schemas/Duration" },
          "description": "success, fail, queue, compute_input, compute_infer, compute_output, cache_hit, cache_miss."
        },
        "batch_stats": {
          "type": "array",
          "items": {
            "type": "object", "required": ["batch_size"],
            "properties": {
              "batch_size": { "type": "integer", "minimum": 1 },
              "compute_input": { "$ref": "#/components/schemas/Duration" },
              "compute_infer": { "$ref": "#/components/schemas/Duration" },
              "compute_output": { "$ref": "#/components/schemas/Duration" }
            }
          }
        },
        "memory_usage": {
          "type": "array",
          "items": {
            "type": "object",
            "properties": {
              "type": { "type": "string" }, "id": { "type": "integer" }, "byte_size": { "type": "integer" }
            }
          }
        }
      }
    },
    "Statistics": {
      "type": "object", "required": ["model_stats"],
      "properties": { "model_stats": { "type": "array", "items": { "$ref": "#/components/schemas/ModelStatistics" } } }
    }
    """##
}
