"""TensorFlow Serving's REST dialect: models, their versions, labels, states and metadata."""
import json
import re
import unittest
import urllib.request

from dialect import ANSWER_SECONDS, OWN, SHARED, DialectCase, base64_object


def setUpModule():
    DialectCase.share()


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
