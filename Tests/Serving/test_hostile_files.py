"""Damaged protobufs, settings, configurations, access files and uploads, the damage drawn from a fixed seed."""
import collections
import json
import pathlib
import random
import subprocess
import tempfile
import unittest

import grpc
import numpy as np
from tritonclient.grpc import service_pb2 as pb

import make_models
import test_hostile_fuzz
from harness import MASS, SLOW_SECONDS, ServingCase, serving
from hostile import MODELS, HostileCase
from test_grpc import raw, typed
from tensors import one

SEED = 1618
CALL_SECONDS = 10
INTERNAL = (grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN, grpc.StatusCode.UNAVAILABLE)

# Code 2 and above would be ours to explain; a signal is negative.
EXPECTED_STATUSES = {0, 1, 64}


def setUpModule():
    ServingCase.share(MODELS)


class Damage:
    """Draws damage as `Mutation` does; a generator of one's own for each test: their order does not matter."""

    SEEDS = test_hostile_fuzz.Mutation.SEEDS
    mutate = test_hostile_fuzz.Mutation.mutate

    def __init__(self, name):
        self.random = random.Random(f"{SEED} {name}")


class Protobufs(HostileCase):
    def call(self, channel, method, data):
        """The status of a call with these bytes as its message."""
        try:
            channel.unary_unary(f"/inference.GRPCInferenceService/{method}")(data, timeout=CALL_SECONDS)
            return grpc.StatusCode.OK
        except grpc.RpcError as error:
            return error.code()

    def test_messages(self):
        damage = Damage("messages")
        ones = np.ones((1, 4), np.float32)
        requests = [make(name, inputs).SerializeToString() for make in (raw, typed) for name, inputs in (
            ("add_sub", [("A", ones), ("B", ones)]), ("identity_bytes", [("x", np.array([[b"a", b"\xc3\xa4"]], object))]),
            ("identity_int64", [("x", np.array([[1, -1]]))]), ("identity_bool", [("x", np.array([[True]]))]))]
        statuses = collections.Counter()
        with grpc.insecure_channel(self.server.grpc) as channel:
            for i in range(1500):
                data = damage.mutate(requests[i % len(requests)])
                status = self.call(channel, "ModelInfer", data)
                self.assertNotIn(status, INTERNAL + (grpc.StatusCode.DEADLINE_EXCEEDED,), f"message {i}: {data!r}")
                statuses[status] += 1
        self.assertGreater(statuses[grpc.StatusCode.INVALID_ARGUMENT], 150, statuses)

    def test_other_calls(self):
        damage = Damage("calls")
        messages = {
            "ModelMetadata": pb.ModelMetadataRequest(name="add_sub", version="1"),
            "ModelReady": pb.ModelReadyRequest(name="add_sub", version="1"),
            "ModelConfig": pb.ModelConfigRequest(name="add_sub"),
            "ModelStatistics": pb.ModelStatisticsRequest(name="add_sub"),
            "RepositoryIndex": pb.RepositoryIndexRequest(ready=True),
            "RepositoryModelLoad": pb.RepositoryModelLoadRequest(model_name="nobody"),
            "RepositoryModelUnload": pb.RepositoryModelUnloadRequest(model_name="nobody"),
        }
        with grpc.insecure_channel(self.server.grpc) as channel:
            for i in range(400):
                method = list(messages)[i % len(messages)]
                data = damage.mutate(messages[method].SerializeToString() or b"\x08\x01")
                status = self.call(channel, method, data)
                self.assertNotIn(status, INTERNAL, f"{method} {data!r}")

    def test_streams(self):
        damage = Damage("streams")
        request = raw("add_sub", [("A", np.ones((1, 4), np.float32)), ("B", np.ones((1, 4), np.float32))])
        whole = request.SerializeToString()
        with grpc.insecure_channel(self.server.grpc) as channel:
            stream = channel.stream_stream("/inference.GRPCInferenceService/ModelStreamInfer")
            for i in range(60):
                messages = [whole, damage.mutate(whole), whole]
                try:
                    answers = list(stream(iter(messages), timeout=CALL_SECONDS))
                    self.assertLessEqual(len(answers), 3)
                except grpc.RpcError as error:
                    self.assertNotIn(error.code(), INTERNAL + (grpc.StatusCode.DEADLINE_EXCEEDED,), messages[1])


