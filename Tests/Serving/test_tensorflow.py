"""TensorFlow Serving's REST dialect, spoken by nothing but Python's own HTTP client."""
import base64
import contextlib
import gzip
import json
import math
import pathlib
import re
import tempfile
import unittest
import urllib.error
import urllib.request

import numpy as np
import onnx
from onnx import TensorProto

import make_models
from harness import DTYPES, Server

RANDOM_SEED = 8501
ANSWER_SECONDS = 20
FLOAT, INT64, STRING = TensorProto.FLOAT, TensorProto.INT64, TensorProto.STRING
IDENTITIES = [f"identity_{name.lower()}" for name in DTYPES]
SHARED = [*IDENTITIES, "add_sub", "scale", "fixed", "shape_data", "broken"]


def copies(**values):
    """A model that gives each input, an element type and a shape, under a second name."""
    inputs = [(name, *kind) for name, (_, *kind) in values.items()]
    outputs = [(output, *kind) for output, *kind in values.values()]
    nodes = [make_models.node("Identity", [name], [value[0]]) for name, value in values.items()]
    return make_models.model(nodes, inputs, outputs)


def one_node(operator, inputs, outputs, **attributes):
    names = ([name for name, *_ in inputs], [name for name, *_ in outputs])
    return make_models.model([make_models.node(operator, *names, **attributes)], inputs, outputs)


def uneven():
    """Outputs whose first extents differ."""
    return make_models.model(
        [make_models.node("Identity", ["x"], ["same"]), make_models.node("Shape", ["x"], ["extents"])],
        [("x", FLOAT, ["N"])], [("same", FLOAT, ["N"]), ("extents", INT64, [1])])


OWN = {
    "negate": lambda: one_node("Neg", [("x", FLOAT, ["N"])], [("y", FLOAT, ["N"])]),
    "scalar": lambda: one_node("Neg", [("x", FLOAT, [])], [("y", FLOAT, [])]),
    "total": lambda: one_node("ReduceSum", [("x", FLOAT, ["N", "M"])], [("y", FLOAT, [])], keepdims=0),
    "image": lambda: copies(x=("y_bytes", STRING, ["N"])),
    "mixed": lambda: copies(a=("p", FLOAT, ["N", 2]), b=("q", INT64, ["N"]), c=("r_bytes", STRING, ["N"])),
    "uneven": uneven,
}


@contextlib.contextmanager
def serving():
    with tempfile.TemporaryDirectory(prefix="mass-tensorflow-") as folder:
        repository = pathlib.Path(folder) / "models"
        make_models.write(repository, SHARED)
        for name, make in OWN.items():
            place = repository / name / "1"
            place.mkdir(parents=True)
            onnx.save(make(), place / "model.onnx")
        with Server(repository, "--cache", pathlib.Path(folder) / "plans") as server:
            yield server


def setUpModule():
    DialectCase.server = unittest.enterModuleContext(serving())


def base64_object(data):
    return {"b64": base64.b64encode(data).decode()}


