#!/usr/bin/env python3
"""Writes the models of the importer's tests: what must be read, and what must be refused.

    python3 make_models.py          needs onnx 1.19 or later; writes into onnx/ beside this script
"""
import pathlib
import struct

import onnx
from onnx import TensorProto, helper, numpy_helper

HERE = pathlib.Path(__file__).resolve().parent / "onnx"
FLOAT, INT64, BOOL = TensorProto.FLOAT, TensorProto.INT64, TensorProto.BOOL
X, Y = ("x", FLOAT, ["N", 3, None]), ("y", FLOAT, None)
node = helper.make_node


def save(name, nodes, inputs=(X,), outputs=(Y,), opsets=(("", 17),), functions=(), sparse=(), ir=10, **graph):
    """A model, its parts in the order given, no check made."""
    declared = {"value_info": [helper.make_tensor_value_info(*info) for info in graph.pop("types", ())]}
    body = helper.make_graph(
        list(nodes), name, [info if hasattr(info, "type") else helper.make_tensor_value_info(*info) for info in inputs],
        [helper.make_tensor_value_info(*info) for info in outputs], **graph, **declared)
    body.sparse_initializer.extend(sparse)
    model = helper.make_model(
        body, opset_imports=[helper.make_opsetid(*opset) for opset in opsets], functions=list(functions),
        producer_name="make_models")
    model.ir_version = ir
    write(f"{name}.onnx", model.SerializeToString(deterministic=True))


def write(name, data):
    path = HERE / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def floats(name, shape, values):
    return helper.make_tensor(name, FLOAT, shape, values)


def raw(name, element, dims, data=b""):
    """A tensor that says what it likes about itself."""
    return TensorProto(name=name, data_type=element, dims=dims, raw_data=data)


# ---- What must be read -----------------------------------------------------------------------------


def values(element):
    """Five values that `element` holds exactly."""
    special = {
        TensorProto.STRING: [b"", b"a", "\u00e9".encode(), b"four", b"5"], TensorProto.BOOL: [1, 0, 1, 1, 0],
        TensorProto.UINT2: [0, 1, 2, 3, 1], TensorProto.INT2: [1, -2, -1, 0, 1],
        TensorProto.FLOAT8E8M0: [1, 2, 0.5, 1, 4], TensorProto.COMPLEX64: [1 + 2j, 3, 4j, -1, 0.5],
        TensorProto.COMPLEX128: [1 + 2j, 3, 4j, -1, 0.5],
    }
    if element in special:
        return special[element]
    name = TensorProto.DataType.Name(element)
    if "FLOAT" in name or name == "DOUBLE":
        return [1, -2, 3, 0.5, -4]
    return [1, 2, 3, 0, 7] if name.startswith("U") else [1, -2, 3, 0, -4]


def encodings():
    """Each element type N as `eN`, once in the typed array that ONNX assigns to it and once as raw bytes."""
    elements = [n for n in TensorProto.DataType.values() if 0 < n <= 26]
    typed = [helper.make_tensor(f"e{n}", n, [5], values(n)) for n in elements]
    save("typed", [node("Relu", ["x"], ["y"])], initializer=typed)
    packed = [
        numpy_helper.from_array(numpy_helper.to_array(tensor), tensor.name)
        for tensor in typed if tensor.data_type != TensorProto.STRING
    ]
    save("raw", [node("Relu", ["x"], ["y"])], initializer=packed)


