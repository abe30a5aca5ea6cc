"""Tensors as the Open Inference Protocol writes them, in JSON and as bytes after it, and arrays to send."""
import json
import struct

import ml_dtypes
import numpy as np

HEADER = "Inference-Header-Content-Length"
DTYPES = {
    "BOOL": np.dtype(np.bool_), "UINT8": np.dtype(np.uint8), "UINT16": np.dtype(np.uint16),
    "UINT32": np.dtype(np.uint32), "UINT64": np.dtype(np.uint64), "INT8": np.dtype(np.int8),
    "INT16": np.dtype(np.int16), "INT32": np.dtype(np.int32), "INT64": np.dtype(np.int64),
    "FP16": np.dtype(np.float16), "BF16": np.dtype(ml_dtypes.bfloat16), "FP32": np.dtype(np.float32),
    "FP64": np.dtype(np.float64), "BYTES": np.dtype(object),
}
READABLE = [name for name in DTYPES if name not in ("FP16", "BF16")]


# ---- Reading -----------------------------------------------------------------------------------


class Tensor:
    """An output of an answer; `raw` is none if it came as JSON."""

    def __init__(self, entry, raw):
        self.entry, self.raw = entry, raw
        self.name, self.datatype, self.shape = entry["name"], entry["datatype"], tuple(entry["shape"])
        if raw is None:
            self.array = from_json(self.datatype, self.shape, entry["data"])
        else:
            if "data" in entry:
                raise AssertionError(f"an output with both data and binary_data_size: {entry}")
            self.array = from_bytes(self.datatype, self.shape, raw)


def json_types(datatype):
    """What elements may be in JSON, as Python reads it."""
    if datatype == "BOOL":
        return (bool,)
    return (str,) if datatype == "BYTES" else (int, float) if datatype.startswith("FP") else (int,)


def from_json(datatype, shape, data):
    flat, kinds = [], json_types(datatype)

    def flatten(value):
        if isinstance(value, list):
            for element in value:
                flatten(element)
        elif type(value) in kinds:
            flat.append(value.encode() if isinstance(value, str) else value)
        else:
            raise AssertionError(f"{value!r} as an element of {datatype}")

    flatten(data)
    array = np.empty(len(flat), DTYPES[datatype])
    array[:] = flat
    return array.reshape(shape)


def from_bytes(datatype, shape, raw):
    if datatype != "BYTES":
        return np.frombuffer(raw, DTYPES[datatype]).reshape(shape)
    elements, offset = [], 0
    while offset < len(raw):
        (count,) = struct.unpack_from("<I", raw, offset)
        elements.append(raw[offset + 4 : offset + 4 + count])
        offset += 4 + count
    array = np.empty(len(elements), object)
    array[:] = elements
    return array.reshape(shape)


def to_bytes(array):
    if array.dtype != object:
        return np.ascontiguousarray(array).tobytes()
    return b"".join(struct.pack("<I", len(element)) + element for element in array.flat)


# ---- Writing -----------------------------------------------------------------------------------


def json_input(name, array, datatype=None, nested=False):
    """An input with its elements in JSON."""
    datatype = datatype or datatype_of(array)
    data = array.tolist() if nested else array.ravel().tolist()
    if datatype == "BYTES":
        data = as_text(data)
    return {"name": name, "datatype": datatype, "shape": list(array.shape), "data": data}


def as_text(data):
    return [as_text(entry) for entry in data] if isinstance(data, list) else data.decode()


def datatype_of(array):
    return next(name for name, dtype in DTYPES.items() if dtype == array.dtype)


def encode(inputs, outputs=None, **members):
    """Headers and body of a request whose inputs, pairs of a name and an array, follow the JSON part as bytes."""
    tails = [to_bytes(array) for _, array in inputs]
    value = {
        **members,
        "inputs": [
            {
                "name": name, "datatype": datatype_of(array), "shape": list(array.shape),
                "parameters": {"binary_data_size": len(tail)},
            }
            for (name, array), tail in zip(inputs, tails)
        ],
    }
    if outputs is not None:
        value["outputs"] = outputs
    return framed(value, b"".join(tails))


def framed(value, tail, length=None):
    """Headers and body of a request of a JSON part and bytes after it; `length` may lie."""
    head = value if isinstance(value, bytes) else json.dumps(value).encode()
    return [("Inference-Header-Content-Length", len(head) if length is None else length)], head + tail


def binary(*names):
    """Requested outputs that come as bytes."""
    return [{"name": name, "parameters": {"binary_data": True}} for name in names]


def same(left, right):
    """Whether two arrays are equal in type, shape and every bit."""
    return left.dtype == right.dtype and left.shape == right.shape and to_bytes(left) == to_bytes(right)


# ---- Arrays to send ----------------------------------------------------------------------------


def identity(datatype):
    return f"identity_{datatype.lower()}"


def strings(rows):
    array = np.empty((len(rows), len(rows[0])), object)
    array[:] = rows
    return array


def examples(datatype):
    """An array [3, 4] of a type, its extremes included; all finite, all text."""
    dtype = DTYPES[datatype]
    if datatype == "BYTES":
        odd = [b"", b"a", "ä€😀".encode(), b'"\\/\n\t\x01']
        return strings([odd, [b"0", b"null", b"x" * 300, b" "], [b"["] * 4])
    if datatype == "BOOL":
        return np.arange(12).reshape(3, 4) % 3 == 0
    if dtype.kind in "iu":
        limits = np.iinfo(dtype)
        return np.array([limits.min, limits.max, limits.max - 1, limits.min + 1] + list(range(8)), dtype).reshape(3, 4)
    values = [0.0, -0.0, 1.0, -1.5, 0.1, 1 / 3, 3.0e4, 1e-3, 2.0, 5.5, 7.0, -8.0]
    array = np.array(values, dtype).reshape(3, 4)
    if datatype in ("FP32", "FP64"):
        limits = np.finfo(dtype)
        array[2] = [limits.max, limits.min, limits.tiny, limits.smallest_subnormal]
    return array


ADD_SUB = [json_input("A", np.full((2, 4), 3, np.float32)), json_input("B", np.full((2, 4), 1, np.float32))]
VECTOR = json_input("x", np.array([[1, 2]], np.float32))


def one(value=1.0):
    return {"inputs": [json_input("x", np.array([[value]], np.float32))]}
