"""The ONNX node test cases as directories, produced once per version of `onnx` and kept in a cache.

The wheel of `onnx` ships the cases as Python code, not as files. `ensure` runs that code and writes, per case,
`NAME/model.onnx` and `NAME/test_data_set_N/{input,output}_I.pb`, and beside them `index.json`, which maps every name
to the operator it is about. Needs: numpy and onnx; without them only a cache that is already there can be read.
"""
import json
import os
import pathlib
import shutil
import tempfile

INDEX = "index.json"


def cache_folder() -> pathlib.Path:
    """The project's cache: `$XDG_CACHE_HOME/mass`, by default `~/.cache/mass`."""
    home = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
    return pathlib.Path(home) / "mass"


def encoded(value, info) -> bytes:
    """The protobuf that `info`'s type asks for, of one input or output value."""
    from onnx import TensorProto, numpy_helper

    if isinstance(value, TensorProto):
        return value.SerializeToString()
    if info.type.HasField("sequence_type"):
        return sequence(value, info).SerializeToString()
    if info.type.HasField("optional_type"):
        return optional(value, info).SerializeToString()
    if info.type.HasField("map_type"):
        return numpy_helper.from_dict(value, info.name).SerializeToString()
    return numpy_helper.from_array(value, info.name).SerializeToString()


def sequence(values, info):
    """A sequence of tensors; an empty one keeps its kind of element, which `onnx.numpy_helper` would guess."""
    from onnx import SequenceProto, numpy_helper

    if len(values) > 0:
        return numpy_helper.from_list(list(values), info.name)
    return SequenceProto(name=info.name, elem_type=SequenceProto.TENSOR)


def optional(value, info):
    """An optional tensor or sequence; `None` becomes an optional that holds nothing of its declared kind."""
    from onnx import OptionalProto, numpy_helper

    element = info.type.optional_type.elem_type
    kind = OptionalProto.SEQUENCE if element.HasField("sequence_type") else OptionalProto.TENSOR
    if value is None:
        return OptionalProto(name=info.name, elem_type=kind)
    if kind == OptionalProto.SEQUENCE:
        proto = OptionalProto(name=info.name, elem_type=kind)
        proto.sequence_value.CopyFrom(numpy_helper.from_list(list(value), info.name))
        return proto
    return numpy_helper.from_optional(value, info.name)


def write_case(case, folder: pathlib.Path) -> None:
    """One case as a directory that every ONNX test runner reads."""
    folder.mkdir()
    (folder / "model.onnx").write_bytes(case.model.SerializeToString())
    for number, (inputs, outputs) in enumerate(case.data_sets):
        data = folder / f"test_data_set_{number}"
        data.mkdir()
        for kind, values, infos in (("input", inputs, case.model.graph.input), ("output", outputs, case.model.graph.output)):
            for i, (value, info) in enumerate(zip(values, infos, strict=True)):
                (data / f"{kind}_{i}.pb").write_bytes(encoded(value, info))


def describe(cases) -> dict:
    """Name → operator, domain, opset. A case spelled as a function body (`…_expanded`) belongs to the operator it expands."""
    index = {}
    operator = {case.name: case.model.graph.node[0] for case in cases if "_expanded" not in case.name}
    for case in cases:
        node = operator[case.name.split("_expanded")[0]]
        opsets = {entry.domain: entry.version for entry in case.model.opset_import}
        index[case.name] = {
            "operator": node.op_type,
            "domain": node.domain,
            "opset": opsets.get(node.domain, 0),
            "expanded": "_expanded" in case.name,
        }
    return index


def generate(target: pathlib.Path) -> None:
    """Writes every case aside and renames the whole folder into place, so that `target` is complete or absent."""
    import numpy as np
    from onnx.backend.test.loader import load_model_tests

    np.random.seed(0)
    cases = load_model_tests(kind="node")
    target.parent.mkdir(parents=True, exist_ok=True)
    aside = pathlib.Path(tempfile.mkdtemp(prefix=target.name + ".", dir=target.parent))
    try:
        for case in cases:
            write_case(case, aside / case.name)
        (aside / INDEX).write_text(json.dumps(describe(cases), indent=1, sort_keys=True) + "\n")
        aside.chmod(0o755)
        aside.rename(target)
    except OSError:
        if not (target / INDEX).exists():
            raise
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def ensure(version: str) -> pathlib.Path:
    """The folder of the node tests of `onnx` `version`, generated first when it is not there yet."""
    target = cache_folder() / f"onnx-node-tests-{version}"
    if (target / INDEX).exists():
        return target
    import onnx

    if onnx.__version__ != version:
        raise SystemExit(f"node tests of onnx {version} wanted, but onnx {onnx.__version__} is installed here")
    generate(target)
    return target


def load_index(folder: pathlib.Path) -> dict:
    return json.loads((folder / INDEX).read_text())
