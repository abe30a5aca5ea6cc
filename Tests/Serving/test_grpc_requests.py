"""Requests over gRPC: what they may ask, what is wrong with them, and NVIDIA's client that makes them."""
import re
import threading
import time
import unittest

import numpy as np
import tritonclient.grpc as triton
from tritonclient.grpc import service_pb2 as pb
from tritonclient.utils import InferenceServerException

import make_models
from harness import DTYPES, ServingCase, serving, to_bytes
from test_grpc import (
    BOTH, CALL_SECONDS, MEBIBYTE, Code, GRPCCase, A, B, contents, one, output, outputs_of, parameter, raw, tensor,
    typed)
from test_rest import examples, identity


def setUpModule():
    ServingCase.share()


class Requests(GRPCCase):
    def test_the_answer(self):
        answer = self.infer(raw("add_sub", BOTH))
        self.assertEqual((answer.model_name, answer.model_version, answer.id), ("add_sub", "1", ""))
        self.assertEqual([entry.name for entry in answer.outputs], ["SUM", "DIFF"])
        self.assert_same(outputs_of(answer)["SUM"], A + B)
        self.assert_same(outputs_of(answer)["DIFF"], A - B)
        self.assert_same(outputs_of(self.infer(raw("add_sub", BOTH[::-1])))["DIFF"], A - B)

    def test_outputs(self):
        for names in (["SUM"], ["DIFF"], ["DIFF", "SUM"]):
            for make in (raw, typed):
                with self.subTest(f"{names} {make.__name__}"):
                    request = make("add_sub", BOTH)
                    request.outputs.extend(output(name, binary_data=True) for name in names)
                    found = outputs_of(self.infer(request))
                    self.assertEqual(list(found), names)
                    self.assert_same(found[names[0]], A + B if names[0] == "SUM" else A - B)

    def test_versions(self):
        for version, factor in (("", 3), (1, 1), (3, 3)):
            with self.subTest(version):
                answer = self.infer(raw("scale", [("x", one(2))], version=version))
                self.assertEqual(answer.model_version, str(version or 3))
                self.assert_same(outputs_of(answer)["y"], one(2 * factor))

    def test_id(self):
        for text in ("1", "ünï €😀", "x" * 100_000, "\0\x1f\u2028"):
            with self.subTest(text[:20]):
                self.assertEqual(self.infer(raw("scale", [("x", one())], id=text)).id, text)

    def test_parameters(self):
        for values in (
            {"a": "text", "b": 1, "c": True, "d": 1.5, "e": pb.InferParameter(uint64_param=2**64 - 1)},
            {"priority": pb.InferParameter(uint64_param=1)}, {"timeout": 0}, {"timeout": 30_000_000},
            {"timeout": pb.InferParameter(uint64_param=2**64 - 1)}, {"timeout": 2**63 - 1}, {"": "empty key"},
            {"binary_data_output": True},
        ):
            with self.subTest(values):
                self.assert_same(outputs_of(self.infer(raw("scale", [("x", one())], **values)))["y"], one(3))
        for values, pattern in (
            ({"timeout": -1}, "timeout"), ({"timeout": "soon"}, "timeout"), ({"timeout": 1.5}, "timeout"),
            ({"p": pb.InferParameter()}, "^parameter 'p' of the request has no value$"),
            ({"triton_x": 1}, "'triton_x'"), ({"triton_": True}, "'triton_'"),
        ):
            with self.subTest(values):
                self.refuse(raw("scale", [("x", one())], **values), re.compile(pattern))
        for name in ("sequence_id", "sequence_start", "sequence_end"):
            self.refuse(raw("scale", [("x", one())], **{name: 1}), re.compile(f"'{name}'"), Code.UNIMPLEMENTED)

    def test_shared_memory_is_refused(self):
        request = raw("scale", [("x", one())])
        request.inputs[0].parameters["shared_memory_region"].string_param = "mine"
        self.refuse(request, "input 'x': there is no shared memory here", Code.UNIMPLEMENTED)
        request = raw("scale", [("x", one())], [output("y", shared_memory_region="mine")])
        self.refuse(request, "output 'y': there is no shared memory here", Code.UNIMPLEMENTED)

    def test_classification(self):
        array = np.array([[1.1, 3.3, 0.5, 2.4], [4, 3, 2, 1]], np.float32)
        for k in (2, pb.InferParameter(uint64_param=2)):
            answer = self.infer(raw("identity_fp32", [("x", array)], [output("y", classification=k)]))
            self.assertEqual((answer.outputs[0].datatype, list(answer.outputs[0].shape)), ("BYTES", [2, 2]))
            self.assertEqual(outputs_of(answer)["y"].tolist(), [[b"3.3:1", b"2.4:3"], [b"4.0:0", b"3.0:1"]])
        request = typed("classifier", [("x", array)])
        request.outputs.append(output("y", classification=9))
        found = outputs_of(self.infer(request))["y"]
        self.assertEqual([e.decode().split(":")[2] for e in found[1]], list(make_models.LABELS))
        for k in (0, -1, "2", 1.5, True, 2**31, 2**63 - 1, pb.InferParameter()):
            with self.subTest(repr(k)):
                self.refuse(raw("identity_fp32", [("x", array)], [output("y", classification=k)]),
                            "'classification' of output 'y' must be a whole number of at least 1")

    def test_refused_requests(self):
        model, x = "for model 'add_sub'", ("x", np.ones((1, 2), np.float32))
        outputs = f"{model}: its outputs are 'SUM', 'DIFF'"
        for what, inputs, names, pattern in (
            ("unknown output", BOTH, ["NO"], f"unexpected inference output 'NO' {outputs}"),
            ("output asked for twice", BOTH, ["SUM", "SUM"], "output 'SUM' is asked for twice"),
            ("nameless output", BOTH, [""], f"unexpected inference output '' {outputs}"),
            ("duplicate input", [BOTH[0]] * 2, [], f"input 'A' is given twice {model}"),
            ("duplicate beside all", BOTH + [BOTH[0]], [], f"input 'A' is given twice {model}"),
            ("missing input", [BOTH[0]], [], f"expected 2 inputs but got 1 inputs {model}: input 'B' is missing"),
            ("no inputs", [], [], f"expected 2 inputs but got 0 inputs {model}: input 'A' is missing"),
            ("unknown input", BOTH + [x], [], f"unexpected inference input 'x' {model}: its inputs are 'A', 'B'"),
            ("wrong extent", [BOTH[0], ("B", np.ones((2, 5), np.float32))], [],
             f"unexpected shape for input 'B' {model}: expected [-1, 4], got [2, 5]"),
            ("wrong rank", [BOTH[0], ("B", np.ones(8, np.float32))], [],
             f"unexpected shape for input 'B' {model}: expected [-1, 4], got [8]"),
            ("wrong datatype", [BOTH[0], ("B", B.astype(np.float64))], [],
             "inference input 'B' data-type is 'FP64', but model 'add_sub' expects 'FP32'"),
            ("rows that differ", [BOTH[0], ("B", np.ones((3, 4), np.float32))], [], re.compile("[AB]|N")),
        ):
            with self.subTest(what):
                self.refuse(raw("add_sub", inputs, names), pattern)

    def test_bytes_and_lists_disagree_with_the_shape(self):
        array = np.ones((1, 2), np.float32)
        for size in (0, 7, 9, 4, 12):
            with self.subTest(f"{size} bytes"):
                request = raw("identity_fp32", [("x", array)])
                request.raw_input_contents[0] = bytes(size)
                self.refuse(
                    request, f"unexpected size for input 'x': FP32 of shape [1, 2] takes 8 bytes, got {size}")
        for count in (0, 1, 3):
            with self.subTest(f"{count} elements"):
                request = typed("identity_fp32", [("x", array)])
                request.inputs[0].contents.CopyFrom(pb.InferTensorContents(fp32_contents=[1] * count))
                self.refuse(
                    request, re.compile(r"^input 'x' of shape \[1, 2\] needs 2 elements in fp32_contents, got \["))
        for what, lists in (("the wrong one", {"int_contents": [1, 2]}),
                            ("one beside it", {"fp32_contents": [1, 2], "fp64_contents": [1]})):
            with self.subTest(what):
                request = typed("identity_fp32", [("x", array)])
                request.inputs[0].contents.CopyFrom(pb.InferTensorContents(**lists))
                self.refuse(request, re.compile("^input 'x' .* needs 2 elements in fp32_contents, got .*fp64|int_con"))

    def test_bytes_and_lists_together(self):
        request = raw("add_sub", BOTH)
        request.inputs[1].contents.CopyFrom(contents(B))
        self.refuse(request, "contents of input 'B' must not be given when raw_input_contents is")
        for count in (1, 3):
            request = typed("add_sub", BOTH)
            request.raw_input_contents.extend([to_bytes(A)] * count)
            self.refuse(request, "expected 2 entries in raw_input_contents for model 'add_sub', one for each input, "
                                 f"got {count}")
        request = raw("add_sub", BOTH)
        request.inputs[1].contents.CopyFrom(pb.InferTensorContents())
        self.assert_same(outputs_of(self.infer(request))["DIFF"], A - B)

    def test_numbers_a_list_holds_and_its_datatype_does_not(self):
        for datatype, field, number, swift in (
            ("UINT8", "uint_contents", 256, "UInt8"), ("UINT16", "uint_contents", 65536, "UInt16"),
            ("INT8", "int_contents", 128, "Int8"), ("INT8", "int_contents", -129, "Int8"),
            ("INT16", "int_contents", 32768, "Int16"), ("INT16", "int_contents", -32769, "Int16"),
        ):
            with self.subTest(f"{number} as {datatype}"):
                entry = pb.InferTensorContents(**{field: [1, number]})
                request = pb.ModelInferRequest(model_name=identity(datatype), inputs=[
                    tensor("x", np.ones((1, 2), DTYPES[datatype]), contents=entry)])
                self.refuse(request, f"element 1 of input 'x' is {number}, which {swift} cannot hold")

    def test_shapes_no_tensor_has(self):
        for shape in (
            [-1, 2], [-1, -2], [2**62, 4], [2**32, 2**32], [2**63 - 1, 2], [-(2**63), 1], [2**63 - 1, 2**63 - 1],
            [1] * 65, [2**61, 1], [3, 2**60],
        ):
            for make in (raw, typed):
                with self.subTest(f"{shape[:3]} {make.__name__}"):
                    request = make("identity_fp32", [("x", one())])
                    request.inputs[0].shape[:] = shape
                    self.refuse(request, re.compile("^(invalid shape for|unexpected size for)? ?input 'x'"))
        request = raw("identity_fp32", [("x", one())])
        request.inputs[0].shape[:] = []
        self.refuse(request, re.compile("input 'x'.*identity_fp32.*expected"))

    def test_datatypes_there_are_none_of(self):
        for name in ("FP8", "fp32", "", "STRING", "TYPE_FP32", "FLOAT"):
            with self.subTest(name):
                request = raw("identity_fp32", [("x", one())])
                request.inputs[0].datatype = name
                self.refuse(request, f"invalid datatype for input 'x': '{name}' is none of the protocol's")

    def test_more_fields_than_a_request_needs(self):
        request = raw("identity_fp32", [("x", one())])
        request.raw_input_contents.extend([b""] * 20_000)
        self.refuse(request, "the request has more than 16384 inputs, outputs and parameters")

    def test_more_bytes_than_describe_tensors(self):
        message = f"names, shapes and parameters of the request take more than {MEBIBYTE} bytes"
        many = {f"{i:06}": parameter(True) for i in range(100_000)}
        request = raw("identity_fp32", [("x", one())])
        for key, value in many.items():
            request.inputs[0].parameters[key].CopyFrom(value)
        self.refuse(request, message)
        request = raw("identity_fp32", [("x", one())], **many)
        self.refuse(request, "the request has more than 16384 inputs, outputs and parameters")
        request = raw("identity_fp32", [("x", one())], id="x" * 2 * MEBIBYTE)
        self.refuse(request, message)
        request = typed("identity_fp32", [("x", np.ones((1, MEBIBYTE), np.float32))])
        self.assertEqual(list(self.infer(request).outputs[0].shape), [1, MEBIBYTE])
        message = f"a message inference.ModelMetadataRequest of more than {MEBIBYTE} bytes"
        self.must_fail(Code.RESOURCE_EXHAUSTED, message, self.stub.ModelMetadata,
                       pb.ModelMetadataRequest(name="x" * 2 * MEBIBYTE))


