"""The Open Inference Protocol over gRPC, as plain gRPC and NVIDIA's client speak it."""
import re
import time
import unittest

import grpc
import numpy as np
from tritonclient.grpc import service_pb2 as pb
from tritonclient.grpc import service_pb2_grpc

import make_models
from harness import DTYPES, ROOT, ServingCase, binary, datatype_of, encode, from_bytes, to_bytes
from test_rest import examples, identity, strings

CALL_SECONDS = 30
SEED = 31
MEBIBYTE = 1 << 20
Code = grpc.StatusCode
# The list of `contents` that holds a datatype's elements; FP16 and BF16 have none.
LISTS = {
    "BOOL": "bool_contents", "UINT8": "uint_contents", "UINT16": "uint_contents", "UINT32": "uint_contents",
    "UINT64": "uint64_contents", "INT8": "int_contents", "INT16": "int_contents", "INT32": "int_contents",
    "INT64": "int64_contents", "FP32": "fp32_contents", "FP64": "fp64_contents", "BYTES": "bytes_contents",
}


def setUpModule():
    ServingCase.share()


def open_channel(server, **options):
    """A connection that no other channel shares, which receives messages of any size."""
    given = {
        "grpc.max_receive_message_length": -1, "grpc.max_send_message_length": -1,
        "grpc.use_local_subchannel_pool": 1, **options}
    return grpc.insecure_channel(server.grpc, options=list(given.items()))


def parameter(value):
    """An InferParameter of the kind that a Python value is."""
    if isinstance(value, pb.InferParameter):
        return value
    kind = {bool: "bool_param", int: "int64_param", float: "double_param", str: "string_param"}[type(value)]
    return pb.InferParameter(**{kind: value})


def parameters(values):
    return {name: parameter(value) for name, value in values.items()}


def tensor(name, array, datatype=None, contents=None, **values):
    return pb.ModelInferRequest.InferInputTensor(
        name=name, datatype=datatype or datatype_of(array), shape=array.shape, contents=contents,
        parameters=parameters(values))


def output(name, **values):
    return pb.ModelInferRequest.InferRequestedOutputTensor(name=name, parameters=parameters(values))


def raw(model, inputs, outputs=(), version="", id="", **values):
    """A request whose inputs, pairs of a name and an array, are bytes; `outputs` are names or messages."""
    return pb.ModelInferRequest(
        model_name=model, model_version=str(version), id=id, parameters=parameters(values),
        inputs=[tensor(name, array) for name, array in inputs], raw_input_contents=[to_bytes(a) for _, a in inputs],
        outputs=[output(entry) if isinstance(entry, str) else entry for entry in outputs])


def typed(model, inputs, **members):
    """A request whose inputs are lists of numbers."""
    return pb.ModelInferRequest(
        model_name=model, inputs=[tensor(name, array, contents=contents(array)) for name, array in inputs], **members)


def contents(array):
    """Floats go bit by bit, as no Python number can take them there."""
    datatype = datatype_of(array)
    if datatype in ("FP32", "FP64"):
        field, data = {"FP32": b"\x32", "FP64": b"\x3a"}[datatype], array.tobytes()
        return pb.InferTensorContents.FromString(field + varint(len(data)) + data if data else b"")
    return pb.InferTensorContents(**{LISTS[datatype]: array.ravel().tolist()})


def varint(value):
    head = bytearray()
    while value > 0x7F:
        head.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes(head) + bytes([value])


def outputs_of(answer):
    """The tensors of an answer by name, as arrays; they must be all bytes or all lists."""
    if answer.raw_output_contents:
        has_lists = any(entry.HasField("contents") for entry in answer.outputs)
        if has_lists or len(answer.raw_output_contents) != len(answer.outputs):
            raise AssertionError(f"bytes and lists in one answer: {answer}")
        pairs = zip(answer.outputs, answer.raw_output_contents)
        return {entry.name: from_bytes(entry.datatype, tuple(entry.shape), data) for entry, data in pairs}
    return {entry.name: from_lists(entry) for entry in answer.outputs}


def from_lists(entry):
    """The array of an output with lists, in which only the list of its datatype may hold anything."""
    used = {field.name for field, _ in entry.contents.ListFields()}
    if not used <= {LISTS[entry.datatype]}:
        raise AssertionError(f"{used} of a {entry.datatype}")
    if entry.datatype in ("FP32", "FP64"):
        dtype = DTYPES[entry.datatype]
        data, size = entry.contents.SerializeToString(), int(np.prod(entry.shape)) * dtype.itemsize
        return np.frombuffer(data[len(data) - size :], dtype).reshape(tuple(entry.shape))
    array = np.empty(len(getattr(entry.contents, LISTS[entry.datatype])), DTYPES[entry.datatype])
    array[:] = list(getattr(entry.contents, LISTS[entry.datatype]))
    return array.reshape(tuple(entry.shape))


