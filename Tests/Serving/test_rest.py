"""The Open Inference Protocol over HTTP, as its documents, its conformance vectors and its clients have it."""
import concurrent.futures
import gzip
import json
import socket
import subprocess
import tempfile
import threading
import time
import unittest
import zlib

import numpy as np
import tritonclient.http as triton
from tritonclient.utils import InferenceServerException

import make_models
from harness import (
    DTYPES, MASS, Server, ServingCase, binary, chunked, encode, framed, infer_path, json_input, request_bytes,
    serving, to_bytes)

RANDOM_SEED = 20
READABLE = [name for name in DTYPES if name not in ("FP16", "BF16")]
HEADER = "Inference-Header-Content-Length"
SLOW_SECONDS = 30


def setUpModule():
    ServingCase.share()


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


class Health(ServingCase):
    def test_live(self):
        answer = self.succeed(self.server.get("/v2/health/live"))
        self.assertEqual((answer.header("Content-Type"), answer.json()), ("application/json", {"live": True}))

    def test_ready(self):
        self.assertEqual(self.succeed(self.server.get("/v2/health/ready")).json(), {"ready": True})

    def test_model_ready(self):
        for path in ("scale", "scale/versions/1", "scale/versions/3", "identity_bytes"):
            with self.subTest(path):
                answer = self.succeed(self.server.get(f"/v2/models/{path}/ready"))
                self.assertEqual(answer.json(), {"name": path.split("/")[0], "ready": True})

    def test_what_is_not_there_is_not_ready(self):
        for path in ("nobody", "scale/versions/2", "nobody/versions/1"):
            with self.subTest(path):
                self.refuse(self.server.get(f"/v2/models/{path}/ready"), (404, 503), "nobody|scale")


class Metadata(ServingCase):
    def test_server(self):
        for path in ("/v2", "/v2/"):
            with self.subTest(path):
                value = self.succeed(self.server.get(path)).json()
                self.assertEqual(set(value), {"name", "version", "extensions"})
                self.assertRegex(value["version"], r"^\d+\.\d+\.\d+")
                self.assertTrue(value["name"])
                for extension in (
                    "classification", "model_repository", "model_configuration", "binary_tensor_data", "parameters",
                    "statistics",
                ):
                    self.assertIn(extension, value["extensions"])
                for missing in ("cuda_shared_memory", "system_shared_memory", "trace", "logging", "sequence"):
                    self.assertNotIn(missing, value["extensions"])

    def test_models(self):
        value = self.succeed(self.server.get("/v2/models")).json()
        self.assertEqual(sorted(value["models"]), sorted(make_models.SOUND))

    def test_model(self):
        for datatype in DTYPES:
            with self.subTest(datatype):
                value = self.succeed(self.server.get(f"/v2/models/{identity(datatype)}")).json()
                self.assertEqual((value["name"], value["versions"]), (identity(datatype), ["1"]))
                self.assertRegex(value["platform"], r"^\w+_\w+$")
                self.assertEqual(value["inputs"], [{"name": "x", "datatype": datatype, "shape": [-1, -1]}])
                self.assertEqual(value["outputs"], [{"name": "y", "datatype": datatype, "shape": [-1, -1]}])

    def test_shapes_and_order(self):
        fixed = self.succeed(self.server.get("/v2/models/fixed")).json()
        self.assertEqual(fixed["inputs"][0]["shape"], [2, 3])
        both = self.succeed(self.server.get("/v2/models/add_sub")).json()
        self.assertEqual([value["name"] for value in both["inputs"]], ["A", "B"])
        self.assertEqual([value["name"] for value in both["outputs"]], ["SUM", "DIFF"])
        self.assertEqual(both["outputs"][0]["shape"], [-1, 4])
        found = self.succeed(self.server.get("/v2/models/shape_data")).json()
        self.assertEqual(found["outputs"], [{"name": "y", "datatype": "INT64", "shape": [1, -1]}])

    def test_versions(self):
        for path in ("scale", "scale/versions/1", "scale/versions/3"):
            with self.subTest(path):
                value = self.succeed(self.server.get(f"/v2/models/{path}")).json()
                self.assertEqual(value["versions"], ["1", "3"])

    def test_unknown_model_and_version(self):
        model = "Request for unknown model: 'nobody' is not found"
        version = "Request for unknown model: 'scale' version 2 is not found"
        for end in ("", "/config", "/stats"):
            with self.subTest(end or "metadata"):
                self.refuse(self.server.get(f"/v2/models/nobody{end}"), 404, model)
                self.refuse(self.server.get(f"/v2/models/scale/versions/2{end}"), 404, version)
        self.refuse(self.server.infer("nobody", one()), 404, model)
        self.refuse(self.server.infer("scale", one(), version=2), 404, version)

    def test_versions_that_are_no_numbers(self):
        for version in ("x", "-1", "1.0", "", "%31x", "99999999999999999999", "+1", "1e0", " 1"):
            with self.subTest(version):
                path = f"/v2/models/scale/versions/{version.replace(' ', '%20')}"
                self.refuse(self.server.get(path), (400, 404))
                self.refuse(self.server.post(f"{path}/infer", one()), (400, 404))

    def test_config(self):
        for path in ("scale", "scale/versions/1"):
            with self.subTest(path):
                value = self.succeed(self.server.get(f"/v2/models/{path}/config")).json()
                self.assertEqual(value["name"], "scale")

    def test_names_are_percent_decoded(self):
        value = self.succeed(self.server.get("/v2/models/%69dentity%5Ffp32")).json()
        self.assertEqual(value["name"], "identity_fp32")
        self.succeed(self.server.infer("%69dentity_fp32", {"inputs": [VECTOR]}))
        self.refuse(self.server.get("/v2/models/identity_fp32%2Fready"), (400, 404))
        self.refuse(self.server.get("/v2/models/no%20body"), (400, 404))

    def test_a_query_changes_nothing(self):
        self.succeed(self.server.get("/v2/health/live?x=1&y=%zz"))
        self.succeed(self.server.get("/v2/models/scale?"))