class Repository(GRPCCase):
    """Loading and unloading, on a server of its own."""

    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(serving(("identity_fp32", "scale", "broken", "slow")))
        super().setUpClass()

    def index(self, **options):
        entries = self.stub.RepositoryIndex(pb.RepositoryIndexRequest(**options)).models
        return {(entry.name, entry.version): (entry.state, entry.reason) for entry in entries}

    def load(self, name, **options):
        return self.stub.RepositoryModelLoad(
            pb.RepositoryModelLoadRequest(model_name=name, **options), timeout=CALL_SECONDS)

    def unload(self, name, **options):
        return self.stub.RepositoryModelUnload(
            pb.RepositoryModelUnloadRequest(model_name=name, **options), timeout=CALL_SECONDS)

    def test_index(self):
        index = self.index()
        self.assertEqual(set(index), {
            ("identity_fp32", "1"), ("scale", "1"), ("scale", "3"), ("broken", "1"), ("slow", "1")})
        self.assertEqual(index["scale", "3"], ("READY", ""))
        state, reason = index["broken", "1"]
        self.assertEqual(state, "UNAVAILABLE")
        self.assertIn("NoSuchOperator", reason)
        self.assertEqual(set(self.index(ready=True)), set(index) - {("broken", "1")})

    def test_a_broken_model(self):
        self.assertIs(self.stub.ServerLive(pb.ServerLiveRequest()).live, True)
        self.assertIs(self.stub.ServerReady(pb.ServerReadyRequest()).ready, False)
        self.assertIs(self.stub.ModelReady(pb.ModelReadyRequest(name="broken")).ready, False)
        self.refuse(raw("broken", [("x", one())]), "Request for unknown model: 'broken' has no available versions",
                    Code.NOT_FOUND)
        self.refuse(raw("broken", [("x", one())], version=1),
                    "Request for unknown model: 'broken' version 1 is not at ready state", Code.UNAVAILABLE)
        self.must_fail(Code.INVALID_ARGUMENT, re.compile("^failed to load 'broken' version 1: .*NoSuchOperator"),
                  self.stub.RepositoryModelLoad, pb.RepositoryModelLoadRequest(model_name="broken"))

    def test_unload_and_load(self):
        for round in range(3):
            with self.subTest(round):
                self.unload("scale", parameters={"unload_dependents": pb.ModelRepositoryParameter(bool_param=False)})
                self.assertEqual(self.index()["scale", "1"], ("UNAVAILABLE", "unloaded"))
                self.assertIs(self.stub.ModelReady(pb.ModelReadyRequest(name="scale")).ready, False)
                self.refuse(raw("scale", [("x", one())]),
                            "Request for unknown model: 'scale' has no available versions", Code.NOT_FOUND)
                self.refuse(raw("scale", [("x", one())], version=3),
                            "Request for unknown model: 'scale' version 3 is not at ready state", Code.UNAVAILABLE)
                self.unload("scale")
                self.load("scale")
                self.assert_same(outputs_of(self.infer(raw("scale", [("x", one(2))])))["y"], one(6))

    def test_unknown(self):
        for name in ("nobody", "", "..", "../scale", "a" * 300, "\0", "ü"):
            with self.subTest(name[:20]):
                self.must_fail(Code.NOT_FOUND, f"failed to load '{name}', no version is available in the repository",
                          self.stub.RepositoryModelLoad, pb.RepositoryModelLoadRequest(model_name=name))
                self.must_fail(Code.NOT_FOUND, f"failed to unload '{name}', no version is available",
                          self.stub.RepositoryModelUnload, pb.RepositoryModelUnloadRequest(model_name=name))

    def test_parameters_there_are_none_of(self):
        message = "parameter 'config': models are loaded as the repository has them"
        for value in (pb.ModelRepositoryParameter(string_param="{}"), pb.ModelRepositoryParameter()):
            request = pb.RepositoryModelLoadRequest(model_name="scale", parameters={"config": value})
            self.must_fail(Code.UNIMPLEMENTED, message, self.stub.RepositoryModelLoad, request)
        request = pb.RepositoryModelLoadRequest(model_name="scale")
        request.parameters["file:1/model.onnx"].bytes_param = b"x"
        self.must_fail(Code.UNIMPLEMENTED, re.compile("'file:1/model.onnx'"), self.stub.RepositoryModelLoad, request)
        self.assert_same(outputs_of(self.infer(raw("scale", [("x", one())])))["y"], one(3))

    def test_an_admitted_request_is_answered_before_a_model_is_unloaded(self):
        running = self.stub.ModelInfer.future(raw("slow", [("x", one())]), timeout=CALL_SECONDS)
        time.sleep(0.15)
        self.unload("slow")
        try:
            np.testing.assert_allclose(outputs_of(running.result())["y"], one(), atol=2 * make_models.SLOW_ERROR)
        finally:
            self.load("slow")