def plain():
    save("plain", [
        node("MatMul", ["x", "w"], ["h"], "product"), node("Add", ["h", "b"], ["s"], "bias"),
        node("Clip", ["s", "", "top"], ["c"], "clip"), node("Relu", ["c"], ["y"], "activation"),
    ], inputs=[("x", FLOAT, ["N", 2])], outputs=[("y", FLOAT, ["N", 3])], initializer=[
        floats("w", [2, 3], [1, 2, 3, 4, 5, 6]), floats("b", [3], [0.5, -0.5, 0]), floats("top", [], [6]),
    ], types=[("h", FLOAT, ["N", 3])])
    save("initializer_input", [node("Add", ["x", "w"], ["y"])], inputs=[X, ("w", FLOAT, [3, 1])],
         initializer=[floats("w", [3, 1], [1, 2, 3])])
    save("unsorted", [
        node("Add", ["a", "b"], ["y"], "last"), node("Sigmoid", ["a"], ["b"], "middle"),
        node("Relu", ["x"], ["a"], "first"),
    ])
    save("aliases", [node("Identity", ["x"], ["y"]), node("Identity", ["x"], ["z"]), node("Relu", ["x"], ["r"])],
         outputs=[(name, FLOAT, None) for name in ("y", "z", "r", "w")], initializer=[floats("w", [1], [1])])
    constants = {
        "value": floats("", [2], [1, 2]), "value_int": 3, "value_ints": [4, 5], "value_float": 0.5,
        "value_floats": [1.5, 2.5], "value_string": "text", "value_strings": ["a", "b"],
        "sparse_value": sparse("", [3], [7], [1]),
    }
    save("constants", [node("Constant", [], [name], **{name: value}) for name, value in constants.items()],
         outputs=[(name, FLOAT, None) for name in constants])
    save("shapes", [node("Relu", ["x"], ["y"])], inputs=[
        ("x", FLOAT, ["N", "2*N", -1, None, 4]), ("scalar", INT64, []), ("unranked", FLOAT, None),
        helper.make_tensor_sequence_value_info("sequence", FLOAT, ["N"]),
        helper.make_value_info("optional", helper.make_optional_type_proto(helper.make_tensor_type_proto(BOOL, [1]))),
    ])
    save("opset_newer", [node("Relu", ["x"], ["y"])], opsets=[("", 99)])
    save("ir_newer", [node("Relu", ["x"], ["y"])], ir=99)


def sparse(name, dims, data, indices, index_shape=None):
    return helper.make_sparse_tensor(
        floats(name, [len(data)], data), helper.make_tensor("", INT64, index_shape or [len(indices)], indices), dims)


def sparse_models():
    save("sparse", [node("Relu", ["x"], ["y"])], sparse=[
        sparse("linear", [2, 3], [1, 2, 3], [0, 2, 5]), sparse("coordinates", [2, 3], [4, 5], [0, 1, 1, 2], [2, 2]),
        sparse("none", [2], [], []),
    ])
    save("sparse_refused", [node("Relu", ["x"], ["y"])], sparse=[
        sparse("beyond", [2, 3], [1], [6]), sparse("descending", [2, 3], [1, 2], [5, 0]),
        sparse("twice", [2, 3], [1, 2], [1, 1]), sparse("negative", [2, 3], [1], [-1]),
        sparse("rank", [2, 3], [1], [0, 0, 0], [1, 3]), sparse("large", [1 << 20, 1 << 8], [1], [0]),
        sparse("overflow", [1 << 40, 1 << 40], [1], [0]), sparse("extent", [-2, 3], [1], [0]),
    ])


# ---- Functions -------------------------------------------------------------------------------------


def function(name, inputs, outputs, nodes, domain="f", **more):
    return helper.make_function(domain, name, inputs, outputs, nodes, [helper.make_opsetid("", 17)] if domain else [],
                                **more)


def referring(target, name, source, kind):
    """`target` with an attribute whose value the function's call supplies."""
    target.attribute.add(name=name, ref_attr_name=source, type=kind)
    return target


def call(name, inputs, outputs, label="", domain="f", **attributes):
    return node(name, inputs, outputs, label, domain=domain, **attributes)