class Encodings(ServingCase):
    def infer(self, model, request, **options):
        return self.succeed(self.server.infer(model, request, **options))

    def test_flat_and_nested_json(self):
        for datatype in READABLE:
            with self.subTest(datatype):
                array = examples(datatype)
                flat = self.infer(identity(datatype), {"inputs": [json_input("x", array)]})
                nested = self.infer(identity(datatype), {"inputs": [json_input("x", array, nested=True)]})
                self.assertEqual(flat.header("Content-Type"), "application/json")
                self.assertIsNone(flat.header(HEADER))
                self.assertEqual(flat.json(), nested.json())
                self.assert_same(flat.outputs()["y"], array)
                self.assertEqual(flat.tensors()[0].datatype, datatype)

    def test_binary_is_the_same_as_json(self):
        for datatype in DTYPES:
            with self.subTest(datatype):
                array = examples(datatype)
                answer = self.infer(identity(datatype), encode([("x", array)], binary("y")))
                self.assertEqual(answer.header("Content-Type"), "application/octet-stream")
                self.assertEqual(answer.tensors()[0].raw, to_bytes(array))
                self.assert_same(answer.outputs()["y"], array)
                if datatype in READABLE:
                    mixed = self.infer(identity(datatype), encode([("x", array)]))
                    self.assert_same(mixed.outputs()["y"], array)
                    request = {"inputs": [json_input("x", array)], "outputs": binary("y")}
                    self.assertEqual(self.infer(identity(datatype), request).tensors()[0].raw, to_bytes(array))

    def test_every_encoding_gives_the_same_bytes_of_a_product(self):
        array = np.random.default_rng(RANDOM_SEED).standard_normal((1, 8)).astype(np.float32)
        raw = self.infer("matmul", ([(HEADER, 0)], to_bytes(array))).outputs()["y"]
        written = self.infer("matmul", {"inputs": [json_input("x", array)]}).outputs()["y"]
        sent = self.infer("matmul", encode([("x", array)], binary("y"))).outputs()["y"]
        np.testing.assert_allclose(raw, array @ make_models.MATMUL_WEIGHTS, rtol=1e-5, atol=1e-5)
        self.assert_same(written, raw)
        self.assert_same(sent, raw)

    def test_raw(self):
        array = np.arange(6, dtype=np.float32)
        answer = self.infer("fixed", ([(HEADER, 0)], to_bytes(array)))
        self.assertEqual(answer.header("Content-Type"), "application/octet-stream")
        self.assertIsNotNone(answer.tensors()[0].raw)
        self.assert_same(answer.outputs()["y"], -array.reshape(2, 3))
        for model, body in (
            ("add_sub", bytes(32)), ("fixed", bytes(20)), ("fixed", bytes(28)), ("fixed", b""), ("matmul", bytes(31)),
        ):
            with self.subTest(f"{len(body)} bytes for {model}"):
                self.refuse(self.server.infer(model, ([(HEADER, 0)], body)), 400)

    def test_zero_elements(self):
        for shape in ((0, 4), (3, 0), (0, 0)):
            for datatype in DTYPES:
                with self.subTest(f"{datatype} {shape}"):
                    array = np.empty(shape, DTYPES[datatype])
                    self.assert_same(
                        self.infer(identity(datatype), encode([("x", array)], binary("y"))).outputs()["y"], array)
                    if datatype in READABLE:
                        self.assert_same(
                            self.infer(identity(datatype), {"inputs": [json_input("x", array)]}).outputs()["y"], array)
                        self.assert_same(
                            self.infer(identity(datatype), {"inputs": [json_input("x", array, nested=True)]})
                            .outputs()["y"], array)
        empty = np.empty((0, 8), np.float32)
        self.assertEqual(self.infer("matmul", encode([("x", empty)])).outputs()["y"].shape, (0, 4))
        found = self.infer("shape_data", encode([("x", np.zeros(5, np.float32))]))
        self.assertEqual(found.outputs()["y"].shape, (1, 0))

    def test_an_output_whose_shape_depends_on_data(self):
        array = np.array([0, 1, 0, 2, 3], np.float32)
        for outputs in (None, binary("y")):
            got = self.infer("shape_data", encode([("x", array)], outputs)).outputs()["y"]
            self.assert_same(got, np.array([[1, 3, 4]]))

    def test_floats_survive_json_bit_by_bit(self):
        random = np.random.default_rng(RANDOM_SEED)
        for dtype, bits in ((np.float32, np.uint32), (np.float64, np.uint64)):
            with self.subTest(dtype.__name__):
                array = random.integers(0, np.iinfo(bits).max, 4000, bits).view(dtype)
                array = array[np.isfinite(array)][None]
                model = identity("FP32" if dtype == np.float32 else "FP64")
                self.assert_same(self.infer(model, {"inputs": [json_input("x", array)]}).outputs()["y"], array)

    def test_ways_to_write_a_number(self):
        texts = [
            "1", "1.0", "1e3", "1E+3", "10e-1", "-0", "-0.0", "1e-400", "0.1000000000000000055511151231257827",
            "123456789012345678901234567890"]
        body = f'{{"inputs":[{{"name":"x","datatype":"FP64","shape":[1,10],"data":[{",".join(texts)}]}}]}}'.encode()
        answer = self.succeed(self.server.post(infer_path("identity_fp64"), body))
        self.assertEqual(answer.outputs()["y"][0].tolist(), [float(text) for text in texts])

    def test_numbers_a_type_cannot_hold(self):
        for datatype, text in (
            ("UINT8", "256"), ("UINT8", "-1"), ("INT8", "128"), ("INT8", "-129"), ("UINT16", "65536"),
            ("INT16", "32768"), ("INT32", "2147483648"), ("UINT32", "4294967296"), ("INT64", "9223372036854775808"),
            ("INT64", "-9223372036854775809"), ("UINT64", "18446744073709551616"), ("UINT64", "-1"), ("INT32", "1.5"),
            ("INT64", "1e30"), ("FP32", "1e39"), ("FP64", "1e400"), ("FP32", '"1"'), ("INT32", '"1"'), ("BYTES", "1"),
            ("BYTES", "true"), ("INT32", "null"), ("BYTES", "null"), ("FP32", "NaN"), ("FP32", "Infinity"),
            ("FP64", "-Infinity"), ("FP32", "nan"), ("FP32", "01"), ("FP32", "1."), ("FP32", ".5"), ("FP32", "+1"),
            ("FP32", "0x10"), ("FP32", "{}"), ("BOOL", '"true"'), ("BOOL", "2"), ("FP32", "true"), ("INT32", "false"),
        ):
            with self.subTest(f"{text} as {datatype}"):
                body = f'{{"inputs":[{{"name":"x","datatype":"{datatype}","shape":[1,1],"data":[{text}]}}]}}'.encode()
                self.refuse(self.server.post(infer_path(identity(datatype)), body), 400)

    def test_half_precision_is_not_written_as_json(self):
        for datatype in ("FP16", "BF16"):
            with self.subTest(datatype):
                value = {"name": "x", "datatype": datatype, "shape": [1, 1], "data": [1.0]}
                self.refuse(self.server.infer(identity(datatype), {"inputs": [value]}), 400, datatype)
                array = np.ones((1, 1), DTYPES[datatype])
                self.refuse(self.server.infer(identity(datatype), encode([("x", array)])), 400, datatype)

    def test_not_a_number(self):
        array = np.array([[np.nan, np.inf, -np.inf, 1]], np.float32)
        answer = self.infer("identity_fp32", encode([("x", array)], binary("y")))
        self.assertEqual(answer.tensors()[0].raw, to_bytes(array))
        self.refuse(self.server.infer("identity_fp32", encode([("x", array)])), (400, 422, 500), "y|finite")

    def test_bytes_that_are_no_text(self):
        """Strings of ONNX are text, so that other bytes are refused; none may come back as something else."""
        for element in (b"\xff\xfe", b"\xc3", bytes(range(256)), b"\xed\xa0\x80", b"\xc0\x80", b"\xf4\x90\x80\x80"):
            for outputs in (None, binary("y")):
                with self.subTest(element[:8]):
                    array = strings([[b"a", element]])
                    self.refuse(self.server.infer("identity_bytes", encode([("x", array)], outputs)), 400, "x.*UTF-8")
        text = strings([[b"\0", b"a\0b"]])
        self.assert_same(self.infer("identity_bytes", encode([("x", text)])).outputs()["y"], text)

    def test_text_in_json(self):
        data = rb'["\u0000\u00e9","\ud83d\ude00","\/\"\\"]'
        body = b'{"inputs":[{"name":"x","datatype":"BYTES","shape":[1,3],"data":' + data + b"}]}"
        got = self.succeed(self.server.post(infer_path("identity_bytes"), body)).outputs()["y"]
        self.assertEqual(got.tolist(), [["\0é".encode(), "😀".encode(), b'/"\\']])
        for bad in (rb'"\ud800"', rb'"\udc00\ud800"', rb'"\x41"', b'"\xff"', b'"\n"', rb'"\u12"', b'"\xed\xa0\x80"'):
            with self.subTest(bad):
                body = b'{"inputs":[{"name":"x","datatype":"BYTES","shape":[1,1],"data":[' + bad + b"]}]}"
                self.refuse(self.server.post(infer_path("identity_bytes"), body), 400)

    def test_binary_strings_whose_lengths_lie(self):
        for tail in (b"\x05\0\0\0abc", b"\x01\0\0", b"\xff\xff\xff\xff", b"\x01\0\0\0ab", b"", b"\0\0\0\0\0\0\0\0"):
            with self.subTest(tail):
                value = {
                    "name": "x", "datatype": "BYTES", "shape": [1, 1], "parameters": {"binary_data_size": len(tail)}}
                self.refuse(self.server.infer("identity_bytes", framed({"inputs": [value]}, tail)), 400, "x")

    def test_booleans_as_bytes(self):
        value = {"name": "x", "datatype": "BOOL", "shape": [1, 2], "parameters": {"binary_data_size": 2}}
        answer = self.server.infer("identity_bool", framed({"inputs": [value], "outputs": binary("y")}, b"\x02\xff"))
        if answer.status == 200:
            self.assertEqual(answer.tensors()[0].raw, b"\x01\x01")
        else:
            self.refuse(answer, 400)

    def test_megabytes(self):
        array = np.random.default_rng(RANDOM_SEED).standard_normal((1024, 2048)).astype(np.float32)
        answer = self.infer("identity_fp32", encode([("x", array)], binary("y")), timeout=20)
        self.assert_same(answer.outputs()["y"], array)
        part = array[:128]
        answer = self.infer("identity_fp32", {"inputs": [json_input("x", part, nested=True)]}, timeout=20)
        self.assert_same(answer.outputs()["y"], part)


