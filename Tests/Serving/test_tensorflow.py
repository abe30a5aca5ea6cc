"""TensorFlow Serving's REST dialect: rows, columns, strings and numbers."""
import gzip
import json
import math
import re
import unittest

import numpy as np

from dialect import DialectCase, base64_object
from tensors import DTYPES, READABLE

RANDOM_SEED = 8501


def setUpModule():
    DialectCase.share()


def examples(datatype):
    """An array [3, 4] as nested lists, extremes included."""
    dtype = DTYPES[datatype]
    if datatype == "BYTES":
        return [["", "a", "ä€😀", '"\\/\n\t\x01'], ["0", "null", "x" * 300, " "], ["[", "{}", "b64", "NaN"]]
    if datatype == "BOOL":
        return [[True, False, True, True], [False] * 4, [True] * 4]
    if dtype.kind in "iu":
        limits = np.iinfo(dtype)
        return [[int(limits.min), int(limits.max), 0, 1], [2, 3, 4, 5], [6, 7, 8, 9]]
    return [[0.0, -0.0, 1.0, -1.5], [0.1, 1 / 3, 3.0e4, 1e-3], [2.0, 5.5, 7.0, -8.0]]


class Forms(DialectCase):
    def test_equal_to_the_open_inference_protocol(self):
        for datatype in READABLE:
            with self.subTest(datatype):
                values = examples(datatype)
                model = f"identity_{datatype.lower()}"
                expected = self.v2(model, x=(datatype, (3, 4), values))["y"]
                for got in (
                    self.row(model, values), self.row(model, [{"x": value} for value in values]),
                    self.column(model, values), self.column(model, {"x": values}),
                ):
                    # Each dialect has its own texts for floats.
                    if datatype in ("FP32", "FP64"):
                        got, expected = (np.array(value, DTYPES[datatype]).tolist() for value in (got, expected))
                    self.assertEqual(got, expected)

    def test_half_floats(self):
        for datatype in ("FP16", "BF16"):
            with self.subTest(datatype):
                values = examples(datatype)
                expected = np.array(values, DTYPES[datatype]).astype(np.float32)
                model = f"identity_{datatype.lower()}"
                for got in (self.row(model, values), self.column(model, values)):
                    np.testing.assert_array_equal(np.array(got, np.float32), expected)

    def test_several_inputs_and_outputs(self):
        a, b = [[1, 2, 3, 4], [5, 6, 7, 8]], [[1, 1, 1, 1], [2, 2, 2, 2]]
        expected = self.v2("add_sub", A=("FP32", (2, 4), a), B=("FP32", (2, 4), b))
        self.assertEqual(self.column("add_sub", {"A": a, "B": b}), expected)
        rows = self.row("add_sub", [{"A": x, "B": y} for x, y in zip(a, b)])
        self.assertEqual(rows, [{"SUM": s, "DIFF": d} for s, d in zip(expected["SUM"], expected["DIFF"])])

    def test_order_of_keys_does_not_matter(self):
        rows = [{"A": [1] * 4, "B": [2] * 4}, {"B": [3] * 4, "A": [4] * 4}]
        self.assertEqual([row["DIFF"] for row in self.row("add_sub", rows)], [[-1.0] * 4, [1.0] * 4])

    def test_mixed_types(self):
        rows = [{"a": [1, 2], "b": 7, "c": "x"}, {"a": [3, 4], "b": -1, "c": base64_object(b"y")}]
        expected = [
            {"p": [1.0, 2.0], "q": 7, "r_bytes": base64_object(b"x")},
            {"p": [3.0, 4.0], "q": -1, "r_bytes": base64_object(b"y")},
        ]
        self.assertEqual(self.row("mixed", rows), expected)
        columns = {name: [row[name] for row in rows] for name in ("a", "b", "c")}
        self.assertEqual(
            self.column("mixed", columns), {name: [row[name] for row in expected] for name in expected[0]})

    def test_signature_name(self):
        for name in ("serving_default", ""):
            with self.subTest(name):
                answer = self.predict("negate", {"signature_name": name, "instances": [1]})
                self.assertEqual(answer, {"predictions": [-1.0]})

    def test_scalar(self):
        for inputs in (5, {"x": 5}):
            self.assertEqual(self.column("scalar", inputs), -5.0)
        self.assertEqual(self.column("total", [[1, 2], [3, 4]]), 10.0)

    def test_nothing(self):
        self.assertEqual(self.column("negate", []), [])
        self.assertEqual(self.column("identity_fp32", [[], []]), [[], []])
        self.assertEqual(self.row("identity_fp32", [[], []]), [[], []])
        # The fixed extent that no list shows comes from the signature.
        self.assertEqual(self.column("add_sub", {"A": [], "B": []}), {"SUM": [], "DIFF": []})
        self.assertEqual(self.row("shape_data", [0, 0]), [[]])

    def test_shapes_that_depend_on_data(self):
        self.assertEqual(self.row("shape_data", [0, 1, 0, 1]), [[1, 3]])

    def test_many_rows(self):
        values = np.random.default_rng(RANDOM_SEED).standard_normal((5000, 4)).astype(np.float32)
        for got in (self.row("identity_fp32", values.tolist()), self.column("identity_fp32", values.tolist())):
            np.testing.assert_array_equal(np.array(got, np.float32), values)

    def test_whole_numbers_with_a_fraction(self):
        self.assertEqual(self.column("identity_int32", [[1.0, -2.0e1]]), [[1, -20]])

    def test_compressed_body(self):
        body = gzip.compress(json.dumps({"instances": [1, 2]}).encode())
        status, text = self.ask("POST", "/v1/models/negate:predict", body, {"Content-Encoding": "gzip"})
        self.assertEqual((status, json.loads(text)), (200, {"predictions": [-1.0, -2.0]}))

    def test_blanks(self):
        text = " \n" + json.dumps({"instances": [1]}, indent=4) + "\r\n"
        self.assertEqual(self.predict("negate", text), {"predictions": [-1.0]})