def functions():
    scale = [referring(node("Constant", [], ["k"]), "value_float", "alpha", onnx.AttributeProto.FLOAT)]
    inner = function("Inner", ["a", "b"], ["o"], [*scale, node("Mul", ["a", "k"], ["t"], "mul"),
                     node("Add", ["t", "b"], ["o"], "add")], attributes=["alpha"])
    passing = referring(call("Inner", ["a", "a"], ["i"], "call"), "alpha", "beta", onnx.AttributeProto.FLOAT)
    outer = function("Outer", ["a", "spare"], ["o", "u"], [passing, node("Relu", ["i"], ["o"], "relu"),
                     node("Exp", ["o"], ["u"], "exp")], attribute_protos=[helper.make_attribute("beta", 2.0)])
    save("functions", [call("Outer", ["x"], ["t"], "one"), call("Outer", ["t"], ["y"], "two", beta=5.0)],
         functions=[inner, outer], opsets=[("", 17), ("f", 1)])
    overloads = [function("Act", ["a"], ["o"], [node(op, ["a"], ["o"], op.lower())], overload=op)
                 for op in ("Relu", "Tanh")]
    save("overloads", [call("Act", ["x"], ["t"], "one", overload="Tanh"), call("Act", ["t"], ["y"], "two",
         overload="Relu")], functions=overloads, opsets=[("", 17), ("f", 1)])


def refused_functions():
    imports = [("", 17), ("f", 1)]
    ping = function("Ping", ["a"], ["o"], [call("Pong", ["a"], ["o"], "to")])
    pong = function("Pong", ["a"], ["o"], [call("Ping", ["a"], ["o"], "back")])
    save("function_recursion", [call("Ping", ["x"], ["y"], "start")], functions=[ping, pong], opsets=imports)
    save("function_calls", [call("One", ["x", "x"], ["y"], "many"), call("One", ["x"], ["z"], "right")],
         functions=[function("One", ["a"], ["o"], [node("Relu", ["a"], ["b"])])], opsets=imports)
    # In no domain and without opsets, to keep it small.
    chain = [function("D0", ["a"], ["o"], [node("Relu", ["a"], ["o"])], domain="")]
    chain += [function(f"D{i}", ["a"], ["o"], [node(f"D{i - 1}", ["a"], ["o"])], domain="") for i in range(1, 66)]
    save("function_depth", [node("D63", ["x"], ["y"], "within"), node("D65", ["x"], ["z"], "beyond")], functions=chain)
    bomb = [function("L0", ["a"], ["o"], [node("Relu", ["a"], ["o"])], domain="")]
    bomb += [function(f"L{i}", ["a"], ["o"], [node(f"L{i - 1}", ["a"], ["t"]), node(f"L{i - 1}", ["t"], ["o"])],
                      domain="") for i in range(1, 40)]
    save("function_bomb", [node("L39", ["x"], ["y"], "start")], functions=bomb)


# ---- External data ---------------------------------------------------------------------------------


def external(name, location, dims=(2, 2), **entries):
    tensor = TensorProto(name=name, data_type=FLOAT, dims=dims, data_location=TensorProto.EXTERNAL)
    entries = {"location": location, **entries}
    for key, value in entries.items():
        if value is not None:
            tensor.external_data.add(key=key, value=str(value))
    return tensor


def external_models():
    numbers = struct.pack("<4f", 1, 2, 3, 4)
    write("weights.bin", bytes(5) + struct.pack("<f", 1.5) + bytes(3) + numbers)
    write("more/weights.bin", numbers)
    relu = [node("Relu", ["x"], ["y"])]
    save("external", relu, initializer=[
        external("whole", "more/weights.bin"), external("part", "weights.bin", offset=12, length=16),
        external("unaligned", "weights.bin", dims=[1], offset=5), external("around", "more/../weights.bin", offset=12),
        external("empty", "weights.bin", dims=[0, 7]),
    ])
    save("external_refused", relu, initializer=[
        external("escape", "../make_models.py"), external("detour", "more/../../make_models.py"),
        external("absolute", "/dev/zero"), external("gone", "gone.bin"), external("folder", "more"),
        external("past", "weights.bin", offset=16), external("far", "weights.bin", offset=2**63 - 1),
        external("overflow", "weights.bin", offset=2**64), external("negative", "weights.bin", offset=-4),
        external("word", "weights.bin", offset="x"), external("length", "weights.bin", length=12),
        external("nowhere", None), external("memory", "*/_ORT_MEM_ADDR_/*", offset=4096),
        external("nul", "weights.bin\0.txt"),
    ])
    save("external_link", relu, initializer=[external("linked", "link.bin")])
    save("external_large", relu, initializer=[
        external("large", "large.bin", dims=[1 << 29]), external("tail", "large.bin", offset=5 << 30),
    ])


