"""The Open Inference Protocol over HTTP: what servers and models say of themselves, and what may be asked of them."""
import json
import time
import unittest

import numpy as np

import make_models
from harness import ServingCase
# `examples` is for tests which import it from this module.
from tensors import (  # noqa: F401
    ADD_SUB, DTYPES, HEADER, VECTOR, binary, encode, examples, identity, json_input, one, strings)
from wire import infer_path


def setUpModule():
    ServingCase.share()


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


    def test_keys_that_stand_twice(self):
        tensor = '"name":"x","datatype":"FP32","shape":[1,1],"data":[1]'
        many = ",".join(f'"k{i}":{i}' for i in range(40))
        for what, body in (
            ("the request", f'{{"id":"a","inputs":[{{{tensor}}}],"id":"b"}}'),
            ("the request, unknown keys", f'{{"u":1,"inputs":[{{{tensor}}}],"u":1}}'),
            ("an input", f'{{"inputs":[{{{tensor},"name":"x"}}]}}'),
            ("an input of many keys", f'{{"inputs":[{{{tensor},{many},"k7":1}}]}}'),
            ("parameters", f'{{"inputs":[{{{tensor}}}],"parameters":{{"a":1,"b":2,"a":1}}}}'),
            ("parameters of many keys", f'{{"inputs":[{{{tensor}}}],"parameters":{{{many},"k39":1}}}}'),
            ("an input's parameters", f'{{"inputs":[{{{tensor},"parameters":{{"a":1,"a":2}}}}]}}'),
            ("an output", f'{{"inputs":[{{{tensor}}}],"outputs":[{{"name":"y","name":"y"}}]}}'),
        ):
            with self.subTest(what):
                self.refuse(self.server.post(infer_path("identity_fp32"), body.encode()), 400, "stands twice")
        deep = f'{{"inputs":[{{{tensor},{many}}}],"parameters":{{{many}}},"u":{{"a":1,"a":2}}}}'
        self.succeed(self.server.post(infer_path("identity_fp32"), deep.encode()))

    def test_reserved_parameters(self):
        for place in ({"parameters": {"triton_x": 1}}, {"inputs": [{**VECTOR, "parameters": {"triton_x": 1}}]}):
            self.refuse(self.server.infer("identity_fp32", {"inputs": [VECTOR], **place}), 400, "triton_x")


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


if __name__ == "__main__":
    unittest.main()