class Requests(ServingCase):
    def test_the_answer(self):
        value = self.succeed(self.server.infer("add_sub", {"inputs": ADD_SUB})).json()
        self.assertEqual((value["model_name"], value["model_version"]), ("add_sub", "1"))
        self.assertNotIn("id", value)
        self.assertEqual([output["name"] for output in value["outputs"]], ["SUM", "DIFF"])
        self.assertEqual(value["outputs"][0]["data"], [4] * 8)
        self.assertEqual(value["outputs"][1]["data"], [2] * 8)

    def test_versions(self):
        for version, factor in ((None, 3), (1, 1), (3, 3)):
            with self.subTest(version):
                value = self.succeed(self.server.infer("scale", one(2.0), version=version)).json()
                self.assertEqual(value["model_version"], str(version or 3))
                self.assertEqual(value["outputs"][0]["data"], [2 * factor])

    def test_id(self):
        for text in ("1", "ünï €😀", 'quote " slash \\', "x" * 1000, "\0\x1f\u2028"):
            with self.subTest(text[:20]):
                request = {"id": text, "inputs": [VECTOR]}
                self.assertEqual(self.succeed(self.server.infer("identity_fp32", request)).json()["id"], text)
                head, body = encode([("x", np.ones((1, 1), np.float32))], binary("y"), id=text)
                answer = self.succeed(self.server.infer("identity_fp32", (head, body)))
                self.assertEqual(json.loads(answer.body[: int(answer.header(HEADER))])["id"], text)

    def test_outputs(self):
        for names in (["SUM"], ["DIFF"], ["DIFF", "SUM"]):
            with self.subTest(names):
                request = {"inputs": ADD_SUB, "outputs": [{"name": name} for name in names]}
                value = self.succeed(self.server.infer("add_sub", request)).json()
                self.assertEqual([output["name"] for output in value["outputs"]], names)
        value = self.succeed(self.server.infer("add_sub", {"inputs": ADD_SUB, "outputs": []})).json()
        self.assertEqual(len(value["outputs"]), 2)

    def test_order_of_inputs_does_not_matter(self):
        value = self.succeed(self.server.infer("add_sub", {"inputs": ADD_SUB[::-1]})).json()
        self.assertEqual(value["outputs"][1]["data"], [2] * 8)
        sent = [("B", np.full((2, 4), 1, np.float32)), ("A", np.full((2, 4), 3, np.float32))]
        got = self.succeed(self.server.infer("add_sub", encode(sent, binary("DIFF")))).outputs()["DIFF"]
        self.assert_same(got, np.full((2, 4), 2, np.float32))

    def test_refused_requests(self):
        a, b = ADD_SUB
        x = {"name": "x", "datatype": "FP32", "shape": [1, 2], "data": [1, 2]}
        for what, request, pattern in (
            ("unknown output", {"inputs": ADD_SUB, "outputs": [{"name": "NO"}]}, "NO"),
            ("output asked for twice", {"inputs": ADD_SUB, "outputs": [{"name": "SUM"}] * 2}, "SUM"),
            ("duplicate input", {"inputs": [a, a]}, "A"),
            ("duplicate input beside all", {"inputs": [a, b, a]}, "A"),
            ("missing input", {"inputs": [a]}, "B"),
            ("unknown input", {"inputs": [a, b, {**x, "name": "Z"}]}, "Z"),
            ("no inputs", {"inputs": []}, "A|input"),
            ("no member inputs", {}, "inputs"),
            ("rows that differ", {"inputs": [a, json_input("B", np.ones((3, 4), np.float32))]}, "."),
            ("wrong extent", {"inputs": [a, json_input("B", np.ones((2, 5), np.float32))]}, "B"),
            ("wrong rank", {"inputs": [a, json_input("B", np.ones((8,), np.float32))]}, "B"),
            ("output without a name", {"inputs": ADD_SUB, "outputs": [{}]}, "name"),
            ("output that is a string", {"inputs": ADD_SUB, "outputs": ["SUM"]}, "."),
            ("outputs as an object", {"inputs": ADD_SUB, "outputs": {}}, "outputs"),
            ("inputs as an object", {"inputs": {}}, "inputs"),
            ("input that is a number", {"inputs": [1]}, "."),
            ("id as an object", {"inputs": ADD_SUB, "id": {}}, "id"),
            ("parameters as an array", {"inputs": ADD_SUB, "parameters": []}, "parameters"),
            ("parameter as an object", {"inputs": ADD_SUB, "parameters": {"p": {}}}, "p"),
        ):
            with self.subTest(what):
                self.refuse(self.server.infer("add_sub", request), 400, pattern)

    def test_refused_tensors(self):
        x = {"name": "x", "datatype": "FP32", "shape": [1, 2], "data": [1, 2]}

        def without(key):
            return {name: value for name, value in x.items() if name != key}

        for what, value, pattern in (
            ("wrong datatype", {**x, "datatype": "INT32"}, "INT32.*FP32|FP32.*INT32"),
            ("unknown datatype", {**x, "datatype": "FP8"}, "FP8"),
            ("datatype in lower case", {**x, "datatype": "fp32"}, "fp32"),
            ("datatype as a number", {**x, "datatype": 1}, "datatype"),
            ("more elements than the shape", {**x, "data": [1, 2, 3]}, "Shape does not match|shape|x"),
            ("fewer elements than the shape", {**x, "data": [1]}, "shape|x"),
            ("no elements", {**x, "data": []}, "shape|x"),
            ("data that is a number", {**x, "data": 1}, "data|x"),
            ("data that is a string", {**x, "data": "12"}, "data|x"),
            ("ragged data", {**x, "shape": [2, 2], "data": [[1, 2], [3]]}, "x|shape"),
            ("neither data nor binary", without("data"), "Input must set only one of the following fields"),
            ("no name", without("name"), "name"), ("no shape", without("shape"), "shape"),
            ("no datatype", without("datatype"), "datatype"),
            ("negative shape", {**x, "shape": [-1, 2]}, "invalid shape for input 'x'"),
            ("negative extents", {**x, "shape": [-1, -2]}, "invalid shape for input 'x'"),
            ("shape that overflows", {**x, "shape": [2**62, 4]}, "invalid shape for input 'x'"),
            ("shape beyond int64", {**x, "shape": [2**63, 1]}, "shape"),
            ("shape of fractions", {**x, "shape": [1.5, 2]}, "shape"),
            ("shape of strings", {**x, "shape": ["1", 2]}, "shape"),
            ("shape as a number", {**x, "shape": 2}, "shape"),
            ("both data and binary", {**x, "parameters": {"binary_data_size": 0}}, "Input must set only one"),
            ("negative binary size", {**without("data"), "parameters": {"binary_data_size": -8}}, "binary_data_size|x"),
            ("binary size as text", {**without("data"), "parameters": {"binary_data_size": "8"}}, "binary_data_size|x"),
            ("parameters as an array", {**x, "parameters": [1]}, "parameters"),
        ):
            with self.subTest(what):
                self.refuse(self.server.infer("identity_fp32", {"inputs": [value]}), 400, pattern)

    def test_bodies_that_are_no_request(self):
        good = json.dumps({"inputs": [VECTOR]}).encode()
        for body in (
            b"", b" ", b"null", b"1", b"[]", b'"x"', b"{", b"{}}", good + b"x", good + good, good[:-1], b"\0" + good,
            good.replace(b'"', b"'"), good.replace(b"}", b",}"), b"\xff" + good, b"// c\n" + good,
        ):
            with self.subTest(body[:30]):
                self.refuse(self.server.post(infer_path("identity_fp32"), body), 400)
        self.succeed(self.server.post(infer_path("identity_fp32"), b" \r\n\t" + good + b"\n "))

    def test_members_nobody_knows_are_ignored(self):
        request = {"inputs": [{**VECTOR, "unit": [1, {"a": None}]}], "comment": {"deep": [[]]}}
        self.succeed(self.server.infer("identity_fp32", request))

    def test_parameters(self):
        for parameters in (
            {}, {"a": "text", "b": 1, "c": True, "d": 1.5}, {"priority": 1}, {"timeout": 0}, {"timeout": 30_000_000},
        ):
            with self.subTest(parameters):
                request = {"inputs": [{**VECTOR, "parameters": {"note": "x"}}], "parameters": parameters}
                self.succeed(self.server.infer("identity_fp32", request))
        for parameters in ({"timeout": -1}, {"timeout": "soon"}, {"timeout": {}}, {"binary_data_output": "yes"}):
            with self.subTest(parameters):
                self.refuse(self.server.infer("identity_fp32", {"inputs": [VECTOR], "parameters": parameters}), 400)