# ---- What must be refused --------------------------------------------------------------------------


def broken_graphs():
    save("cycle", [
        node("Add", ["x", "c"], ["a"], "one"), node("Relu", ["a"], ["b"], "two"), node("Exp", ["b"], ["c"], "three"),
        node("Tanh", ["c"], ["y"], "after"), node("Add", ["x", "s"], ["s"], "itself"),
    ])
    save("missing", [node("Add", ["x", "nope"], ["y"], "first"), node("Relu", ["nope"], ["z"], "second")],
         outputs=[Y, ("nothing", FLOAT, None)])
    save("duplicates", [node("Relu", ["x"], ["y"], "one"), node("Exp", ["x"], ["y"], "two"),
         node("Tanh", ["w"], ["x"], "three")], inputs=[X, X],
         initializer=[floats("w", [1], [1]), floats("w", [1], [2])])
    save("unsupported", [
        call("Frob", ["x"], ["a"], "frob1", "com.acme"), call("Frob", ["a"], ["b"], "frob2", "com.acme"),
        call("Grind", ["b"], ["c"], "grind", "com.acme"), node("Relu", ["c"], ["d"], "fine"),
        call("Frob", ["d"], ["e"], "frob3", "com.acme"), node("NoSuchThing", ["e"], ["y"], "odd"),
    ], opsets=[("", 17), ("com.acme", 3)])
    malformed = node("Concat", ["x", "x"], ["e"], "empty")
    malformed.attribute.add(name="axis", type=onnx.AttributeProto.GRAPH)
    save("attributes", [
        node("Concat", ["x", "x"], ["a"], "text", axis="one"), node("Concat", ["x", "x"], ["b"], "absent"),
        node("Transpose", ["x"], ["c"], "single", perm=1), node("Cast", ["x"], ["d"], "type", to=99),
        node("Relu", ["x"], ["y"], "extra", bogus=3), malformed,
    ])
    save("operands", [
        node("Add", ["x", "i"], ["y"], "mixed"), node("Relu", ["y"], ["z"], "after"),
        node("MatMul", ["w", "w"], ["p"], "product"), node("Relu", [], ["q"], "bare"),
    ], inputs=[X, ("i", INT64, ["N", 3, None])], initializer=[floats("w", [2, 3], [0] * 6)])
    save("declared", [node("Relu", ["x"], ["h"]), node("Exp", ["h"], ["y"])],
         outputs=[("y", INT64, ["N", 3, "M"])], types=[("h", FLOAT, ["N", 4, "M"])])
    save("opset_older", [node("Relu", ["x"], ["y"])], opsets=[("", 6)])
    save("opset_none", [node("Relu", ["x"], ["h"], "one"), node("Relu", ["h"], ["y"], "two")],
         opsets=[("ai.onnx.ml", 3)])
    endless = function("Endless", ["a"], ["o"], [call("Endless", ["a"], ["o"])])
    save("everything", [
        call("Frob", ["x"], ["a"], "frob", "com.acme"), node("Concat", ["x"], ["b"], "concat", axis="one"),
        node("MatMul", ["w", "w"], ["d"], "product"), node("Relu", ["nope"], ["e"], "lost"),
        node("Relu", ["x"], ["a"], "again"), node("Relu", ["g"], ["g"], "circle"),
        call("Endless", ["x"], ["h"], "call"),
    ], inputs=[X, ("odd", 27, [1])], opsets=[("", 6)], functions=[endless], initializer=[
        floats("w", [2, 3], [0] * 6), raw("short", FLOAT, [4], b"123"), external("away", "../away.bin"),
    ])
    model = onnx.ModelProto(ir_version=10, opset_import=[helper.make_opsetid("", 17)])
    write("no_graph.onnx", model.SerializeToString())