class DialectCase(unittest.TestCase):
    server = None

    def tearDown(self):
        self.assertTrue(self.server.is_running, f"the server is gone; its log:\n{self.server.log()}")

    def ask(self, method, path, body=None, headers=()):
        """Status and text of an answer."""
        if body is not None and not isinstance(body, bytes):
            body = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        headers = {"Content-Type": "application/json", **dict(headers)}
        request = urllib.request.Request(f"http://{self.server.http}{path}", body, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=ANSWER_SECONDS) as answer:
                status, kind, text = answer.status, answer.headers["Content-Type"], answer.read().decode()
        except urllib.error.HTTPError as answer:
            with answer:
                status, kind, text = answer.code, answer.headers["Content-Type"], answer.read().decode()
        self.assertEqual(kind, "application/json", (method, path, status, text))
        return status, text

    def get(self, path):
        status, text = self.ask("GET", path)
        self.assertEqual(status, 200, (path, text))
        return json.loads(text)

    def predict_text(self, model, body):
        status, text = self.ask("POST", f"/v1/models/{model}:predict", body)
        self.assertEqual(status, 200, (model, body, text))
        return text

    def predict(self, model, body):
        return json.loads(self.predict_text(model, body))

    def row(self, model, instances):
        answer = self.predict(model, {"instances": instances})
        self.assertEqual(list(answer), ["predictions"])
        return answer["predictions"]

    def column(self, model, inputs):
        answer = self.predict(model, {"inputs": inputs})
        self.assertEqual(list(answer), ["outputs"])
        return answer["outputs"]

    def refuse(self, method, path, body, expected_status, expected):
        """Expects an error whose text is `expected`, or matches it where it is a pattern."""
        status, text = self.ask(method, path, body)
        value = json.loads(text)
        self.assertEqual(list(value), ["error"], text)
        if isinstance(expected, re.Pattern):
            self.assertRegex(value["error"], expected)
        else:
            self.assertEqual(value["error"], expected)
        self.assertEqual(status, expected_status, text)

    def refuse_predict(self, model, body, expected, status=400):
        self.refuse("POST", f"/v1/models/{model}:predict", body, status, expected)

    def v2(self, model, **inputs):
        """The outputs of the same inference in the Open Inference Protocol, as nested lists by name."""
        body = {
            "inputs": [
                {"name": name, "datatype": datatype, "shape": list(shape), "data": data}
                for name, (datatype, shape, data) in inputs.items()
            ]
        }
        status, text = self.ask("POST", f"/v2/models/{model}/infer", body)
        self.assertEqual(status, 200, text)
        outputs = {}
        for output in json.loads(text)["outputs"]:
            elements = np.empty(len(output["data"]), object)
            elements[:] = output["data"]
            outputs[output["name"]] = elements.reshape(output["shape"]).tolist()
        return outputs


# ---- Tensors -----------------------------------------------------------------------------------


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
        for datatype in (name for name in DTYPES if name not in ("FP16", "BF16")):
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


# ---- Numbers -----------------------------------------------------------------------------------


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


# ---- What is refused -----------------------------------------------------------------------------


ONLY_ONE = "Not formatted correctly expecting only one of 'inputs' or 'instances' keys to exist"