class BinaryFraming(ServingCase):
    ARRAYS = [("A", np.full((1, 4), 3, np.float32)), ("B", np.full((1, 4), 1, np.float32))]

    def kinds(self, answer):
        """Which outputs came as bytes."""
        return {tensor.name: tensor.raw is not None for tensor in self.succeed(answer).tensors()}

    def test_which_outputs_are_binary(self):
        yes, no = {"parameters": {"binary_data": True}}, {"parameters": {"binary_data": False}}
        total, rest = {"name": "SUM"}, {"name": "DIFF"}
        for what, default, outputs, expected in (
            ("nothing said", None, None, {"SUM": False, "DIFF": False}),
            ("the default, no output listed", True, None, {"SUM": True, "DIFF": True}),
            ("the default, outputs listed", True, [total, rest], {"SUM": True, "DIFF": True}),
            ("the default, one overrides", True, [{**total, **no}, rest], {"SUM": False, "DIFF": True}),
            ("no default, one asks", False, [total, {**rest, **yes}], {"SUM": False, "DIFF": True}),
            ("both ask, other order", None, [{**rest, **yes}, {**total, **yes}], {"SUM": True, "DIFF": True}),
            ("none wanted", False, [{**total, **no}], {"SUM": False}),
        ):
            with self.subTest(what):
                members = {} if default is None else {"parameters": {"binary_data_output": default}}
                answer = self.server.infer("add_sub", encode(self.ARRAYS, outputs, **members))
                self.assertEqual(self.kinds(answer), expected)
                self.assertEqual(answer.header(HEADER) is not None, any(expected.values()))
                self.assertEqual(
                    answer.header("Content-Type"),
                    "application/octet-stream" if any(expected.values()) else "application/json")
                for name, value in answer.outputs().items():
                    self.assert_same(value, np.full((1, 4), 4 if name == "SUM" else 2, np.float32))

    def test_one_input_as_bytes_and_one_as_json(self):
        (a, first), (b, second) = self.ARRAYS
        value = {"inputs": [json_input(a, first), {
            "name": b, "datatype": "FP32", "shape": [1, 4], "parameters": {"binary_data_size": 16}}]}
        answer = self.succeed(self.server.infer("add_sub", framed(value, to_bytes(second))))
        self.assert_same(answer.outputs()["DIFF"], first - second)

    def test_sizes_that_lie(self):
        inputs = [{
            "name": name, "datatype": "FP32", "shape": [1, 4], "parameters": {"binary_data_size": 16}}
            for name in ("A", "B")]
        short = "unexpected size for input 'B', expecting 4 additional bytes for model 'add_sub'"
        for what, tail, pattern in (
            ("short by 4", bytes(28), short), ("one tensor", bytes(16), "unexpected size for input 'B'"),
            ("nothing", b"", "unexpected size for input 'A'"),
            ("4 too many", bytes(36), "unexpected additional input data for model 'add_sub'"),
        ):
            with self.subTest(what):
                self.refuse(self.server.infer("add_sub", framed({"inputs": inputs}, tail)), 400, pattern)
        for size in (12, 20, 0, 2**31, 2**63 - 1):
            with self.subTest(f"binary_data_size {size}"):
                inputs[1]["parameters"]["binary_data_size"] = size
                self.refuse(self.server.infer("add_sub", framed({"inputs": inputs}, bytes(32))), 400, "B|add_sub")

    def test_header_lengths(self):
        value = {"inputs": [json_input("A", self.ARRAYS[0][1]), json_input("B", self.ARRAYS[1][1])]}
        length = len(json.dumps(value))
        self.succeed(self.server.infer("add_sub", framed(value, b"")))
        for wrong in (
            length + 1, -1, "x", "", "0x10", "1.5", 2**31, 2**32 + length, 2**63, 2**64 + length, f"{length} {length}",
            f"+{length}", "9" * 400,
        ):
            with self.subTest(str(wrong)[:40]):
                pattern = r"inference header size should be in range|header|Header"
                self.refuse(self.server.infer("add_sub", framed(value, b"", length=wrong)), 400, pattern)
        self.refuse(self.server.infer("add_sub", framed(value, b"", length=length - 1)), 400)
        self.refuse(self.server.infer("add_sub", framed(value, b"", length=0)), 400, "add_sub")

    def test_the_text_for_a_header_length_out_of_range(self):
        body = json.dumps({"inputs": ADD_SUB}).encode()
        pattern = rf"inference header size should be in range \(0, {len(body)}\), got: {len(body) + 1}"
        self.refuse(self.server.infer("add_sub", framed(body, b"", length=len(body) + 1)), 400, pattern)

    def test_two_header_lengths(self):
        body = json.dumps({"inputs": ADD_SUB}).encode()
        self.refuse(self.server.infer("add_sub", ([(HEADER, len(body)), (HEADER, 0)], body)), 400)


class Compression(ServingCase):
    BODY = json.dumps({"inputs": [VECTOR]}).encode()

    def test_requests(self):
        array = np.arange(4096, dtype=np.float32).reshape(64, 64)
        for name, compress in (("gzip", gzip.compress), ("deflate", zlib.compress), ("GZIP", gzip.compress)):
            with self.subTest(name):
                coding = [("Content-Encoding", name)]
                answer = self.server.post(infer_path("identity_fp32"), compress(self.BODY), coding)
                self.assert_same(self.succeed(answer).outputs()["y"], np.array([[1, 2]], np.float32))
                headers, body = encode([("x", array)], binary("y"))
                answer = self.server.infer("identity_fp32", (headers, compress(body)), headers=coding)
                self.assert_same(self.succeed(answer).outputs()["y"], array)

    def test_identity_is_no_coding(self):
        self.succeed(self.server.post(infer_path("identity_fp32"), self.BODY, [("Content-Encoding", "identity")]))

    def test_chunked_and_compressed(self):
        packed = gzip.compress(self.BODY)
        pieces = [packed[i : i + 7] for i in range(0, len(packed), 7)]
        headers = [("Content-Encoding", "gzip"), ("Transfer-Encoding", "chunked")]
        self.succeed(self.server.request("POST", infer_path("identity_fp32"), headers, chunked(pieces)))

    def test_unknown_codings(self):
        for name in ("br", "zstd", "gzip, gzip", "x", "compress"):
            with self.subTest(name):
                answer = self.server.post(infer_path("identity_fp32"), self.BODY, [("Content-Encoding", name)])
                self.refuse(answer, 501)
                self.assertEqual(answer.header("Accept-Encoding"), "gzip, deflate")

    def test_damaged(self):
        packed = gzip.compress(self.BODY)
        for what, body in (
            ("cut short", packed[:-9]), ("without its sum", packed[:-8]), ("cut in its sum", packed[:-2]),
            ("a wrong sum", packed[:-8] + bytes(8)), ("no gzip", self.BODY), ("empty", b""),
            ("a flipped byte", packed[:12] + bytes([packed[12] ^ 0xFF]) + packed[13:]),
            ("bytes after it", packed + b"garbage"),
        ):
            with self.subTest(what):
                self.refuse(self.server.post(infer_path("identity_fp32"), body, [("Content-Encoding", "gzip")]), 400)
        answer = self.server.post(
            infer_path("identity_fp32"), zlib.compress(self.BODY)[:-5], [("Content-Encoding", "deflate")])
        self.refuse(answer, 400)

    def test_answers(self):
        array = np.zeros((64, 64), np.float32)
        unpack = {"gzip": gzip.decompress, "deflate": zlib.decompress, None: lambda body: body}
        for accepted, expected in (
            ("gzip", "gzip"), ("deflate", "deflate"), ("gzip, deflate", "gzip"),
            ("gzip;q=0, deflate", "deflate"), ("gzip;q=0", None), ("br", None), ("identity", None), ("", None),
            ("br, gzip;q=0.5", "gzip"), ("GZip", "gzip"), ("gzip;q=x", None), (";;,,q=", None),
        ):
            for outputs in (None, binary("y")):
                with self.subTest(f"{accepted!r}, {'binary' if outputs else 'JSON'}"):
                    answer = self.succeed(self.server.infer(
                        "identity_fp32", encode([("x", array)], outputs), headers=[("Accept-Encoding", accepted)]))
                    if accepted == "gzip;q=x" and answer.header("Content-Encoding") == "gzip":
                        expected = "gzip"
                    self.assertEqual(answer.header("Content-Encoding"), expected)
                    packed = len(answer.body)
                    answer.body = unpack[expected](answer.body)
                    if expected:
                        self.assertLess(packed, len(answer.body) / 4)
                    self.assert_same(answer.outputs()["y"], array)
                    if outputs:
                        json.loads(answer.body[: int(answer.header(HEADER))])