class TritonClient(ServingCase):
    """The protocol as NVIDIA's client speaks it."""

    def setUp(self):
        self.client = triton.InferenceServerClient(self.server.grpc)
        self.addCleanup(self.client.close)

    def inputs(self, *arrays):
        made = []
        for name, datatype, array in arrays:
            made.append(triton.InferInput(name, list(array.shape), datatype).set_data_from_numpy(array))
        return made

    def test_state(self):
        self.assertTrue(self.client.is_server_live())
        self.assertTrue(self.client.is_server_ready())
        self.assertTrue(self.client.is_model_ready("scale", "1"))
        self.assertFalse(self.client.is_model_ready("scale", "2"))
        self.assertFalse(self.client.is_model_ready("nobody"))
        self.assertEqual(self.client.get_server_metadata(as_json=True)["name"], "mass")
        self.assertEqual(self.client.get_model_metadata("scale", as_json=True)["versions"], ["1", "3"])
        self.assertEqual(self.client.get_model_config("scale", "1").config.name, "scale")
        self.assertEqual(self.client.get_inference_statistics("scale", "1").model_stats[0].version, "1")
        self.assertEqual({entry.name for entry in self.client.get_model_repository_index().models},
                         set(make_models.SOUND))

    def test_every_datatype(self):
        for datatype in DTYPES:
            with self.subTest(datatype):
                array = examples(datatype)
                result = self.client.infer(identity(datatype), self.inputs(("x", datatype, array)))
                self.assert_same(result.as_numpy("y").astype(array.dtype), array)
                empty = np.empty((0, 4), DTYPES[datatype])
                result = self.client.infer(identity(datatype), self.inputs(("x", datatype, empty)))
                self.assertEqual(result.as_numpy("y").shape, (0, 4))

    def test_everything_a_call_may_say(self):
        for algorithm in (None, "gzip", "deflate"):
            result = self.client.infer(
                "scale", self.inputs(("x", "FP32", one(2))), model_version="1", request_id="seven", priority=1,
                outputs=[triton.InferRequestedOutput("y")], timeout=10_000_000, client_timeout=20,
                parameters={"mine": 1, "yours": "x"}, headers={"x-mine": "1"}, compression_algorithm=algorithm)
            self.assertEqual((result.get_response().id, result.get_response().model_version), ("seven", "1"))
            self.assert_same(result.as_numpy("y"), one(2))

    def test_classification(self):
        array = np.array([[0, 3, 1, 2]], np.float32)
        outputs = [triton.InferRequestedOutput("y", class_count=2)]
        got = self.client.infer("classifier", self.inputs(("x", "FP32", array)), outputs=outputs).as_numpy("y")
        self.assertEqual([element.decode().split(":")[1:] for element in got[0]], [["1", "dog"], ["3", "Käfer"]])

    def test_asynchronous(self):
        answers, arrived = {}, threading.Semaphore(0)

        def take(i):
            def call(result, error):
                answers[i] = error or result.as_numpy("DIFF").tolist()
                arrived.release()
            return call

        for i in range(100):
            a, b = np.full((1, 4), i, np.float32), np.full((1, 4), 2, np.float32)
            self.client.async_infer("add_sub", self.inputs(("A", "FP32", a), ("B", "FP32", b)), take(i))
        for _ in range(100):
            self.assertTrue(arrived.acquire(timeout=CALL_SECONDS))
        self.assertEqual(answers, {i: [[i - 2] * 4] for i in range(100)})

    def test_errors(self):
        for model, inputs, version, status, message in (
            ("nobody", self.inputs(("x", "FP32", one())), "", "NOT_FOUND", "'nobody' is not found"),
            ("scale", self.inputs(("x", "FP32", one())), "2", "NOT_FOUND", "'scale' version 2"),
            ("scale", self.inputs(("Z", "FP32", one())), "", "INVALID_ARGUMENT", "'[Zx]'"),
            ("scale", self.inputs(("x", "INT32", one().astype(np.int32))), "", "INVALID_ARGUMENT", "INT32.*FP32"),
        ):
            with self.subTest(message), self.assertRaisesRegex(InferenceServerException, message) as caught:
                self.client.infer(model, inputs, version)
            self.assertEqual(caught.exception.status(), f"StatusCode.{status}")
        with self.assertRaises(InferenceServerException) as caught:
            self.client.get_system_shared_memory_status()
        self.assertEqual(caught.exception.status(), "StatusCode.UNIMPLEMENTED")

    def test_load_and_unload(self):
        self.client.unload_model("identity_int8")
        self.assertFalse(self.client.is_model_ready("identity_int8"))
        self.client.load_model("identity_int8")
        self.assertTrue(self.client.is_model_ready("identity_int8"))
        with self.assertRaisesRegex(InferenceServerException, "'config'"):
            self.client.load_model("identity_int8", config="{}")


if __name__ == "__main__":
    unittest.main()