class Refusals(DialectCase):
    def test_bad_json(self):
        for body, offset in (
            ("{", 1), ("nul", 0), ('{"instances": [1,}', 17), ('{"instances": [1] "a"', 18), ("{} {}", 3),
            ('{"inputs": "\\x"}', 12), ("{'a': 1}", 1), ('{"inputs": [01]}', 12), ('{"inputs": [nan]}', 12),
        ):
            with self.subTest(body):
                self.refuse_predict("negate", body, re.compile(rf"^JSON Parse error: .+ at offset: {offset}$"))

    def test_no_body(self):
        for body in (b"", b" \n"):
            self.refuse_predict("negate", body, "JSON Parse error: The document is empty")

    def test_too_deep(self):
        self.refuse_predict("negate", '{"inputs": ' + "[" * 100_000, re.compile("^JSON Parse error: .*nested"))

    def test_no_object(self):
        for body in ("[1]", "1", '"a"', "null"):
            self.refuse_predict("negate", body, f"JSON Value: {body} Is not object")

    def test_keys(self):
        self.refuse_predict(
            "negate", {"instances": [1], "inputs": [1]}, f'JSON Value: {{"instances":[1],"inputs":[1]}} {ONLY_ONE}')
        self.refuse_predict(
            "negate", '{"inputs":[1],"inputs":[2]}', f'JSON Value: {{"inputs":[1],"inputs":[2]}} {ONLY_ONE}')
        for body in ({}, {"Instances": [1]}, {"signature_name": "serving_default"}):
            self.refuse_predict("negate", body, "Missing 'inputs' or 'instances' key")

    def test_signature(self):
        expected = 'Serving signature name: "x" not found in signature def'
        self.refuse_predict("negate", {"signature_name": "x", "inputs": [1]}, expected)
        expected = re.compile("'signature_name' key must be a string")
        self.refuse_predict("negate", {"signature_name": 1, "inputs": [1]}, expected)

    def test_wrong_type(self):
        for model, name, value, text, kind in (
            ("fp32", "float", "x", '"x"', "String"), ("fp32", "float", None, "null", "Null"),
            ("fp32", "float", True, "true", "True"), ("fp64", "double", False, "false", "False"),
            ("fp32", "float", {"a": [1]}, '{"a":[1]}', "Object"), ("int32", "int32", "1", '"1"', "String"),
            ("bool", "bool", 1, "1", "Number"), ("bytes", "string", 1.5, "1.5", "Number"),
            ("fp16", "half", "x", '"x"', "String"), ("uint8", "uint8", {"b64": "YQ=="}, '{"b64":"YQ=="}', "Object"),
        ):
            with self.subTest((model, value)):
                expected = f"JSON Value: {text} Type: {kind} is not of expected type: {name}"
                self.refuse_predict(f"identity_{model}", {"inputs": [[value]]}, expected)
                self.refuse_predict(
                    f"identity_{model}", {"instances": [[value]]},
                    f"Failed to process element: 0 of 'instances' list. Error: INVALID_ARGUMENT: {expected}")

    def test_key_set_of_a_row(self):
        for row in ({"A": [1] * 4}, {"A": [1] * 4, "C": [1] * 4}, {"A": [1] * 4, "B": [1] * 4, "C": 1}, {}):
            with self.subTest(row):
                text = json.dumps(row, separators=(",", ":"))
                good = {"A": [1] * 4, "B": [1] * 4}
                self.refuse_predict(
                    "add_sub", {"instances": [good, row]},
                    f"Failed to process element: 1 of 'instances' list. JSON object: {text} keys must be equal to: A,B")
        self.refuse_predict(
            "negate", {"instances": [{"z": 1}]},
            'Failed to process element: 0 of \'instances\' list. JSON object: {"z":1} keys must be equal to: x')

    def test_rows(self):
        self.refuse_predict("negate", {"instances": []}, re.compile("No values in 'instances' array$"))
        self.refuse_predict("negate", {"instances": 1}, re.compile("'instances' to be a list/array$"))
        self.refuse_predict("add_sub", {"instances": [[1] * 4]}, re.compile("^instances is a plain list"))
        for rows, expected in (
            ([{"x": 1}, 2], "Expecting object but got list at item 1 of input list"),
            ([1, {"x": 2}], "Expecting value/list but got object at item 1 of input list"),
        ):
            self.refuse_predict("negate", {"instances": rows}, expected)

    def test_ragged(self):
        element = "^Failed to process element: 1 of 'instances' list. Error: INVALID_ARGUMENT: "
        self.refuse_predict("identity_fp32", {"instances": [[1, 2], [3]]}, re.compile(element))
        self.refuse_predict("identity_fp32", {"instances": [[1], 2]}, re.compile(element))
        self.refuse_predict("identity_fp32", {"inputs": [[1, 2], [3]]}, re.compile(r"\[1\]"))
        self.refuse_predict("identity_fp32", {"inputs": [[1], 2]}, re.compile(r"\[1\]"))
        self.refuse_predict(
            "add_sub", {"instances": [{"A": [1] * 4, "B": [1] * 4}, {"A": [1] * 4, "B": [1] * 3}]},
            re.compile("^Failed to process element: 1 key: B of 'instances' list"))

    def test_columns(self):
        self.refuse_predict("add_sub", {"inputs": {"A": [[1] * 4]}}, "Missing named input: B in 'inputs' object.")
        self.refuse_predict("add_sub", {"inputs": [[1] * 4]}, re.compile("^inputs is a plain value/list"))

    def test_shapes_the_model_does_not_take(self):
        for body in ({"inputs": [1, 2, 3]}, {"inputs": [[1, 2, 3]]}, {"instances": [[1, 2, 3]]}, {"inputs": 1}):
            with self.subTest(body):
                self.refuse_predict("fixed", body, re.compile("shape"))
        self.refuse_predict("scalar", {"instances": [1]}, re.compile("shape"))

    def test_outputs_without_rows(self):
        self.refuse_predict("total", {"instances": [[1, 2]]}, "Tensor name: y has no shape information")

    def test_uneven_outputs(self):
        expected = "Tensor name: extents has inconsistent batch size: 1 expecting: 3"
        self.refuse_predict("uneven", {"instances": [1, 2, 3]}, expected)
        self.assertEqual(self.column("uneven", [1, 2, 3]), {"same": [1.0, 2.0, 3.0], "extents": [3]})
        self.assertEqual(self.row("uneven", [4]), [{"same": 4.0, "extents": 1}])

    def test_long_values_are_not_repeated(self):
        status, text = self.ask("POST", "/v1/models/negate:predict", {"inputs": ["x" * 100_000]})
        self.assertEqual(status, 400)
        self.assertLess(len(text), 1000)

    def test_examples(self):
        for method in ("classify", "regress", "CLASSIFY"):
            with self.subTest(method):
                body = {"examples": [{"x": 1}]}
                self.refuse("POST", f"/v1/models/negate:{method}", body, 501, re.compile("tf.Example"))

    def test_malformed_requests(self):
        for method, path in (
            ("POST", "/v1/models/x:foo"), ("POST", "/v1/models/negate"), ("POST", "/v1/models/a:b:predict"),
            ("POST", "/v1/models/negate/versions/x:predict"), ("POST", "/v1/models/negate/versions/1/labels/a:predict"),
            ("GET", "/v1/models/negate:predict"), ("GET", "/v1/models/negate/"), ("GET", "/v1/other"),
            ("PUT", "/v1/models/negate:predict"), ("DELETE", "/v1/models/negate"),
        ):
            with self.subTest((method, path)):
                body = None if method in ("GET", "DELETE") else {"inputs": [1]}
                self.refuse(method, path, body, 400, f"Malformed request: {method} {path}")