class ClassificationExtension(ServingCase):
    def classify(self, model, array, k, **parameters):
        outputs = [{"name": "y", "parameters": {"classification": k, **parameters}}]
        return self.server.infer(model, encode([("x", array)], outputs))

    def test_the_example_of_the_document(self):
        tensor = self.succeed(
            self.classify("identity_fp32", np.array([[1.1, 3.3, 0.5, 2.4]], np.float32), 2)).tensors()[0]
        self.assertEqual((tensor.datatype, tensor.shape), ("BYTES", (1, 2)))
        self.assertEqual(tensor.array.tolist(), [[b"3.3:1", b"2.4:3"]])

    def test_rows(self):
        array = np.array([[1, 3, 2], [9, 7, 8]], np.int32)
        tensor = self.succeed(self.classify("identity_int32", array, 2)).tensors()[0]
        self.assertEqual(tensor.array.tolist(), [[b"3:1", b"2:2"], [b"9:0", b"8:2"]])

    def test_labels(self):
        array = np.array([[0, 1, 2, 5]], np.float32)
        tensor = self.succeed(self.classify("classifier", array, 4)).tensors()[0]
        found = [element.decode().split(":", 2) for element in tensor.array[0]]
        self.assertEqual([int(index) for _, index, _ in found], [3, 2, 1, 0])
        self.assertEqual([label for _, _, label in found], list(make_models.LABELS[::-1]))
        expected = np.exp(array[0]) / np.exp(array[0]).sum()
        np.testing.assert_allclose([float(value) for value, _, _ in found], expected[::-1], rtol=1e-5)

    def test_as_bytes(self):
        array = np.array([[1, 3, 2]], np.float64)
        tensor = self.succeed(self.classify("identity_fp64", array, 1, binary_data=True)).tensors()[0]
        self.assertIsNotNone(tensor.raw)
        value, index = tensor.array[0, 0].split(b":")
        self.assertEqual((float(value), index), (3, b"1"))

    def test_more_classes_than_there_are(self):
        tensor = self.succeed(self.classify("identity_fp32", np.array([[2, 1]], np.float32), 100)).tensors()[0]
        self.assertEqual(tensor.shape, (1, 2))

    def test_exact_integers(self):
        for datatype, values in (("INT64", [2**63 - 2, 2**63 - 1]), ("UINT64", [2**64 - 2, 2**64 - 1])):
            with self.subTest(datatype):
                array = np.array([values], DTYPES[datatype])
                tensor = self.succeed(self.classify(identity(datatype), array, 2)).tensors()[0]
                self.assertEqual(tensor.array.tolist(), [[f"{values[1]}:1".encode(), f"{values[0]}:0".encode()]])

    def test_half_precision(self):
        tensor = self.succeed(self.classify("half", np.array([[1, 3, 2]], np.float16), 1)).tensors()[0]
        value, index = tensor.array[0, 0].split(b":")
        self.assertEqual((float(value), index), (3, b"1"))

    def test_not_a_number_and_nothing(self):
        array = np.array([[np.nan, 1, np.inf, -np.inf, np.nan, 2]], np.float32)
        answer = self.classify("identity_fp32", array, 3)
        if answer.status == 200:
            indices = [int(element.split(b":")[1]) for element in answer.outputs()["y"][0]]
            self.assertEqual(len(set(indices)), 3)
            self.assertEqual([index for index in indices if index not in (0, 4)][0], 2)
        else:
            self.refuse(answer, 400, "y")
        for shape in ((0, 4), (2, 0)):
            self.assertIn(self.classify("identity_fp32", np.empty(shape, np.float32), 1).status, (200, 400))

    def test_refused(self):
        array = np.array([[1, 2]], np.float32)
        for k in (0, -1, "2", 1.5, True, 2**63, None, [1]):
            with self.subTest(repr(k)):
                self.refuse(self.classify("identity_fp32", array, k), 400, "classification")
        self.refuse(self.classify("identity_bytes", strings([[b"a", b"b"]]), 1), 400, "y")


class Statistics(ServingCase):
    KEYS = ("success", "fail", "queue", "compute_input", "compute_infer", "compute_output", "cache_hit", "cache_miss")

    def stats(self, path="identity_int16"):
        return self.succeed(self.server.get(f"/v2/models/{path}/stats")).json()["model_stats"]

    def test_counts(self):
        before = self.stats()[0]
        request = {"inputs": [json_input("x", np.ones((5, 2), np.int16))]}
        for _ in range(3):
            self.succeed(self.server.infer("identity_int16", request))
        self.refuse(self.server.infer("identity_int16", {"inputs": [VECTOR]}), 400)
        after = self.stats()[0]
        self.assertEqual((after["name"], after["version"]), ("identity_int16", "1"))
        self.assertEqual(after["inference_count"] - before["inference_count"], 15)
        self.assertEqual(after["execution_count"] - before["execution_count"], 3)
        self.assertLess(abs(after["last_inference"] / 1000 - time.time()), 60)
        for key in self.KEYS:
            self.assertEqual(set(after["inference_stats"][key]), {"count", "ns"}, key)
        grown = after["inference_stats"]["success"]["count"] - before["inference_stats"]["success"]["count"]
        self.assertEqual(grown, 3)
        self.assertGreater(after["inference_stats"]["success"]["ns"], before["inference_stats"]["success"]["ns"])
        self.assertGreaterEqual(after["inference_stats"]["fail"]["count"], before["inference_stats"]["fail"]["count"])
        self.assertIn(5, [batch["batch_size"] for batch in after["batch_stats"]])

    def test_versions(self):
        self.succeed(self.server.infer("scale", one(), version=1))
        self.assertEqual([entry["version"] for entry in self.stats("scale/versions/1")], ["1"])
        self.assertEqual(sorted(entry["version"] for entry in self.stats("scale")), ["1", "3"])

    def test_all(self):
        value = self.succeed(self.server.get("/v2/models/stats")).json()
        self.assertEqual({entry["name"] for entry in value["model_stats"]}, set(make_models.SOUND))


