"""The Open Inference Protocol over HTTP as NVIDIA's client speaks it."""
import time
import unittest

import numpy as np
import tritonclient.http as triton
from tritonclient.utils import InferenceServerException

from harness import ServingCase
from tensors import DTYPES, READABLE, examples, identity, strings


def setUpModule():
    ServingCase.share()


class TritonClient(ServingCase):
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