# ---- Models --------------------------------------------------------------------------------------


def state(version, name="AVAILABLE", code="OK", message=""):
    return {"version": version, "state": name, "status": {"error_code": code, "error_message": message}}


class Models(DialectCase):
    def test_unknown_model(self):
        body = {"instances": [1]}
        self.refuse("POST", "/v1/models/nobody:predict", body, 404, "Servable not found for request: Latest(nobody)")
        self.refuse(
            "POST", "/v1/models/negate/versions/9:predict", body, 404,
            "Servable not found for request: Specific(negate, 9)")
        self.refuse("GET", "/v1/models/nobody", None, 404, "Could not find any versions of model nobody")
        self.refuse("GET", "/v1/models/negate/versions/9", None, 404, "Could not find version 9 of model negate")
        self.refuse("GET", "/v1/models/nobody/metadata", None, 404, "Servable not found for request: Latest(nobody)")
        self.refuse(
            "GET", "/v1/models/negate/versions/9/metadata", None, 404,
            "Servable not found for request: Specific(negate, 9)")

    def test_bad_json_is_told_before_an_unknown_model(self):
        self.refuse("POST", "/v1/models/nobody:predict", "{", 400, re.compile("^JSON Parse error"))

    def test_unknown_label(self):
        for path, body in (("scale/labels/canary:predict", {"inputs": [[1]]}), ("scale/labels/canary", None)):
            method = "GET" if body is None else "POST"
            self.refuse(method, f"/v1/models/{path}", body, 400, "Unrecognized servable version label: canary")

    def test_versions_and_labels(self):
        for path, expected in (
            ("scale", 6.0), ("scale/versions/1", 2.0), ("scale/versions/3", 6.0), ("scale/versions/003", 6.0),
            ("scale/labels/stable", 2.0), ("scale/LABELS/stable", 2.0), ("scal%65/labels/%73table", 2.0),
        ):
            with self.subTest(path):
                self.assertEqual(self.predict(path, {"inputs": [[2]]}), {"outputs": [[expected]]})

    def test_case_of_fixed_words(self):
        status, text = self.ask("POST", "/V1/Models/negate/Versions/1:Predict", {"inputs": [1]})
        self.assertEqual((status, json.loads(text)), (200, {"outputs": [-1.0]}))
        self.refuse("POST", "/v1/models/Negate:predict", {"inputs": [1]}, 404, re.compile("Negate"))

    def test_status(self):
        self.assertEqual(self.get("/v1/models/negate"), {"model_version_status": [state("1")]})
        self.assertEqual(self.get("/v1/models/scale"), {"model_version_status": [state("3"), state("1")]})
        for path in ("versions/1", "labels/stable"):
            self.assertEqual(self.get(f"/v1/models/scale/{path}"), {"model_version_status": [state("1")]})

    def test_status_of_a_model_that_failed(self):
        (status,) = self.get("/v1/models/broken")["model_version_status"]
        self.assertEqual((status["version"], status["state"], status["status"]["error_code"]), ("1", "END", "UNKNOWN"))
        self.assertIn("NoSuchOperator", status["status"]["error_message"])
        self.refuse_predict("broken", {"inputs": [1]}, "Servable not found for request: Latest(broken)", 404)

    def test_list(self):
        names = sorted(name for name in [*SHARED, *OWN] if name != "broken")
        self.assertEqual(self.get("/v1/models"), {"models": names})
        self.refuse("GET", "/v1/models/versions/1", None, 400, "Missing model name in request.")

    def change(self, model, action):
        """Loads or unloads a model, which only the Open Inference Protocol can."""
        url = f"http://{self.server.http}/v2/repository/models/{model}/{action}"
        request = urllib.request.Request(url, b"{}", method="POST")
        with urllib.request.urlopen(request, timeout=ANSWER_SECONDS) as answer:
            self.assertEqual(answer.status, 200)

    def test_unload(self):
        self.change("image", "unload")
        try:
            self.assertEqual(self.get("/v1/models/image"), {"model_version_status": [state("1", "END")]})
            self.refuse_predict("image", {"inputs": ["a"]}, "Servable not found for request: Latest(image)", 404)
            self.assertNotIn("image", self.get("/v1/models")["models"])
        finally:
            self.change("image", "load")
        self.assertEqual(self.get("/v1/models/image"), {"model_version_status": [state("1")]})
        self.assertEqual(self.row("image", ["a"]), [base64_object(b"a")])