class HTTP(ServingCase):
    GOOD = json.dumps({"inputs": [VECTOR]}).encode()
    PATH = infer_path("identity_fp32")

    def test_unknown_paths(self):
        for path in (
            "/v2x", "/nothing", "/v2/health", "/v2/health/", "/v2/health/live/", "/v2/models/scale/", "/v2//models",
            "/v2/models/scale/infer/x", "/v2/models//infer", "/V2/health/live", "/v2/models/scale/versions", "//v2",
            "/v2/models/scale/ready/", "/v2/..", "/v2/models/../health/live", "/favicon.ico", "/%00", "/v2/%ff",
        ):
            with self.subTest(path):
                self.refuse(self.server.get(path), (400, 404))

    def test_wrong_verbs(self):
        for method, path, allowed in (
            ("POST", "/v2", "GET"), ("POST", "/v2/health/live", "GET"), ("DELETE", "/v2/models/scale", "GET"),
            ("GET", self.PATH, "POST"), ("PUT", self.PATH, "POST"), ("GET", "/v2/repository/index", "POST"),
            ("PATCH", "/v2/models/scale/ready", "GET"), ("GET", "/v2/repository/models/scale/load", "POST"),
        ):
            with self.subTest(f"{method} {path}"):
                answer = self.server.request(method, path, body=b"{}")
                self.refuse(answer, 405, "Method Not Allowed")
                self.assertIn(allowed, answer.header("Allow") or "", answer)

    def test_head_and_options(self):
        with self.server.connect() as connection:
            answer = connection.request("HEAD", "/v2/health/live")
            self.assertIn(answer.status, (200, 405), answer)
            answer = connection.request("OPTIONS", self.PATH)
            self.assertIn(answer.status, (200, 204, 405), answer)
            answer = connection.request("OPTIONS", "*")
            self.assertIn(answer.status, (200, 204, 400, 404, 405), answer)
            self.succeed(connection.request("GET", "/v2/health/live"))
        self.assertIn(self.server.request("FROB", "/v2/health/live").status, (400, 405, 501))

    def test_expect_continue(self):
        headers = [("Expect", "100-continue"), ("Content-Length", len(self.GOOD))]
        with self.server.connect() as connection:
            connection.send(request_bytes("POST", self.PATH, headers))
            connection.socket.settimeout(5)
            interim = connection.socket.recv(1 << 16)
            self.assertRegex(interim, rb"^HTTP/1\.1 100 .*\r\n\r\n$")
            connection.send(self.GOOD)
            self.succeed(connection.read("POST"))
            connection.send(request_bytes("POST", self.PATH, headers) + self.GOOD)
            self.assertIn(self.succeed(connection.read("POST")).interim, ([100], []))
            self.succeed(connection.request("GET", "/v2"))

    def test_pipelining(self):
        pieces, expected = [], []
        for i in range(30):
            kind = i % 5
            if kind == 0:
                pieces.append(request_bytes("GET", "/nothing"))
                expected.append((404, None))
            elif kind == 1:
                pieces.append(request_bytes("POST", self.PATH, body=b"{broken"))
                expected.append((400, None))
            elif kind == 2:
                pieces.append(request_bytes("GET", "/v2/models/scale"))
                expected.append((200, None))
            else:
                body = json.dumps({**one(i), "id": str(i)}).encode()
                pieces.append(request_bytes("POST", infer_path("scale"), body=body))
                expected.append((200, str(i)))
        with self.server.connect() as connection:
            connection.send(b"".join(pieces))
            for i, (status, name) in enumerate(expected):
                answer = connection.read()
                self.assertEqual(answer.status, status, f"answer {i}: {answer}")
                if name:
                    self.assertEqual((answer.json()["id"], answer.json()["outputs"][0]["data"]), (name, [3 * i]))

    def test_answers_of_pipelined_requests_keep_their_order(self):
        with self.server.connect(SLOW_SECONDS) as connection:
            connection.send(
                request_bytes("POST", infer_path("slow"), body=json.dumps({**one(), "id": "slow"}).encode())
                + request_bytes("GET", "/v2/health/live"))
            self.assertEqual(self.succeed(connection.read()).json()["id"], "slow")
            self.assertEqual(self.succeed(connection.read()).json(), {"live": True})

    def test_a_connection_lives_on_after_errors(self):
        with self.server.connect() as connection:
            for method, path, body in (
                ("GET", "/nothing", None), ("POST", "/v2", b"x" * 1000), ("POST", self.PATH, b"\0"),
                ("POST", infer_path("nobody"), self.GOOD), ("GET", self.PATH, None),
                ("POST", "/v2/repository/models/nobody/load", b"{"),
            ):
                with self.subTest(f"{method} {path}"):
                    self.assertGreaterEqual(connection.request(method, path, body=body).status, 400)
                    self.succeed(connection.request("POST", self.PATH, body=self.GOOD))

    def test_chunks_of_one_byte(self):
        body = chunked([self.GOOD[i : i + 1] for i in range(len(self.GOOD))])
        answer = self.server.request("POST", self.PATH, [("Transfer-Encoding", "chunked")], body)
        self.assert_same(self.succeed(answer).outputs()["y"], np.array([[1, 2]], np.float32))
        headers, body = encode([("x", np.arange(64, dtype=np.float32).reshape(8, 8))], binary("y"))
        pieces = [body[i : i + 1] for i in range(len(body))]
        answer = self.server.request("POST", self.PATH, [*headers, ("Transfer-Encoding", "chunked")], chunked(pieces))
        self.assert_same(self.succeed(answer).outputs()["y"], np.arange(64, dtype=np.float32).reshape(8, 8))

    def test_chunks_with_extensions_and_trailers(self):
        half = len(self.GOOD) // 2
        body = (
            f"{half:X};a=b\r\n".encode() + self.GOOD[:half] + f"\r\n000{len(self.GOOD) - half:x}\r\n".encode()
            + self.GOOD[half:] + b"\r\n0\r\nX-Sum: 1\r\n\r\n")
        with self.server.connect() as connection:
            self.succeed(connection.request("POST", self.PATH, [("Transfer-Encoding", "chunked")], body))
            self.succeed(connection.request("GET", "/v2"))

    def test_byte_by_byte(self):
        with self.server.connect() as connection:
            for byte in request_bytes("POST", self.PATH, body=self.GOOD):
                connection.send(bytes([byte]))
            self.succeed(connection.read())

    def test_closing(self):
        with self.server.connect() as connection:
            self.succeed(connection.request("GET", "/v2", [("Connection", "close")]))
            self.assertTrue(connection.is_closed(), "a connection that was asked to close stays open")

    def test_http_1_0(self):
        with self.server.connect() as connection:
            connection.send(b"GET /v2/health/live HTTP/1.0\r\n\r\n")
            self.assertEqual(self.succeed(connection.read()).json(), {"live": True})
            self.assertTrue(connection.is_closed(), "a connection of HTTP/1.0 stays open")

    def test_header_names_in_any_case(self):
        headers, body = encode([("x", np.ones((1, 2), np.float32))], binary("y"))
        for change in (str.lower, str.upper):
            self.succeed(self.server.infer("identity_fp32", ([(change(name), value) for name, value in headers], body)))

    def test_content_types_are_not_looked_at(self):
        for name in ("application/octet-stream", "text/plain; charset=x", "application/x-www-form-urlencoded"):
            with self.subTest(name):
                self.succeed(self.server.post(self.PATH, self.GOOD, [("Content-Type", name)]))

    def test_absolute_targets(self):
        answer = self.server.get(f"http://{self.server.http}/v2/health/live")
        self.assertIn(answer.status, (200, 400, 404), answer)

    def test_curl(self):
        with tempfile.NamedTemporaryFile(suffix=".json") as file:
            file.write(self.GOOD)
            file.flush()
            ran = subprocess.run(
                ["curl", "-sS", "--fail", "--compressed", "--max-time", "10", "-H", "Expect: 100-continue",
                 "--data-binary", f"@{file.name}", f"http://{self.server.http}{self.PATH}",
                 f"http://{self.server.http}{self.PATH}"], capture_output=True, text=True)
        self.assertEqual(ran.returncode, 0, ran.stderr)
        first, _ = json.JSONDecoder().raw_decode(ran.stdout)
        self.assertEqual(first["outputs"][0]["data"], [1, 2])


class Queueing(ServingCase):
    def setUp(self):
        self.pool = self.enterContext(concurrent.futures.ThreadPoolExecutor(32))

    def slow(self, **parameters):
        request = {**one(), "parameters": parameters}
        return self.pool.submit(self.server.infer, "slow", request, timeout=SLOW_SECONDS)

    def fill(self):
        """Occupies the only instance of `slow` and some of its queue."""
        first = [self.slow() for _ in range(3)]
        time.sleep(0.2)
        return first

    def test_a_timeout_in_the_queue(self):
        first = self.fill()
        start = time.monotonic()
        self.refuse(self.slow(timeout=100_000).result(), (503, 504), "Request timeout expired")
        self.assertLess(time.monotonic() - start, 0.45, "the answer came long after the timeout")
        for answer in first:
            self.succeed(answer.result())

    def test_a_full_queue(self):
        answers = [future.result() for future in [self.slow() for _ in range(make_models.SLOW_QUEUE + 8)]]
        statuses = [answer.status for answer in answers]
        self.assertGreaterEqual(statuses.count(200), make_models.SLOW_QUEUE, statuses)
        refused = [answer for answer in answers if answer.status != 200]
        self.assertGreaterEqual(len(refused), 4, statuses)
        for answer in refused:
            self.refuse(answer, (429, 503), "Exceeds maximum queue size")

    def test_others_are_served_meanwhile(self):
        first = self.fill()
        for _ in range(20):
            self.succeed(self.server.infer("scale", one(), timeout=1.5))
        for answer in first:
            value = self.succeed(answer.result()).outputs()["y"]
            self.assertLessEqual(abs(value[0, 0] - 1), 2 * make_models.SLOW_ERROR)

    def test_concurrent_answers_are_not_mixed(self):
        def ask(i):
            array = np.full((1 + i % 5, 1 + i % 7), i, np.float32)
            answer = self.server.infer("identity_fp32", encode([("x", array)], binary("y"), id=str(i)))
            return answer, array

        for answer, array in self.pool.map(ask, range(400)):
            self.assert_same(self.succeed(answer).outputs()["y"], array)