class GRPCCase(ServingCase):
    """Tests with a channel to the server of their module."""

    @classmethod
    def setUpClass(cls):
        cls.channel = cls.enterClassContext(open_channel(cls.server))
        cls.stub = service_pb2_grpc.GRPCInferenceServiceStub(cls.channel)

    def infer(self, request, **options):
        return self.stub.ModelInfer(request, timeout=CALL_SECONDS, **options)

    def must_fail(self, code, pattern, call, *arguments, **options):
        """Expects a call to fail with this status, whose message is `pattern` if it is no compiled pattern."""
        options.setdefault("timeout", CALL_SECONDS)
        with self.assertRaises(grpc.RpcError) as caught:
            call(*arguments, **options)
        error = caught.exception
        self.assertEqual(error.code(), code, error.details())
        if isinstance(pattern, re.Pattern):
            self.assertRegex(error.details(), pattern)
        else:
            self.assertEqual(error.details(), pattern)
        return error

    def refuse(self, request, pattern, code=Code.INVALID_ARGUMENT):
        return self.must_fail(code, pattern, self.stub.ModelInfer, request)


def one(value=1.0):
    return np.array([[value]], np.float32)


A, B = np.full((2, 4), 3, np.float32), np.full((2, 4), 1, np.float32)
BOTH = [("A", A), ("B", B)]
NO_MODEL = "Request for unknown model: 'nobody' is not found"
NO_VERSION = "Request for unknown model: 'scale' version 2 is not found"


class Protocol(GRPCCase):
    def test_the_checked_in_messages_are_those_of_the_client(self):
        """Every field has the number, the type and the place that NVIDIA's definition gives it."""
        text = (ROOT / "Sources/Serving/Protocol/inference.proto").read_text()
        pool, place, seen = pb.DESCRIPTOR.pool, [], 0
        for line in text.splitlines():
            if found := re.match(r"\s*(message|oneof|enum|service) (\w+) \{(\})?", line):
                if not found[3]:
                    place.append((found[1], found[2]))
                if found[1] == "message":
                    path = [n for kind, n in place if kind == "message"] + ([found[2]] if found[3] else [])
                    message = pool.FindMessageTypeByName(".".join(["inference", *path]))
            elif line.strip() == "}":
                place.pop()
                path = [n for kind, n in place if kind == "message"]
                message = pool.FindMessageTypeByName(".".join(["inference", *path])) if path else None
            elif found := re.match(r"\s*(repeated )?(map<.*>|[\w.]+) (\w+) = (\d+);", line):
                seen += 1
                with self.subTest(f"{message.name}.{found[3]}"):
                    field = message.fields_by_name[found[3]]
                    self.assertEqual(field.number, int(found[4]))
                    self.assertEqual(field.is_repeated, bool(found[1]) or found[2].startswith("map"))
                    names = [name for name in dir(field) if name.startswith("TYPE_")]
                    kinds = {getattr(field, name): name[5:].lower() for name in names}
                    kind = field.message_type or field.enum_type
                    if not found[2].startswith("map"):
                        self.assertEqual(found[2], kind.name if kind else kinds[field.type])
            elif found := re.match(r"\s*(TYPE_\w+) = (\d+);", line):
                seen += 1
                self.assertEqual(pool.FindEnumTypeByName("inference.DataType").values_by_name[found[1]].number,
                                 int(found[2]))
        self.assertGreater(seen, 100)

    def test_what_is_not_spoken(self):
        for name in ("SystemSharedMemoryStatus", "CudaSharedMemoryStatus", "TraceSetting", "LogSettings"):
            with self.subTest(name):
                request = getattr(pb, f"{name}Request")()
                self.must_fail(Code.UNIMPLEMENTED, re.compile("."), getattr(self.stub, name), request)
        for path in ("/inference.GRPCInferenceService/Nothing", "/nobody.Service/ModelInfer", "/x/y/z", "/", "//"):
            with self.subTest(path):
                self.must_fail(Code.UNIMPLEMENTED, re.compile("."), self.channel.unary_unary(path), b"")

    def test_bytes_that_are_no_message(self):
        whole = raw("scale", [("x", one())]).SerializeToString()
        bad = (b"\xff", b"\x0a\x05ab", whole[:-1], whole + b"\x0a", b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\x7f",
               b"\x07", b"\x0a\x01\xff", b"\x2a\x02\x0a\x7f")
        for method in ("ModelInfer", "ModelMetadata", "RepositoryModelLoad"):
            call = self.channel.unary_unary(f"/inference.GRPCInferenceService/{method}")
            for data in bad if method == "ModelInfer" else (b"\xff", b"\x0a\x05ab", b"\x0a\x01\xff"):
                with self.subTest(f"{method} {data[:12]}"):
                    self.must_fail(
                        Code.INVALID_ARGUMENT, f"the bytes are not a message inference.{method}Request", call, data)

    def test_fields_nobody_knows_are_ignored(self):
        """Newer clients send fields that older servers do not have."""
        request = raw("scale", [("x", one(2))]).SerializeToString()
        strange = b"\xa2\x06\x03abc\xa8\x06\x07\xb1\x06" + bytes(8) + b"\xbd\x06" + bytes(4)
        call = self.channel.unary_unary("/inference.GRPCInferenceService/ModelInfer")
        for data in (strange + request, request + strange):
            answer = pb.ModelInferResponse.FromString(call(data, timeout=CALL_SECONDS))
            self.assert_same(outputs_of(answer)["y"], one(6))