class Settings(unittest.TestCase):
    succeed = ServingCase.succeed

    def test_settings_of_models(self):
        damage = Damage("settings")
        settings = json.dumps({
            "version_policy": {"latest": 1}, "instances": 1, "threads": 1, "queue_limit": 8, "labels": {"stable": 1},
            "shapes": {"x": [1, 2]}, "batching": {"max_size": 4, "max_delay_ms": 0.5, "exact": False},
            "warm_up": {"runs": 1, "shapes": [{"x": [1, 2]}]}, "unload_after_s": 100,
            "traffic": {"split": {"1": 1}, "sticky_header": "x-user", "limit": {"rate": 1000, "burst": 1000},
                        "breaker": {}, "queue": {"levels": 2, "longest_wait_ms": 100}, "cache": True,
                        "canary": {"version": 1, "error_rate": 0.5}}}).encode()
        with serving(("scale", "add_sub"), "--watch", "0") as server:
            file = server.repository / "add_sub/model.json"
            statuses = collections.Counter()
            for i in range(300):
                text = damage.mutate(settings.replace(b'"x"', b'"A"') if i % 2 else b'{"threads":1,"batching":{"max_size":3}}')
                file.write_bytes(text)
                answer = server.post("/v2/repository/models/add_sub/load", timeout=SLOW_SECONDS)
                self.assertIn(answer.status, (200, 400, 503), f"{text!r}: {answer}")
                statuses[answer.status] += 1
                if i % 20 == 0:
                    self.succeed(server.infer("scale", one()))
            self.assertGreater(statuses[400], 100, statuses)
            file.write_text('{"threads": 1}')
            self.succeed(server.post("/v2/repository/models/add_sub/load", timeout=SLOW_SECONDS))

    def check(self, name, text, *arguments):
        """What the command says of a file with this text."""
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / name
            path.write_bytes(text)
            done = subprocess.run(
                [MASS, *(str(path) if part is None else str(part) for part in arguments)], capture_output=True, timeout=60)
        self.assertIn(done.returncode, EXPECTED_STATUSES, f"{text!r}: {done.returncode} {done.stderr[-600:]!r}")
        return done.returncode

    def test_configurations(self):
        damage = Damage("configurations")
        with tempfile.TemporaryDirectory() as folder:
            whole = json.dumps({
                "repository": folder, "host": "127.0.0.1", "http_port": 0, "grpc_port": 0, "threads": 1, "queue_limit": 9,
                "tls": {"certificate": "c.pem", "private_key": "k.pem"}, "log": {"requests": "all"}, "access": "a.json",
                "signers": ["s.pem"], "stuck_seconds": 5}).encode()
            codes = collections.Counter(
                self.check("server.json", damage.mutate(whole), "serve", "--config", None, "--check") for _ in range(80))
        self.assertGreater(codes[1], 40, codes)

    def test_access_files(self):
        damage = Damage("access")
        whole = json.dumps({
            "tenants": {"acme": {"models": ["acme-*"], "limit": {"rate": 1.5, "burst": 2},
                                 "quota": {"requests": 10, "period_s": 60}}},
            "keys": [{"id": "k1", "name": "one", "sha256": "ab" * 32, "tenant": "acme", "expires": "2031-01-01T00:00:00Z",
                      "grants": [{"role": "predictor", "models": "a*?"}], "limit": {"rate": 3}}]}).encode()
        codes = collections.Counter(
            self.check("access.json", damage.mutate(whole), "key", "list", "--access", None) for _ in range(120))
        self.assertGreater(codes[1], 40, codes)

    def test_signatures_and_audit_logs(self):
        damage = Damage("signatures")
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            run = {"cwd": root, "check": True, "capture_output": True}
            subprocess.run([MASS, "sign", "--new-key", "pair"], **run)
            (root / "model.onnx").write_bytes(make_models.scale(2.0).SerializeToString())
            subprocess.run([MASS, "sign", "model.onnx", "--key", "pair.pem"], **run)
            whole = (root / "model.onnx.sig").read_bytes()
            accepted = 0
            for _ in range(100):
                text = damage.mutate(whole)
                (root / "model.onnx.sig").write_bytes(text)
                done = subprocess.run(
                    [MASS, "verify-signature", "model.onnx", "--signer", "pair.pub.pem"], cwd=root, capture_output=True)
                self.assertIn(done.returncode, EXPECTED_STATUSES, f"{text!r}: {done.stderr[-600:]!r}")
                # Spaces and the case of digits may differ; what is signed may not.
                accepted += done.returncode == 0 and json.loads(text) != json.loads(whole)
            self.assertLess(accepted, 3)
        for _ in range(60):
            line = damage.mutate(b'{"seq":1,"time":"2031-01-01T00:00:00Z","actor":"a","action":"b","target":"c"}\n' * 2)
            self.assertEqual(self.check("audit.log", line, "audit", "verify", None), 1)


class Uploads(unittest.TestCase):
    def test_uploads(self):
        damage = Damage("uploads")
        model = make_models.scale(2.0).SerializeToString()
        with serving(("scale",)) as server:
            statuses = collections.Counter()
            for i in range(150):
                begun = server.post("/v2/registry/uploads")
                if begun.status == 429:
                    break
                upload = begun.json()["upload"]
                name = damage.mutate(b"model.onnx").decode("latin-1")
                path = "".join(c if c.isalnum() or c in "._-" else f"%{ord(c):02x}" for c in name)
                digest = damage.mutate(b"sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:")
                headers = [] if i % 3 else [("Content-Digest", "".join(chr(c) for c in digest if 32 <= c < 127))]
                put = server.request(
                    "PUT", f"/v2/registry/uploads/{upload}/{path if i % 2 else 'model.onnx'}", headers,
                    damage.mutate(model) if i % 5 == 0 else model)
                whole = json.dumps({"upload": upload, "version": i + 1, "note": "", "activate": False}).encode()
                request = whole if i % 8 == 0 else damage.mutate(whole)
                published = server.post("/v2/registry/models/new/versions", request, timeout=SLOW_SECONDS)
                for answer in (put, published):
                    self.assertTrue(200 <= answer.status < 500 or answer.status == 501, (request, answer))
                    statuses[answer.status] += 1
                server.request("DELETE", f"/v2/registry/uploads/{upload}", (), b"")
            self.assertGreater(statuses[201], 10, statuses)
            self.assertGreater(statuses[400], 30, statuses)
            self.assertEqual(server.infer("scale", one()).status, 200)
            model = server.get("/v2/registry/models/new")
            self.assertEqual(model.status, 200, (model, statuses))
            versions = model.json()["versions"]
            for version in versions:
                self.assertTrue((server.repository / "new" / str(version["version"])).is_dir(), version)


if __name__ == "__main__":
    unittest.main()