class Repository(unittest.TestCase):
    """Loading and unloading, on a server of its own."""

    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(serving(("identity_fp32", "scale", "broken", "slow")))

    refuse, succeed = ServingCase.refuse, ServingCase.succeed

    def index(self, body=None, path="/v2/repository/index"):
        entries = self.succeed(self.server.post(path, body)).json()
        return {(entry["name"], entry["version"]): entry for entry in entries}

    def change(self, model, verb, body=None):
        return self.server.post(f"/v2/repository/models/{model}/{verb}", body, timeout=SLOW_SECONDS)

    def wait_until_gone(self, model):
        end = time.monotonic() + 10
        while self.server.get(f"/v2/models/{model}/ready").status == 200:
            self.assertLess(time.monotonic(), end, f"{model} is still ready")
            time.sleep(0.05)

    def test_index(self):
        for body in (None, {}, {"ready": False}):
            with self.subTest(body):
                index = self.index(body)
                self.assertEqual(index["scale", "1"]["state"], "READY")
                self.assertEqual(index["scale", "3"]["state"], "READY")
                self.assertEqual(index["broken", "1"]["state"], "UNAVAILABLE")
                self.assertIn("NoSuchOperator", index["broken", "1"]["reason"])
                for entry in index.values():
                    self.assertLessEqual({"name", "version", "state", "reason"}, set(entry))
        ready = self.index({"ready": True})
        self.assertEqual({entry["state"] for entry in ready.values()}, {"READY"})
        self.assertNotIn(("broken", "1"), ready)
        for body in (b"{", b"[]", b'{"ready":1}'):
            with self.subTest(body):
                self.refuse(self.server.post("/v2/repository/index", body), 400)

    def test_a_broken_model_beside_sound_ones(self):
        self.assertEqual(self.succeed(self.server.get("/v2/health/live")).json(), {"live": True})
        self.refuse(self.server.get("/v2/health/ready"), 503)
        self.refuse(self.server.get("/v2/models/broken/ready"), 503)
        self.refuse(self.server.get("/v2/models/broken/versions/1/ready"), 503)
        pattern = "'broken' has no available versions"
        self.refuse(self.server.infer("broken", one()), (404, 503), pattern)
        self.refuse(self.server.infer("broken", one(), version=1), 503, "'broken' version 1 is not at ready state")
        self.succeed(self.server.infer("scale", one()))

    def test_load_broken(self):
        self.refuse(self.change("broken", "load"), (400, 500, 503), "NoSuchOperator")
        self.succeed(self.server.infer("scale", one()))

    def test_unknown(self):
        for verb in ("load", "unload"):
            for body in (None, {}):
                with self.subTest(f"{verb} {body}"):
                    self.refuse(self.change("nobody", verb, body), (400, 404), "nobody")
        for name in ("..%2Fscale", "%2e%2e", "stats", "a" * 300):
            with self.subTest(name[:30]):
                self.refuse(self.change(name, "load"), (400, 404))

    def test_unload_and_load(self):
        for i in range(3):
            with self.subTest(f"round {i}"):
                body = {"parameters": {"unload_dependents": False}} if i else None
                self.succeed(self.change("scale", "unload", body))
                self.wait_until_gone("scale")
                self.refuse(self.server.infer("scale", one()), (404, 503), "'scale'")
                self.refuse(self.server.infer("scale", one(), version=1), (404, 503), "'scale'")
                entry = self.index()["scale", "1"]
                self.assertEqual((entry["state"], entry["reason"]), ("UNAVAILABLE", "unloaded"))
                self.succeed(self.change("scale", "unload"))
                self.succeed(self.change("scale", "load", {}))
                for version, expected in ((1, 2), (None, 6)):
                    answer = self.succeed(self.server.infer("scale", one(2.0), version=version))
                    self.assertEqual(answer.outputs()["y"].tolist(), [[expected]])

    def test_no_request_is_lost_while_a_model_is_loaded_anew(self):
        failures, done = [], threading.Event()

        def ask():
            while not done.is_set():
                answer = self.server.infer("identity_fp32", {"inputs": [VECTOR]})
                if answer.status != 200:
                    failures.append(answer)

        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            asking = [pool.submit(ask) for _ in range(4)]
            try:
                for _ in range(5):
                    (self.server.repository / "identity_fp32" / "1" / "model.onnx").touch()
                    self.succeed(self.change("identity_fp32", "load"))
            finally:
                done.set()
            for one_of in asking:
                one_of.result()
        self.assertEqual(failures[:3], [])

    def test_an_admitted_request_is_answered_before_a_model_is_unloaded(self):
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            answer = pool.submit(self.server.infer, "slow", one(), timeout=SLOW_SECONDS)
            time.sleep(0.15)
            self.succeed(self.change("slow", "unload"))
            self.succeed(answer.result())
        self.wait_until_gone("slow")
        self.succeed(self.change("slow", "load"))

    def test_a_version_that_appears_is_served_after_a_load(self):
        make = make_models.scale(5.0)
        folder = self.server.repository / "scale" / "5"
        folder.mkdir()
        try:
            (folder / "model.onnx").write_bytes(make.SerializeToString())
            self.succeed(self.change("scale", "load"))
            self.assertEqual(self.succeed(self.server.infer("scale", one())).json()["model_version"], "5")
        finally:
            (folder / "model.onnx").unlink()
            folder.rmdir()
            self.succeed(self.change("scale", "load"))
        self.assertEqual(self.succeed(self.server.infer("scale", one())).json()["model_version"], "3")


    def test_a_damaged_file_leaves_what_serves(self):
        file = self.server.repository / "scale" / "3" / "model.onnx"
        sound = file.read_bytes()
        try:
            for damaged in (b"", b"garbage", sound[:-20], make_models.broken().SerializeToString()):
                with self.subTest(len(damaged)):
                    file.write_bytes(damaged)
                    self.refuse(self.change("scale", "load"), (400, 500, 501, 503), "scale")
                    for version, expected in ((None, 6), (1, 2), (3, 6)):
                        answer = self.succeed(self.server.infer("scale", one(2.0), version=version))
                        self.assertEqual(answer.outputs()["y"].tolist(), [[expected]])
        finally:
            file.write_bytes(sound)
        self.succeed(self.change("scale", "load"))
        self.assertEqual(self.index()["scale", "3"]["state"], "READY")

    def test_damaged_settings_leave_what_serves(self):
        file = self.server.repository / "scale" / "model.json"
        sound = file.read_bytes()
        try:
            for damaged in (b"", b"{", b"[]", b'{"polizy":"all"}', b'{"version_policy":"most"}', b'{"instances":0}'):
                with self.subTest(damaged):
                    file.write_bytes(damaged)
                    self.refuse(self.change("scale", "load"), 400, "model.json")
                    self.succeed(self.server.infer("scale", one(), version=1))
        finally:
            file.write_bytes(sound)
        self.succeed(self.change("scale", "load"))

    def test_settings_are_read_again(self):
        file = self.server.repository / "scale" / "model.json"
        sound = file.read_bytes()
        try:
            file.write_text('{"version_policy": {"specific": [1]}}')
            self.succeed(self.change("scale", "load"))
            self.assertEqual(self.succeed(self.server.infer("scale", one())).json()["model_version"], "1")
            self.refuse(self.server.infer("scale", one(), version=3), (404, 503), "'scale' version 3")
        finally:
            file.write_bytes(sound)
        self.succeed(self.change("scale", "load"))
        self.assertEqual(self.succeed(self.server.infer("scale", one())).json()["model_version"], "3")


