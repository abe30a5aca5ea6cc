"""TensorFlow Serving's REST dialect, spoken by nothing but Python's own HTTP client, and the models it is tried on."""
import base64
import contextlib
import json
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
from harness import Server, shared, write_models
from tensors import DTYPES

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
def serving_dialect():
    with tempfile.TemporaryDirectory(prefix="mass-tensorflow-") as folder:
        repository = pathlib.Path(folder) / "models"
        write_models(repository, SHARED)
        for name, make in OWN.items():
            place = repository / name / "1"
            place.mkdir(parents=True)
            onnx.save(make(), place / "model.onnx")
        with Server(repository, "--cache", pathlib.Path(folder) / "plans") as server:
            yield server


def base64_object(data):
    return {"b64": base64.b64encode(data).decode()}


class DialectCase(unittest.TestCase):
    server = None

    @classmethod
    def share(cls):
        """Makes the server of this dialect that of all tests of a module; for its `setUpModule`."""
        DialectCase.server = shared(serving_dialect)

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
