"""TensorFlow Serving's REST dialect: what is refused, and with which words."""
import json
import re
import unittest

from dialect import DialectCase

ONLY_ONE = "Not formatted correctly expecting only one of 'inputs' or 'instances' keys to exist"


def setUpModule():
    DialectCase.share()


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


if __name__ == "__main__":
    unittest.main()