class Starting(unittest.TestCase):
    def fail(self, pattern, *arguments):
        """Runs the program, which must say why it does not serve, and leave."""
        with tempfile.TemporaryDirectory() as folder:
            command = [MASS, "serve", "--http-port", 0, "--grpc-port", 0, "--repository", folder, *arguments]
            command = [str(word) for word in command]
            ran = subprocess.run(command, capture_output=True, text=True, timeout=20)
        self.assertNotEqual(ran.returncode, 0, ran.stderr)
        self.assertGreater(ran.returncode, 0, f"ended by signal {-ran.returncode}: {ran.stderr}")
        self.assertRegex(ran.stderr, pattern)

    def test_what_cannot_be_served(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            for what, pattern, arguments in (
                ("a folder that is not there", "nowhere", ("--repository", "/nowhere")),
                ("a file", "python", ("--repository", "/usr/bin/python3")),
                ("a port in use", f"{port}.*in use", ("--http-port", port)),
                ("a gRPC port in use", f"{port}.*in use", ("--grpc-port", port)),
                ("a port that is none", "65536", ("--http-port", 65536)),
                ("an address of another machine", "192.0.2.1", ("--host", "192.0.2.1")),
                ("a host without an address", "no-such-host.invalid", ("--host", "no-such-host.invalid")),
                ("no threads", "--threads", ("--threads", 0)),
                ("no body", "--max-body-bytes", ("--max-body-bytes", 0)),
            ):
                with self.subTest(what):
                    self.fail(pattern, *arguments)

    def test_an_empty_repository(self):
        with serving(()) as server:
            self.assertEqual(server.get("/v2/models").json(), {"models": []})
            self.assertEqual(server.get("/v2/health/ready").json(), {"ready": True})
            self.assertEqual(server.post("/v2/repository/index").json(), [])

    def test_a_second_start(self):
        """The second start finds the plan of the first."""
        with serving(("scale",)) as first:
            cache = first.repository.parent / "plans"
            plans = {file: file.stat().st_mtime_ns for file in cache.rglob("*") if file.is_file()}
            self.assertTrue(plans)
            with Server(first.repository, "--cache", cache) as second:
                answer = second.infer("scale", one(2.0))
                self.assertEqual(answer.outputs()["y"].tolist(), [[6]])
            self.assertEqual(plans, {file: file.stat().st_mtime_ns for file in cache.rglob("*") if file.is_file()})

    def test_a_damaged_cache(self):
        with serving(("scale",)) as first:
            cache = first.repository.parent / "plans"
            self.assertEqual(first.stop(), 0)
            for damage in (lambda data: data[: len(data) // 2], lambda data: b"x" * len(data), lambda data: b""):
                for file in cache.rglob("*"):
                    if file.is_file():
                        file.write_bytes(damage(file.read_bytes()))
                with Server(first.repository, "--cache", cache) as second:
                    answer = second.infer("scale", one(2.0))
                    self.assertEqual(answer.status, 200, answer)
                    self.assertEqual(answer.outputs()["y"].tolist(), [[6]])

    def test_a_cache_that_cannot_be_written(self):
        with serving(("scale",), "--cache", "/proc/none") as server:
            answer = server.infer("scale", one(2.0))
            self.assertEqual(answer.status, 200, answer)


class Leaving(unittest.TestCase):
    succeed = ServingCase.succeed

    def test_sigterm_answers_what_was_asked(self):
        with serving(("slow", "scale")) as server, concurrent.futures.ThreadPoolExecutor(1) as pool:
            answer = pool.submit(server.infer, "slow", one(), timeout=SLOW_SECONDS)
            time.sleep(0.15)
            self.assertEqual(server.stop(), 0, server.log())
            self.succeed(answer.result())

    def test_idle_connections_do_not_delay_it(self):
        with serving(("scale",)) as server, server.connect() as idle, server.connect() as half:
            self.succeed(idle.request("GET", "/v2"))
            half.send(b"POST /v2/models/scale/infer HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n123")
            start = time.monotonic()
            self.assertEqual(server.stop(), 0, server.log())
            self.assertLess(time.monotonic() - start, 20)


class TritonClient(ServingCase):
    """The protocol as NVIDIA's client speaks it."""

    def setUp(self):
        self.client = triton.InferenceServerClient(self.server.http, concurrency=16)
        self.addCleanup(self.client.close)

    def inputs(self, arrays, as_bytes=True):
        made = []
        for name, datatype, array in arrays:
            value = triton.InferInput(name, list(array.shape), datatype)
            value.set_data_from_numpy(array, binary_data=as_bytes)
            made.append(value)
        return made

    def test_state(self):
        self.assertTrue(self.client.is_server_live())
        self.assertTrue(self.client.is_server_ready())
        self.assertTrue(self.client.is_model_ready("scale"))
        self.assertTrue(self.client.is_model_ready("scale", "1"))
        self.assertFalse(self.client.is_model_ready("scale", "2"))
        self.assertIn("name", self.client.get_server_metadata())
        self.assertEqual(self.client.get_model_metadata("scale", "3")["versions"], ["1", "3"])
        self.assertEqual(self.client.get_model_config("scale")["name"], "scale")
        self.assertEqual(self.client.get_inference_statistics("scale", "1")["model_stats"][0]["version"], "1")
        self.assertGreater(len(self.client.get_inference_statistics()["model_stats"]), 10)
        self.assertGreater(len(self.client.get_model_repository_index()), 10)
        with self.assertRaisesRegex(InferenceServerException, "nobody"):
            self.client.get_model_metadata("nobody")

    def test_every_datatype(self):
        for datatype in DTYPES:
            for as_bytes in (True, False):
                if not as_bytes and datatype not in READABLE:
                    continue
                with self.subTest(f"{datatype}, {'binary' if as_bytes else 'JSON'}"):
                    array = examples(datatype)
                    inputs = self.inputs([("x", datatype, array)], as_bytes)
                    outputs = [triton.InferRequestedOutput("y", binary_data=as_bytes)]
                    got = self.client.infer(identity(datatype), inputs, outputs=outputs).as_numpy("y")
                    if datatype == "BYTES":
                        got = strings([[e.encode() if isinstance(e, str) else e for e in row] for row in got])
                    self.assert_same(got.astype(array.dtype), array)

    def test_compression(self):
        array = np.arange(400, dtype=np.float32).reshape(20, 20)
        for asked in (None, "gzip", "deflate"):
            for answered in (None, "gzip", "deflate"):
                for as_bytes in (True, False):
                    with self.subTest(f"{asked} → {answered}, {'binary' if as_bytes else 'JSON'}"):
                        result = self.client.infer(
                            "identity_fp32", self.inputs([("x", "FP32", array)], as_bytes),
                            outputs=[triton.InferRequestedOutput("y", binary_data=as_bytes)],
                            request_compression_algorithm=asked, response_compression_algorithm=answered)
                        self.assert_same(result.as_numpy("y"), array)

    def test_classification(self):
        array = np.array([[0, 3, 1, 2]], np.float32)
        for as_bytes in (True, False):
            outputs = [triton.InferRequestedOutput("y", binary_data=as_bytes, class_count=2)]
            got = self.client.infer("classifier", self.inputs([("x", "FP32", array)]), outputs=outputs).as_numpy("y")
            texts = [e.decode() if isinstance(e, bytes) else e for e in got.ravel()]
            self.assertEqual([text.split(":")[1:] for text in texts], [["1", "dog"], ["3", "Käfer"]])

    def test_async(self):
        asked = []
        for i in range(16):
            a, b = np.full((1, 4), i, np.float32), np.full((1, 4), 2, np.float32)
            asked.append(self.client.async_infer("add_sub", self.inputs([("A", "FP32", a), ("B", "FP32", b)])))
        for i, request in enumerate(asked):
            result = request.get_result(timeout=10)
            self.assertEqual(result.as_numpy("DIFF").tolist(), [[i - 2] * 4])
            self.assertEqual(result.as_numpy("SUM").tolist(), [[i + 2] * 4])

    def test_parameters(self):
        result = self.client.infer(
            "identity_fp32", self.inputs([("x", "FP32", np.ones((1, 1), np.float32))]), request_id="seven", priority=1,
            timeout=10_000_000, parameters={"mine": 1}, headers={"X-Mine": "1"}, query_params={"q": "a b"})
        self.assertEqual(result.get_response()["id"], "seven")

    def test_errors(self):
        with self.assertRaises(InferenceServerException) as caught:
            self.client.infer("nobody", self.inputs([("x", "FP32", np.ones((1, 1), np.float32))]))
        self.assertEqual(caught.exception.status(), "404")
        with self.assertRaisesRegex(InferenceServerException, "'[Zx]'"):
            self.client.infer("identity_fp32", self.inputs([("Z", "FP32", np.ones((1, 1), np.float32))]))

    def test_load_and_unload(self):
        self.client.unload_model("identity_int8")
        end = time.monotonic() + 10
        while self.client.is_model_ready("identity_int8") and time.monotonic() < end:
            time.sleep(0.05)
        self.assertFalse(self.client.is_model_ready("identity_int8"))
        self.client.load_model("identity_int8")
        self.assertTrue(self.client.is_model_ready("identity_int8"))


if __name__ == "__main__":
    unittest.main()
