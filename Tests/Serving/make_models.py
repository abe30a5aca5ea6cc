#!/usr/bin/env python3
"""Writes repositories of small models for the tests of serving: FOLDER/MODEL/VERSION/model.onnx and their settings.

    make_models.py FOLDER [MODEL…]          every model but the broken one, unless some are named
"""
import json
import pathlib
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

node = helper.make_node
FLOAT, INT64 = TensorProto.FLOAT, TensorProto.INT64

# The protocol's name of an element type, with ONNX's.
DATATYPES = {
    "BOOL": TensorProto.BOOL, "UINT8": TensorProto.UINT8, "UINT16": TensorProto.UINT16, "UINT32": TensorProto.UINT32,
    "UINT64": TensorProto.UINT64, "INT8": TensorProto.INT8, "INT16": TensorProto.INT16, "INT32": TensorProto.INT32,
    "INT64": TensorProto.INT64, "FP16": TensorProto.FLOAT16, "BF16": TensorProto.BFLOAT16, "FP32": TensorProto.FLOAT,
    "FP64": TensorProto.DOUBLE, "BYTES": TensorProto.STRING,
}
LABELS = ("cat", "dog", "cow and calf", "Käfer")
MATMUL_WEIGHTS = (np.arange(32, dtype=np.float32).reshape(8, 4) - 16) / 8
SLOW_EXTENT = 1024
SLOW_PRODUCTS = 40
SLOW_ERROR = 1e-3
SLOW_QUEUE = 4


def model(nodes, inputs, outputs, weights=()):
    """A model of opset 17; `weights` are pairs of a name and an array."""
    body = helper.make_graph(
        list(nodes), "graph", [helper.make_tensor_value_info(*value) for value in inputs],
        [helper.make_tensor_value_info(*value) for value in outputs],
        [numpy_helper.from_array(array, name) for name, array in weights])
    made = helper.make_model(body, opset_imports=[helper.make_opsetid("", 17)], producer_name="make_models")
    made.ir_version = 8
    return made


def identity(element, shape=("N", "M")):
    return model([node("Identity", ["x"], ["y"])], [("x", element, shape)], [("y", element, shape)])


def scale(factor):
    return model(
        [node("Mul", ["x", "factor"], ["y"])], [("x", FLOAT, ["N", "M"])], [("y", FLOAT, ["N", "M"])],
        [("factor", np.array(factor, np.float32))])


def add_sub():
    shape = ["N", 4]
    return model(
        [node("Add", ["A", "B"], ["SUM"]), node("Sub", ["A", "B"], ["DIFF"])],
        [("A", FLOAT, shape), ("B", FLOAT, shape)], [("SUM", FLOAT, shape), ("DIFF", FLOAT, shape)])


def fixed():
    return model([node("Neg", ["x"], ["y"])], [("x", FLOAT, [2, 3])], [("y", FLOAT, [2, 3])])


def matmul():
    return model(
        [node("MatMul", ["x", "w"], ["y"])], [("x", FLOAT, ["N", 8])], [("y", FLOAT, ["N", 4])],
        [("w", MATMUL_WEIGHTS)])


def classifier():
    shape = ["N", len(LABELS)]
    return model([node("Softmax", ["x"], ["y"], axis=-1)], [("x", FLOAT, shape)], [("y", FLOAT, shape)])


def slow():
    """Gives `x` to within SLOW_ERROR after about half a second of one core; every product depends on `x`."""
    rotation, _ = np.linalg.qr(np.random.default_rng(7).standard_normal((SLOW_EXTENT, SLOW_EXTENT)))
    nodes = [node("Add", ["w", "x"], ["m0"])]
    for i in range(SLOW_PRODUCTS):
        nodes += [node("MatMul", [f"m{i}", f"m{i}"], [f"p{i}"]), node("Tanh", [f"p{i}"], [f"m{i + 1}"])]
    nodes += [
        node("ReduceMean", [f"m{SLOW_PRODUCTS}"], ["mean"], axes=[0, 1], keepdims=1),
        node("Mul", ["mean", "small"], ["rest"]), node("Add", ["x", "rest"], ["y"])]
    weights = [("w", rotation.astype(np.float32)), ("small", np.array(SLOW_ERROR, np.float32))]
    return model(nodes, [("x", FLOAT, [1, 1])], [("y", FLOAT, [1, 1])], weights)


def shape_data():
    """The places of what is not zero: how many there are depends on the data."""
    return model([node("NonZero", ["x"], ["y"])], [("x", FLOAT, ["N"])], [("y", INT64, [1, "K"])])


def broken():
    return model([node("NoSuchOperator", ["x"], ["y"])], [("x", FLOAT, ["N"])], [("y", FLOAT, ["N"])])


# What a repository may hold: for each model, the versions.
MODELS = {
    **{
        f"identity_{name.lower()}": {1: lambda element=element: identity(element)}
        for name, element in DATATYPES.items()
    },
    "half": {1: lambda: identity(TensorProto.FLOAT16)},
    "add_sub": {1: add_sub},
    "scale": {1: lambda: scale(1.0), 3: lambda: scale(3.0)},
    "fixed": {1: fixed},
    "matmul": {1: matmul},
    "classifier": {1: classifier},
    "slow": {1: slow},
    "shape_data": {1: shape_data},
    "broken": {1: broken},
}
# What their model.json says.
SETTINGS = {
    "scale": {"version_policy": "all", "labels": {"stable": 1}},
    "slow": {"instances": 1, "threads": 1, "queue_limit": SLOW_QUEUE},
}
SOUND = tuple(name for name in MODELS if name != "broken")


def write(folder, names=SOUND):
    """Writes the models of these names under `folder`."""
    for name in names:
        for version, make in MODELS[name].items():
            place = pathlib.Path(folder) / name / str(version)
            place.mkdir(parents=True, exist_ok=True)
            onnx.save(make(), place / "model.onnx")
            if name == "classifier":
                (place / "labels.txt").write_text("".join(f"{label}\n" for label in LABELS), encoding="utf-8")
        if name in SETTINGS:
            (pathlib.Path(folder) / name / "model.json").write_text(json.dumps(SETTINGS[name]))


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    write(sys.argv[1], sys.argv[2:] or SOUND)