class Metadata(GRPCCase):
    def test_server(self):
        self.assertIs(self.stub.ServerLive(pb.ServerLiveRequest()).live, True)
        self.assertIs(self.stub.ServerReady(pb.ServerReadyRequest()).ready, True)
        answer = self.stub.ServerMetadata(pb.ServerMetadataRequest())
        rest = self.server.get("/v2").json()
        self.assertEqual(
            {"name": answer.name, "version": answer.version, "extensions": list(answer.extensions)}, rest)

    def test_model_ready(self):
        for name, version, expected in (
            ("scale", "", True), ("scale", "1", True), ("scale", "3", True), ("scale", "2", False),
            ("scale", "0", False), ("nobody", "", False), ("nobody", "1", False), ("", "", False), ("Scale", "", False),
        ):
            with self.subTest(f"{name} {version}"):
                answer = self.stub.ModelReady(pb.ModelReadyRequest(name=name, version=version))
                self.assertIs(answer.ready, expected)

    def test_model_metadata_is_that_of_rest(self):
        for name, version in [(name, "") for name in make_models.SOUND] + [("scale", "1"), ("scale", "3")]:
            with self.subTest(f"{name} {version}"):
                answer = self.stub.ModelMetadata(pb.ModelMetadataRequest(name=name, version=version))
                path = f"/v2/models/{name}" + (f"/versions/{version}" if version else "")
                rest = self.server.get(path).json()
                self.assertEqual((answer.name, list(answer.versions)), (name, rest["versions"]))
                self.assertEqual(answer.platform, rest["platform"])
                for mine, theirs in ((answer.inputs, rest["inputs"]), (answer.outputs, rest["outputs"])):
                    found = [{"name": t.name, "datatype": t.datatype, "shape": list(t.shape)} for t in mine]
                    self.assertEqual(found, theirs)

    def test_config(self):
        for datatype in DTYPES:
            with self.subTest(datatype):
                config = self.stub.ModelConfig(pb.ModelConfigRequest(name=identity(datatype))).config
                kind = "TYPE_STRING" if datatype == "BYTES" else f"TYPE_{datatype}"
                for entry, name in ((config.input[0], "x"), (config.output[0], "y")):
                    self.assertEqual((entry.name, list(entry.dims)), (name, [-1, -1]))
                    self.assertEqual(entry.data_type, pb.model__config__pb2.DataType.Value(kind))
                self.assertEqual((config.name, config.max_batch_size), (identity(datatype), 0))
                self.assertTrue(config.platform)
                self.assertTrue(config.backend)
        policy = self.stub.ModelConfig(pb.ModelConfigRequest(name="scale", version="1")).config.version_policy
        self.assertEqual(policy.WhichOneof("policy_choice"), "all")
        slow = self.stub.ModelConfig(pb.ModelConfigRequest(name="slow")).config
        self.assertEqual(slow.parameters["queue_limit"].string_value, str(make_models.SLOW_QUEUE))
        self.assertEqual(slow.version_policy.latest.num_versions, 1)

    def test_config_says_what_rest_says(self):
        for name in ("scale", "slow", "add_sub"):
            with self.subTest(name):
                config = self.stub.ModelConfig(pb.ModelConfigRequest(name=name)).config
                rest = self.server.get(f"/v2/models/{name}/config").json()
                self.assertEqual([group.count for group in config.instance_group],
                                 [group["count"] for group in rest["instance_group"]])
                self.assertEqual({key: entry.string_value for key, entry in config.parameters.items()},
                                 {key: entry["string_value"] for key, entry in rest["parameters"].items()})

    def test_statistics(self):
        def counts():
            answer = self.stub.ModelStatistics(pb.ModelStatisticsRequest(name="identity_uint16", version="1"))
            self.assertEqual(len(answer.model_stats), 1)
            return answer.model_stats[0]

        before = counts()
        for _ in range(3):
            self.infer(raw("identity_uint16", [("x", np.ones((5, 2), np.uint16))]))
        self.refuse(raw("identity_uint16", [("x", one())]), re.compile("FP32"))
        after = counts()
        self.assertEqual((after.name, after.version), ("identity_uint16", "1"))
        self.assertEqual(after.inference_count - before.inference_count, 15)
        self.assertEqual(after.execution_count - before.execution_count, 3)
        self.assertEqual(after.inference_stats.success.count - before.inference_stats.success.count, 3)
        self.assertEqual(after.inference_stats.fail.count - before.inference_stats.fail.count, 1)
        for name in ("queue", "compute_input", "compute_infer", "compute_output"):
            grown = getattr(after.inference_stats, name).count - getattr(before.inference_stats, name).count
            self.assertEqual(grown, 3, name)
        self.assertLess(abs(after.last_inference / 1000 - time.time()), 60)
        self.assertIn(5, [batch.batch_size for batch in after.batch_stats])
        self.assertGreater(after.memory_usage[0].byte_size, 0)

    def test_statistics_of_more_than_one(self):
        stats = self.stub.ModelStatistics(pb.ModelStatisticsRequest(name="scale")).model_stats
        self.assertEqual(sorted(entry.version for entry in stats), ["1", "3"])
        stats = self.stub.ModelStatistics(pb.ModelStatisticsRequest()).model_stats
        self.assertEqual({entry.name for entry in stats}, set(make_models.SOUND))

    def test_unknown(self):
        for name in ("ModelMetadata", "ModelConfig", "ModelStatistics"):
            call, request = getattr(self.stub, name), getattr(pb, f"{name}Request")
            with self.subTest(name):
                self.must_fail(Code.NOT_FOUND, NO_MODEL, call, request(name="nobody"))
                self.must_fail(Code.NOT_FOUND, NO_VERSION, call, request(name="scale", version="2"))
        self.must_fail(Code.NOT_FOUND, NO_MODEL, self.stub.ModelInfer, raw("nobody", BOTH))
        self.must_fail(Code.NOT_FOUND, NO_VERSION, self.stub.ModelInfer, raw("scale", [("x", one())], version=2))
        self.must_fail(
            Code.NOT_FOUND, "Request for unknown model: '' is not found", self.stub.ModelInfer, pb.ModelInferRequest())
        long = "n" * 5000
        self.must_fail(Code.NOT_FOUND, re.compile("'nnn"), self.stub.ModelMetadata, pb.ModelMetadataRequest(name=long))
        self.must_fail(
            Code.NOT_FOUND, "Request for unknown model: 'ü€\n%41' is not found", self.stub.ModelMetadata,
            pb.ModelMetadataRequest(name="ü€\n%41"))

    def test_versions_that_are_no_numbers(self):
        for version in ("x", "-1", "1.0", " 1", "+1", "1e0", "٣", "0x1"):
            message = f"version '{version}' of model 'scale' is not a decimal number"
            with self.subTest(version):
                for name in ("ModelReady", "ModelMetadata", "ModelConfig", "ModelStatistics"):
                    request = getattr(pb, f"{name}Request")(name="scale", version=version)
                    self.must_fail(Code.INVALID_ARGUMENT, message, getattr(self.stub, name), request)
                self.refuse(raw("scale", [("x", one())], version=version), message)

    def test_versions_no_server_counts_to(self):
        version = "9" * 20
        message = f"Request for unknown model: 'scale' version {version} is not found"
        request = pb.ModelMetadataRequest(name="scale", version=version)
        self.must_fail(Code.NOT_FOUND, message, self.stub.ModelMetadata, request)
        self.refuse(raw("scale", [("x", one())], version=version), message, Code.NOT_FOUND)