TYPES = {
    "BOOL": "DT_BOOL", "UINT8": "DT_UINT8", "UINT16": "DT_UINT16", "UINT32": "DT_UINT32", "UINT64": "DT_UINT64",
    "INT8": "DT_INT8", "INT16": "DT_INT16", "INT32": "DT_INT32", "INT64": "DT_INT64", "FP16": "DT_HALF",
    "BF16": "DT_BFLOAT16", "FP32": "DT_FLOAT", "FP64": "DT_DOUBLE", "BYTES": "DT_STRING",
}


def info(name, dtype, *shape):
    dimensions = [{"size": str(extent), "name": ""} for extent in shape]
    return {name: {"dtype": dtype, "tensor_shape": {"dim": dimensions, "unknown_rank": False}, "name": name}}


def metadata(model, version, inputs, outputs):
    signature = {"inputs": inputs, "outputs": outputs, "method_name": "tensorflow/serving/predict"}
    return {
        "model_spec": {"name": model, "signature_name": "", "version": version},
        "metadata": {"signature_def": {"signature_def": {"serving_default": signature}}},
    }


class Metadata(DialectCase):
    def test_types(self):
        for datatype, dtype in TYPES.items():
            with self.subTest(datatype):
                model = f"identity_{datatype.lower()}"
                expected = metadata(model, "1", info("x", dtype, -1, -1), info("y", dtype, -1, -1))
                self.assertEqual(self.get(f"/v1/models/{model}/metadata"), expected)

    def test_shapes(self):
        expected = metadata(
            "mixed", "1", {**info("a", "DT_FLOAT", -1, 2), **info("b", "DT_INT64", -1), **info("c", "DT_STRING", -1)},
            {**info("p", "DT_FLOAT", -1, 2), **info("q", "DT_INT64", -1), **info("r_bytes", "DT_STRING", -1)})
        self.assertEqual(self.get("/v1/models/mixed/metadata"), expected)
        expected = metadata("scalar", "1", info("x", "DT_FLOAT"), info("y", "DT_FLOAT"))
        self.assertEqual(self.get("/v1/models/scalar/metadata"), expected)

    def test_versions(self):
        for path, version in (("", "3"), ("/versions/1", "1"), ("/labels/stable", "1")):
            with self.subTest(path):
                value = self.get(f"/v1/models/scale{path}/metadata")
                self.assertEqual(value["model_spec"], {"name": "scale", "signature_name": "", "version": version})


if __name__ == "__main__":
    unittest.main()