def broken_tensors():
    segment = raw("segment", FLOAT, [1], bytes(4))
    segment.segment.begin = 0
    elsewhere = raw("elsewhere", FLOAT, [1], bytes(4))
    elsewhere.data_location = 1
    save("tensors_refused", [node("Add", ["x", "short"], ["y"])], initializer=[
        raw("short", FLOAT, [4], b"123"), raw("long", FLOAT, [1], bytes(8)), raw("none", FLOAT, [4]),
        TensorProto(name="few", data_type=FLOAT, dims=[4], float_data=[1, 2]),
        TensorProto(name="field", data_type=FLOAT, dims=[1], int64_data=[1]),
        TensorProto(name="words", data_type=TensorProto.STRING, dims=[3], string_data=[b"a"]),
        raw("undefined", 0, [1], bytes(4)), raw("float6", 27, [4], bytes(3)), raw("future", 4000, [4], bytes(4)),
        raw("negative", FLOAT, [-1], bytes(4)), segment, elsewhere,
    ])
    save("huge", [node("Relu", ["x"], ["y"])], inputs=[("x", FLOAT, [2**63 - 1, 2**63 - 1, 2])], initializer=[
        raw("product", FLOAT, [1 << 62, 1 << 62], bytes(4)), raw("bytes", TensorProto.DOUBLE, [1 << 61], bytes(8)),
        raw("limit", FLOAT, [1 << 39], bytes(4)), raw("extreme", FLOAT, [2**63 - 1] * 4, bytes(4)),
        raw("empty", FLOAT, [0, 1 << 40]), raw("empty_extreme", FLOAT, [2**63 - 1, 0, 2**63 - 1]),
    ])


def field(number, data):
    """A length-delimited protobuf field."""
    size, length = len(data), b""
    while size > 127:
        length, size = length + bytes([size & 127 | 128]), size >> 7
    return bytes([number << 3 | 2]) + length + bytes([size]) + data


def nested(depth):
    """`If` with `depth` graphs inside one another, in protobuf's own terms: libraries refuse to nest so deeply."""
    result = node("Relu", ["x"], ["o"]).SerializeToString()
    for _ in range(depth):
        branch = field(1, b"then_branch") + field(6, field(1, result)) + b"\xa0\x01\x05"
        result = node("If", ["c"], ["o"]).SerializeToString() + field(5, branch)
    return result


def nested_models():
    inputs = [X, ("c", BOOL, [])]
    for name, depth in (("nested", 30), ("nested_too_deep", 40)):
        save(name, [], inputs=inputs, outputs=[("o", FLOAT, None)])
        # Concatenated messages are merged.
        write(f"{name}.onnx", (HERE / f"{name}.onnx").read_bytes() + field(7, field(1, nested(depth))))
    steps = [node("Add", ["h", "w"], ["o"], "inner"), call("Frob", ["o"], ["p"], "frob", "com.acme")]
    branch = helper.make_graph(steps, "g", [], [helper.make_value_info("p", onnx.TypeProto())])
    save("bodies", [call("Choose", ["c"], ["y"], "choose", "com.acme", then_branch=branch),
         node("Relu", ["x"], ["h"], "relu")], inputs=inputs, initializer=[floats("w", [1], [1])])


def main():
    for family in (encodings, plain, sparse_models, functions, refused_functions, external_models, broken_graphs,
                   broken_tensors, nested_models):
        family()
    sizes = {path.name: path.stat().st_size for path in HERE.glob("**/*") if path.is_file()}
    print(f"{len(sizes)} files, {sum(sizes.values())} bytes; the largest: {max(sizes, key=sizes.get)}")


if __name__ == "__main__":
    main()
