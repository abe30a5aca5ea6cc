"""The Open Inference Protocol over HTTP: tensors in JSON, as bytes, in both, and compressed."""
import gzip
import json
import unittest
import zlib

import numpy as np

import make_models
from harness import ServingCase
from tensors import (
    ADD_SUB, DTYPES, HEADER, READABLE, VECTOR, binary, encode, examples, framed, identity, json_input, strings,
    to_bytes)
from wire import chunked, infer_path

RANDOM_SEED = 20


def setUpModule():
    ServingCase.share()


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


if __name__ == "__main__":
    unittest.main()