class Encodings(GRPCCase):
    def test_bytes(self):
        for datatype in DTYPES:
            with self.subTest(datatype):
                array = examples(datatype)
                answer = self.infer(raw(identity(datatype), [("x", array)]))
                self.assertEqual((answer.outputs[0].datatype, list(answer.outputs[0].shape)), (datatype, [3, 4]))
                self.assertEqual(list(answer.raw_output_contents), [to_bytes(array)])

    def test_lists(self):
        """A request with lists is answered with lists."""
        for datatype in LISTS:
            with self.subTest(datatype):
                array = examples(datatype)
                answer = self.infer(typed(identity(datatype), [("x", array)]))
                self.assertEqual(len(answer.raw_output_contents), 0)
                self.assert_same(outputs_of(answer)["y"], array)
                self.assertEqual(answer.outputs[0].datatype, datatype)

    def test_half_precision_has_no_lists(self):
        for datatype in ("FP16", "BF16"):
            with self.subTest(datatype):
                array = np.ones((1, 1), DTYPES[datatype])
                for content in (None, pb.InferTensorContents(fp32_contents=[1])):
                    request = pb.ModelInferRequest(
                        model_name=identity(datatype), inputs=[tensor("x", array, contents=content)])
                    self.refuse(request, f"{datatype} has no typed contents; send input 'x' as raw bytes")

    def test_nothing(self):
        for shape in ((0, 4), (3, 0), (0, 0)):
            for datatype in DTYPES:
                with self.subTest(f"{datatype} {shape}"):
                    array = np.empty(shape, DTYPES[datatype])
                    answer = self.infer(raw(identity(datatype), [("x", array)]))
                    self.assertEqual(list(answer.raw_output_contents), [b""])
                    self.assert_same(outputs_of(answer)["y"], array)
                    if datatype in LISTS:
                        answer = self.infer(typed(identity(datatype), [("x", array)]))
                        self.assertEqual(tuple(answer.outputs[0].shape), shape)
                        self.assertEqual(len(answer.raw_output_contents), 0)
        empty = self.infer(raw("matmul", [("x", np.empty((0, 8), np.float32))]))
        self.assertEqual(outputs_of(empty)["y"].shape, (0, 4))
        found = self.infer(typed("shape_data", [("x", np.zeros(5, np.float32))]))
        self.assertEqual(tuple(found.outputs[0].shape), (1, 0))

    def test_every_bit_of_floats(self):
        """NaN with payloads, quiet and signalling, both zeros, infinities and the smallest numbers."""
        words = [0x7FC00001, 0xFFC12345, 0x7F800001, 0xFFBFFFFF, 0x80000000, 0, 0x7F800000, 0xFF800000, 1, 0x807FFFFF]
        long = [0x7FF8000000000001, 0x7FF0000000000001, 0xFFFFFFFFFFFFFFFF, 1 << 63, 0, 0x7FF << 52, 0xFFF << 52, 1]
        for array in (np.array([words], np.uint32).view(np.float32), np.array([long], np.uint64).view(np.float64)):
            model = identity(datatype_of(array))
            with self.subTest(model):
                self.assert_same(outputs_of(self.infer(raw(model, [("x", array)])))["y"], array)
                self.assert_same(outputs_of(self.infer(typed(model, [("x", array)])))["y"], array)
        for datatype, infinity, quiet in (("FP16", 0x7C00, 0x200), ("BF16", 0x7F80, 0x40)):
            with self.subTest(datatype):
                words = np.arange(1 << 16, dtype=np.uint16)
                # The compiler computes halves as FP32, which quiets a signalling NaN.
                words = words[((words & 0x7FFF) <= infinity) | (words & quiet != 0)]
                array = words.view(DTYPES[datatype])[None]
                self.assert_same(outputs_of(self.infer(raw(identity(datatype), [("x", array)])))["y"], array)

    def test_strings(self):
        long = b"x" * MEBIBYTE
        array = strings([[b"\0", b"a\0b", "€😀".encode(), b"", b"\x7f\x01\n", long]])
        for make in (raw, typed):
            with self.subTest(make.__name__):
                self.assert_same(outputs_of(self.infer(make("identity_bytes", [("x", array)])))["y"], array)
        for element in (b"\xff\xfe", b"\xc3", bytes(range(256)), b"\xed\xa0\x80", b"\xc0\x80", b"\xf4\x90\x80\x80"):
            for make in (raw, typed):
                with self.subTest(f"{make.__name__} {element[:8]}"):
                    message = "element 1 of input 'x' is not UTF-8; strings of ONNX models are Unicode text"
                    self.refuse(make("identity_bytes", [("x", strings([[b"a", element]]))]), message)

    def test_strings_whose_lengths_lie(self):
        for data, pattern in (
            (b"\x05\0\0\0abc", r"element 0 of input 'x' claims 5 bytes, but 3 are left"),
            (b"\xff\xff\xff\xff", r"element 0 of input 'x' claims 4294967295 bytes, but 0 are left"),
            (b"\x01\0\0", r"unexpected size for input 'x': 1 strings take at least 4 bytes each, got 3"),
            (b"", r"unexpected size for input 'x': 1 strings take at least 4 bytes each, got 0"),
            (b"\x01\0\0\0ab", r"unexpected size for input 'x': 1 bytes follow its 1 strings"),
            (bytes(8), r"unexpected size for input 'x': 4 bytes follow its 1 strings"),
        ):
            with self.subTest(data):
                request = raw("identity_bytes", [("x", strings([[b"a"]]))])
                request.raw_input_contents[0] = data
                self.refuse(request, pattern)

    def test_booleans_that_are_neither(self):
        request = raw("identity_bool", [("x", np.ones((1, 3), bool))])
        request.raw_input_contents[0] = b"\x02\xff\0"
        self.assertEqual(self.infer(request).raw_output_contents[0], b"\x01\x01\0")

    def test_lists_that_protobuf_allows_to_be_written_otherwise(self):
        """Lists may be unpacked or come in pieces; a message may come in pieces that are merged."""
        head = b"\x0a\x01x\x12\x05INT32\x1a\x01\x01\x1a\x01\x04"
        for what, lists in (
            ("unpacked", [b"\x10\x01\x10\x02\x10\x03\x10\x04"]), ("in pieces", [b"\x12\x02\x01\x02\x12\x02\x03\x04"]),
            ("mixed", [b"\x12\x02\x01\x02\x10\x03\x10\x04"]), ("merged", [b"\x12\x02\x01\x02", b"\x12\x02\x03\x04"]),
        ):
            with self.subTest(what):
                data = head + b"".join(b"\x2a" + varint(len(part)) + part for part in lists)
                data = b"\x0a\x0eidentity_int32\x2a" + varint(len(data)) + data
                answer = pb.ModelInferResponse.FromString(
                    self.channel.unary_unary("/inference.GRPCInferenceService/ModelInfer")(data, timeout=CALL_SECONDS))
                self.assert_same(outputs_of(answer)["y"], np.array([[1, 2, 3, 4]], np.int32))

    def test_megabytes(self):
        array = np.random.default_rng(SEED).standard_normal((2048, 4096)).astype(np.float32)
        self.assert_same(outputs_of(self.infer(raw("identity_fp32", [("x", array)])))["y"], array)
        part = array[:256]
        self.assert_same(outputs_of(self.infer(typed("identity_fp32", [("x", part)])))["y"], part)

    def test_compressed_messages(self):
        array = np.zeros((256, 256), np.float32)
        for kind in (grpc.Compression.Gzip, grpc.Compression.Deflate):
            for make in (raw, typed):
                with self.subTest(f"{kind} {make.__name__}"):
                    answer = self.infer(make("identity_fp32", [("x", array)]), compression=kind)
                    self.assert_same(outputs_of(answer)["y"], array)

    def test_rest_gives_the_same_bits(self):
        random = np.random.default_rng(SEED)
        cases = [(identity(datatype), examples(datatype)) for datatype in DTYPES] + [
            ("matmul", random.standard_normal((7, 8)).astype(np.float32)),
            ("classifier", random.standard_normal((9, 4)).astype(np.float32)), ("slow", one(0.5)),
            ("shape_data", np.array([0, 1, 0, 2], np.float32)), ("fixed", np.arange(6, dtype=np.float32).reshape(2, 3)),
        ]
        for model, array in cases:
            with self.subTest(model):
                rest = self.succeed(self.server.infer(model, encode([("x", array)], binary("y")), timeout=CALL_SECONDS))
                self.assertEqual(self.infer(raw(model, [("x", array)])).raw_output_contents[0], rest.tensors()[0].raw)
                if datatype_of(array) in LISTS:
                    got = outputs_of(self.infer(typed(model, [("x", array)])))["y"]
                    self.assertEqual(to_bytes(got), rest.tensors()[0].raw)


if __name__ == "__main__":
    unittest.main()