class Strings(DialectCase):
    def test_base64_in(self):
        data = "Zoë\0\n".encode()
        for value in ("Zoë\0\n", base64_object(data)):
            self.assertEqual(self.row("identity_bytes", [[value]]), [["Zoë\0\n"]])
            self.assertEqual(self.column("identity_bytes", [[value]]), [["Zoë\0\n"]])

    def test_base64_out(self):
        values = ["", "a", "ab", "abc", "ä€😀"]
        expected = [base64_object(value.encode()) for value in values]
        self.assertEqual(self.row("image", values), expected)
        self.assertEqual(self.column("image", expected), expected)

    def test_an_only_value(self):
        self.refuse_predict("image", {"inputs": base64_object(b"a")}, re.compile("shape"))

    def test_bad_base64(self):
        for text in ("?", "YQ", "YQ=", "Y Q==", "YR=="):
            with self.subTest(text):
                self.refuse_predict("image", {"inputs": [{"b64": text}]}, re.compile("^Unable to base64 decode"))

    def test_not_text(self):
        self.refuse_predict("image", {"inputs": [base64_object(b"\xff")]}, re.compile("UTF-8"))

    def test_objects_that_are_no_base64(self):
        for value in ({"b64": 1}, {"b64": "YQ==", "more": 1}, {"base64": "YQ=="}, {}):
            with self.subTest(value):
                text = re.escape(json.dumps(value, separators=(",", ":")))
                expected = re.compile(f"^JSON Value: {text} not formatted correctly")
                self.refuse_predict("image", {"inputs": [value]}, expected)


def tensorflow_text(value, digits):
    """A finite float of numpy as TensorFlow Serving writes it."""
    text = f"{value:g}"
    if type(value)(text) != value:
        text = f"{value:.{digits}g}"
    return text if "." in text or "e" in text else text + ".0"


class Numbers(DialectCase):
    def tokens(self, datatype, values):
        """The texts of the elements of an answer to the values, which are sent with all their digits."""
        body = '{"inputs": [[' + ",".join(repr(float(value)) for value in values) + "]]}"
        text = self.predict_text(f"identity_{datatype.lower()}", body)
        return re.fullmatch(r'\{"outputs":\[\[(.*)\]\]\}', text)[1].split(",")

    def check(self, datatype, unsigned, digits):
        dtype = DTYPES[datatype]
        limits = np.finfo(dtype)
        bits = np.random.default_rng(RANDOM_SEED).integers(0, np.iinfo(unsigned).max, 3000, unsigned)
        values = bits.view(dtype)
        special = [0.0, -0.0, 1, 123456, 1234567, 9000000, 0.00003, 1e20, 0.1, 1 / 3, limits.max, limits.tiny]
        values = np.concatenate([values[np.isfinite(values)], np.array(special, dtype), [limits.smallest_subnormal]])
        values = values.astype(dtype)
        tokens = self.tokens(datatype, values)
        self.assertEqual(tokens, [tensorflow_text(value, digits) for value in values])
        back = np.array([dtype.type(token) for token in tokens])
        self.assertEqual(back.view(unsigned).tolist(), values.view(unsigned).tolist())

    def test_floats(self):
        self.check("FP32", np.uint32, 9)

    def test_doubles(self):
        self.check("FP64", np.uint64, 17)

    def test_not_finite(self):
        for datatype in ("FP16", "BF16", "FP32", "FP64"):
            with self.subTest(datatype):
                text = self.predict_text(
                    f"identity_{datatype.lower()}", '{"instances": [[NaN, Infinity], [-Infinity, 1]]}')
                self.assertEqual(text, '{"predictions":[[NaN,Infinity],[-Infinity,1.0]]}')
        values = self.column("negate", [math.nan, math.inf, -math.inf])
        self.assertTrue(math.isnan(values[0]))
        self.assertEqual(values[1:], [-math.inf, math.inf])

    def test_not_finite_as_an_integer(self):
        for token in ("NaN", "Infinity", "-Infinity"):
            with self.subTest(token):
                expected = f"JSON Value: {token} Type: Number is not of expected type: int32"
                self.refuse_predict("identity_int32", f'{{"inputs": [[{token}]]}}', expected)

    def test_integers_beyond_doubles(self):
        for model, value in (("int64", 2**63 - 1), ("int64", -(2**63)), ("uint64", 2**64 - 1), ("int64", 2**53 + 1)):
            with self.subTest(value):
                self.assertEqual(self.column(f"identity_{model}", [[value]]), [[value]])

    def test_out_of_range(self):
        for datatype, name, value in (
            ("UINT8", "uint8", 256), ("UINT8", "uint8", -1), ("INT8", "int8", 128), ("INT16", "int16", -32769),
            ("UINT16", "uint16", 65536), ("INT32", "int32", 2**31), ("UINT32", "uint32", 2**32),
            ("INT64", "int64", 2**63), ("UINT64", "uint64", -1), ("INT32", "int32", 1.5),
        ):
            with self.subTest((datatype, value)):
                self.refuse_predict(
                    f"identity_{datatype.lower()}", {"inputs": [[value]]},
                    f"JSON Value: {value} Type: Number is not of expected type: {name}")

    def test_floats_out_of_range(self):
        for datatype, name, text in (
            ("FP32", "float", "1e39"), ("FP16", "half", "65520"), ("BF16", "bfloat16", "3.4e38"),
        ):
            with self.subTest(datatype):
                expected = re.compile(rf"^Cannot convert JSON value: \S+ to {name} without loss of precision\.$")
                self.refuse_predict(f"identity_{datatype.lower()}", f'{{"inputs": [[{text}]]}}', expected)
        expected = re.compile("^JSON Parse error: .* at offset: 13$")
        self.refuse_predict("identity_fp64", '{"inputs": [[1e309]]}', expected)


if __name__ == "__main__":
    unittest.main()
