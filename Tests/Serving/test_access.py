"""Keys, roles, tenants, limits and the audit log, as clients of a guarded server meet them."""
import concurrent.futures
import contextlib
import json
import pathlib
import re
import subprocess
import tempfile
import time
import unittest

import grpc
import numpy as np
import onnx
import tritonclient.grpc as triton_grpc
import tritonclient.http as triton_http
from tritonclient.utils import InferenceServerException

import make_models
from harness import MASS, SLOW_SECONDS, ServingCase, serving
from tensors import one

MODELS = ("acme-one", "acme-two", "other")


def mass(*arguments, check=True):
    done = subprocess.run([MASS, *map(str, arguments)], capture_output=True, text=True, timeout=60)
    if check and done.returncode != 0:
        raise AssertionError(f"{arguments}: {done.returncode}\n{done.stderr}")
    return done.stdout.strip() if check else done


class AccessCase(unittest.TestCase):
    """A server that asks for keys, of two models of a tenant and one that belongs to nobody."""

    succeed, refuse = ServingCase.succeed, ServingCase.refuse

    def serve(self, *arguments, tenant=("--models", "acme-*"), **keys):
        """Starts a server; `keys` are what `mass key create` is told, by the name of the key."""
        folder = pathlib.Path(self.enterContext(self.temporary()))
        self.access, self.audit = folder / "access.json", folder / "audit.jsonl"
        self.keys = {}
        self.create("admin", "--grant", "admin")
        mass("tenant", "set", "acme", *tenant, "--access", self.access)
        for name, grants in keys.items():
            self.create(name, *grants)
        server = self.enterContext(
            serving((), "--access", self.access, "--audit-log", self.audit, *arguments))
        for name in MODELS:
            place = server.repository / name / "1"
            place.mkdir(parents=True)
            onnx.save(make_models.scale(2), place / "model.onnx")
            (place.parent / "model.json").write_text(json.dumps({"threads": 1}))
            self.succeed(server.post(f"/v2/repository/models/{name}/load", headers=self.key("admin"), timeout=SLOW_SECONDS))
        return server

    @staticmethod
    def temporary():
        return tempfile.TemporaryDirectory(prefix="mass-access-")

    def create(self, name, *arguments):
        self.keys[name] = mass("key", "create", "--access", self.access, "--name", name, *arguments)

    def key(self, name):
        return [("Authorization", f"Bearer {self.keys[name]}")]

    def infer(self, server, model, name):
        return server.infer(model, one(3.0), headers=self.key(name))

    def entries(self):
        return [json.loads(line) for line in self.audit.read_text().splitlines()]


class Keys(AccessCase):
    def test_nobody_gets_in_without_a_key_and_health_is_open(self):
        server = self.serve(reader=["--grant", "reader"])
        for path in ("/v2/health/live", "/v2/health/ready", "/openapi.json", "/"):
            self.assertEqual(server.get(path).status, 200, path)
        wrong = self.keys["reader"][:-1] + ("A" if self.keys["reader"][-1] != "A" else "B")
        for headers in ([], [("Authorization", f"Bearer {wrong}")], [("Authorization", "Basic YTpi")],
                        [("Authorization", "Bearer ")], [("X-API-Key", "mass_x_y")], [("X-API-Key", "x" * 8000)]):
            for method, path in (("GET", "/v2"), ("GET", "/v2/models/other"), ("POST", "/v2/models/other/infer"),
                                 ("POST", "/v2/repository/index"), ("GET", "/metrics"), ("GET", "/v1/models/other"),
                                 ("GET", "/v2/registry/models"), ("PUT", "/v2/registry/uploads/1/model.plan"),
                                 ("GET", "/nothing")):
                answer = server.request(method, path, headers, b"{}" if method != "GET" else None)
                self.refuse(answer, 401)
                self.assertEqual(answer.header("WWW-Authenticate"), "Bearer")
        self.succeed(server.get("/v2/models/other", headers=[("X-API-Key", self.keys["reader"])]))

    def test_a_large_body_is_not_read_before_the_key(self):
        server = self.serve()
        with server.connect() as connection:
            answer = connection.request(
                "POST", "/v2/models/other/infer", [("Content-Length", str(1 << 40))], b"x" * 1000)
            self.assertEqual(answer.status, 401, answer)

    def test_roles(self):
        server = self.serve(
            reader=["--grant", "reader"], predictor=["--grant", "predictor"], publisher=["--grant", "publisher"])
        self.succeed(server.get("/v2/models/other", headers=self.key("reader")))
        self.refuse(self.infer(server, "other", "reader"), 403, "role predictor")
        self.succeed(self.infer(server, "other", "predictor"))
        self.refuse(server.post("/v2/repository/models/other/unload", headers=self.key("predictor")), 403, "publisher")
        self.refuse(server.post("/v2/registry/uploads", headers=self.key("predictor")), 403, "publisher")
        self.succeed(server.post("/v2/repository/models/other/unload", headers=self.key("publisher")))
        self.succeed(server.post("/v2/repository/models/other/load", headers=self.key("publisher")))

    def test_tensorflow_and_metrics_ask_too(self):
        server = self.serve(reader=["--grant", "reader"], narrow=["--grant", "predictor:other"])
        body = {"instances": [[1.0, 2.0]]}
        self.assertEqual(server.post("/v1/models/other:predict", body, headers=self.key("narrow")).status, 200)
        self.assertEqual(server.post("/v1/models/other:predict", body, headers=self.key("reader")).status, 403)
        self.assertEqual(server.post("/v1/models/acme-one:predict", body, headers=self.key("narrow")).status, 404)
        self.assertEqual(server.get("/metrics", headers=self.key("reader")).status, 200)
        self.refuse(server.get("/metrics", headers=self.key("narrow")), 403, "on all models")

    def test_keys_that_are_made_revoked_or_expire_take_effect_at_once(self):
        server = self.serve()
        self.create("late", "--grant", "predictor")
        self.eventually(lambda: self.infer(server, "other", "late").status == 200)
        mass("key", "revoke", "late", "--access", self.access)
        self.eventually(lambda: self.infer(server, "other", "late").status == 401)
        self.create("brief", "--grant", "predictor", "--expires", "4s")
        self.eventually(lambda: self.infer(server, "other", "brief").status == 200)
        self.eventually(lambda: self.infer(server, "other", "brief").status == 401)
        self.assertRegex(self.infer(server, "other", "brief").error(), "expired")

    def test_a_broken_access_file_leaves_what_holds(self):
        server = self.serve()
        whole = self.access.read_text()
        self.access.write_text(whole[: len(whole) // 2])
        server.wait_for(["access not reloaded"], SLOW_SECONDS)
        self.succeed(self.infer(server, "other", "admin"))
        self.access.write_text(whole)
        server.wait_for(["access reloaded"], SLOW_SECONDS)
        self.succeed(self.infer(server, "other", "admin"))

    def test_others_are_not_served_without_keys(self):
        with self.temporary() as folder:
            done = mass(
                "serve", "--repository", folder, "--host", "0.0.0.0", "--http-port", 0, "--grpc-port", 0, check=False)
            self.assertNotEqual(done.returncode, 0)
            self.assertRegex(done.stderr, "--access")
            self.assertNotIn("listening", done.stderr)

    def eventually(self, is_true):
        end = time.monotonic() + 15
        while not is_true():
            self.assertLess(time.monotonic(), end)
            time.sleep(0.1)


class Tenants(AccessCase):
    def test_a_tenant_sees_its_own_models_and_their_counts_only(self):
        server = self.serve(acme=["--grant", "publisher", "--tenant", "acme"])
        self.succeed(self.infer(server, "acme-one", "acme"))
        headers = self.key("acme")
        names = [entry["name"] for entry in self.succeed(server.post("/v2/repository/index", headers=headers)).json()]
        self.assertEqual(sorted(names), ["acme-one", "acme-two"])
        stats = self.succeed(server.get("/v2/models/stats", headers=headers)).json()["model_stats"]
        self.assertEqual(sorted({entry["name"] for entry in stats}), ["acme-one", "acme-two"])
        unknown = server.get("/v2/models/nothing", headers=headers)
        hidden = server.get("/v2/models/other", headers=headers)
        self.assertEqual((unknown.status, unknown.error().replace("nothing", "other")), (hidden.status, hidden.error()))
        for method, path in (
                ("GET", "/v2/models/other/ready"), ("GET", "/v2/models/other/stats"), ("GET", "/v2/models/other/config"),
                ("POST", "/v2/repository/models/other/load"), ("POST", "/v2/repository/models/other/unload"),
                ("GET", "/v1/models/other"), ("GET", "/v1/models/other/metadata"),
                ("GET", "/v2/registry/models/other"), ("POST", "/v2/registry/models/other/rollback")):
            answer = server.request(method, path, headers, b"" if method == "POST" else None)
            self.assertIn(answer.status, (400, 404, 503), (path, answer))
        self.refuse(self.infer(server, "other", "acme"), 404)
        self.refuse(server.get("/metrics", headers=headers), 403)
        self.refuse(server.get("/v2/registry/events", headers=headers), 403)

    def test_publishing_stays_within_the_tenant_and_uploads_with_their_key(self):
        server = self.serve(
            acme=["--grant", "publisher", "--tenant", "acme"], second=["--grant", "publisher", "--tenant", "acme"])
        headers = self.key("acme")
        upload = server.post("/v2/registry/uploads", headers=headers).json()["upload"]
        model = (server.repository / "other/1/model.onnx").read_bytes()
        self.refuse(server.request("PUT", f"/v2/registry/uploads/{upload}/model.onnx", self.key("second"), model), 404)
        self.assertEqual(
            server.request("PUT", f"/v2/registry/uploads/{upload}/model.onnx", headers, model).status, 201)
        body = {"upload": upload, "activate": True}
        self.refuse(server.post("/v2/registry/models/mine/versions", body, headers=headers), 404)
        answer = server.post("/v2/registry/models/acme-new/versions", body, headers=headers, timeout=SLOW_SECONDS)
        self.assertEqual(answer.status, 201, answer)
        self.succeed(self.infer(server, "acme-new", "acme"))
        models = self.succeed(server.get("/v2/registry/models", headers=self.key("admin"))).json()["models"]
        self.assertIn("acme-new", [entry["name"] for entry in models])
        events = self.succeed(server.get("/v2/registry/models/acme-new/events", headers=headers)).json()["events"]
        self.assertRegex(events[0]["user"], r"^acme \(k?\w+\)$")

    def test_limits_and_quotas(self):
        server = self.serve(
            tenant=("--models", "acme-*", "--quota", "10", "--period", "1d"),
            slow=["--grant", "predictor", "--rate", "1", "--burst", "3"],
            acme=["--grant", "predictor", "--tenant", "acme"], twin=["--grant", "predictor", "--tenant", "acme"])
        answers = [self.infer(server, "other", "slow") for _ in range(6)]
        self.assertEqual([answer.status for answer in answers[:3]], [200] * 3)
        self.assertIn(429, [answer.status for answer in answers[3:]])
        refused = next(answer for answer in answers if answer.status == 429)
        self.assertEqual(refused.header("Retry-After"), "1")
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            statuses = list(pool.map(lambda i: self.infer(server, "acme-one", ("acme", "twin")[i % 2]).status, range(40)))
        self.assertEqual((statuses.count(200), statuses.count(429)), (10, 30))
        self.assertGreater(int(self.infer(server, "acme-two", "acme").header("Retry-After")), 0)
        self.succeed(self.infer(server, "acme-one", "admin"))
        metrics = server.get("/metrics", headers=self.key("admin")).body.decode()
        self.assertRegex(metrics, r'mass_tenant_requests_total{tenant="acme",outcome="success"} 10\b')
        self.assertRegex(metrics, r'mass_tenant_requests_total{tenant="acme",outcome="rejected"} 31\b')
        name = "mass_tenant_request_duration_seconds"
        self.assertRegex(metrics, name + r'_count{tenant="acme"} 10\b')
        self.assertRegex(metrics, name + r'_bucket{tenant="acme",le="\+Inf"} 10\b')
        self.assertGreater(float(re.search(name + r'_sum{tenant="acme"} (\S+)', metrics)[1]), 0)


class GRPC(AccessCase):
    def test_calls_carry_keys(self):
        server = self.serve(acme=["--grant", "predictor", "--tenant", "acme"])
        image = triton_grpc.InferInput("x", [1, 1], "FP32")
        image.set_data_from_numpy(np.full((1, 1), 4, np.float32))
        with triton_grpc.InferenceServerClient(server.grpc) as client:
            self.assertTrue(client.is_server_live() and client.is_server_ready())
            with self.assertRaisesRegex(InferenceServerException, "UNAUTHENTICATED"):
                client.infer("acme-one", [image])
            with self.assertRaisesRegex(InferenceServerException, "UNAUTHENTICATED"):
                client.infer("acme-one", [image], headers={"authorization": "Bearer mass_a_b"})
            key = {"authorization": f"Bearer {self.keys['acme']}"}
            self.assertEqual(client.infer("acme-one", [image], headers=key).as_numpy("y")[0, 0], 8)
            with self.assertRaisesRegex(InferenceServerException, "NOT_FOUND"):
                client.infer("other", [image], headers=key)
            with self.assertRaisesRegex(InferenceServerException, "PERMISSION_DENIED"):
                client.unload_model("acme-one", headers=key)
            names = {model.name for model in client.get_model_repository_index(headers=key).models}
            self.assertEqual(names, {"acme-one", "acme-two"})
            self.assertTrue(client.is_model_ready("acme-one", headers={"x-api-key": self.keys["acme"]}))
            self.assertFalse(client.is_model_ready("other", headers=key))

    def test_streams_carry_keys_to_each_of_their_requests(self):
        server = self.serve(acme=["--grant", "predictor", "--tenant", "acme"])
        image = triton_grpc.InferInput("x", [1, 1], "FP32")
        image.set_data_from_numpy(np.full((1, 1), 4, np.float32))
        for headers, wanted in (
                ({"authorization": f"Bearer {self.keys['acme']}"}, [8.0, "NOT_FOUND|not found", 8.0]),
                (None, ["UNAUTHENTICATED|no key"])):
            answers = []
            with triton_grpc.InferenceServerClient(server.grpc) as client:
                client.start_stream(lambda result, error: answers.append((result, error)), headers=headers)
                for model in ("acme-one", "other", "acme-one"):
                    # A stream that was refused takes no more.
                    with contextlib.suppress(InferenceServerException):
                        client.async_stream_infer(model, [image])
                end = time.monotonic() + 10
                while len(answers) < len(wanted) and time.monotonic() < end:
                    time.sleep(0.01)
                client.stop_stream()
            for (result, error), expected in zip(answers, wanted):
                if isinstance(expected, float):
                    self.assertIsNone(error)
                    self.assertEqual(result.as_numpy("y")[0, 0], expected)
                else:
                    self.assertRegex(str(error), expected)

    def test_the_health_service_is_open(self):
        server = self.serve()
        with grpc.insecure_channel(server.grpc) as channel:
            check = channel.unary_unary("/grpc.health.v1.Health/Check")
            self.assertEqual(check(b""), b"\x08\x01")

    def test_triton_over_http(self):
        server = self.serve(acme=["--grant", "predictor", "--tenant", "acme"])
        image = triton_http.InferInput("x", [1, 1], "FP32")
        image.set_data_from_numpy(np.full((1, 1), 4, np.float32))
        with triton_http.InferenceServerClient(server.http) as client:
            key = {"Authorization": f"Bearer {self.keys['acme']}"}
            self.assertEqual(client.infer("acme-one", [image], headers=key).as_numpy("y")[0, 0], 8)
            with self.assertRaisesRegex(InferenceServerException, "key"):
                client.infer("acme-one", [image])


class Audit(AccessCase):
    def test_changes_and_refusals_are_written_down_and_the_chain_holds(self):
        server = self.serve(publisher=["--grant", "publisher:acme-*"], reader=["--grant", "reader"])
        self.succeed(server.post(
            "/v2/repository/models/acme-one/unload", headers=[*self.key("publisher"), ("X-Request-Id", "change-1")]))
        self.refuse(server.post("/v2/repository/models/acme-two/unload", headers=self.key("reader")), 403)
        server.get("/v2/models/other", headers=[("X-API-Key", "mass_a_b")])
        mass("model", "publish", "acme-one", server.repository / "other/1/model.onnx", "--server",
             f"http://{server.http}", "--api-key", self.keys["publisher"])
        entries = self.entries()
        found = {(entry["action"], entry["target"], entry["outcome"]) for entry in entries}
        self.assertIn(("model.unload", "acme-one", "success"), found)
        self.assertIn(("access", "/v2/models/other", "denied"), found)
        self.assertIn(("model.publish", "acme-one", "success"), found)
        unload = next(entry for entry in entries if entry["action"] == "model.unload")
        self.assertRegex(unload["actor"], "^publisher ")
        self.assertEqual((unload["request_id"], unload["peer"]), ("change-1", "127.0.0.1"))
        self.assertNotIn(self.keys["publisher"], self.audit.read_text())
        self.assertNotIn(self.keys["publisher"].split("_")[2], self.audit.read_text())
        self.assertRegex(mass("audit", "verify", self.audit), "entries")

    def test_a_flood_of_wrong_keys_does_not_fill_the_disk(self):
        server = self.serve()
        before = len(self.entries())
        with server.connect() as connection:
            for _ in range(2000):
                connection.request("GET", "/v2/models/other", [("X-API-Key", "mass_a_b")])
        self.assertLess(len(self.entries()) - before, 60)

    def test_nothing_is_changed_while_it_cannot_be_written_down(self):
        server = self.serve()
        self.succeed(self.infer(server, "acme-one", "admin"))
        # A full disk, for this process alone: its files may not grow any more.
        size = self.audit.stat().st_size
        subprocess.run(["prlimit", f"--fsize={size}:", "--pid", str(server.pid)], check=True)
        self.succeed(server.post("/v2/repository/models/acme-one/load", headers=self.key("admin")))
        answer = server.post("/v2/repository/models/acme-one/unload", headers=self.key("admin"))
        self.refuse(answer, 503, "audit log")
        self.succeed(self.infer(server, "acme-one", "admin"))
        subprocess.run(["prlimit", "--fsize=unlimited:", "--pid", str(server.pid)], check=True)
        self.succeed(server.post("/v2/repository/models/acme-one/unload", headers=self.key("admin")))
        actions = [entry["action"] for entry in self.entries()]
        self.assertEqual(actions[-2:], ["audit.gap", "model.unload"])
        self.assertRegex(mass("audit", "verify", self.audit), "entries")


class Clients(AccessCase):
    def test_the_command_line_sends_keys(self):
        server = self.serve(acme=["--grant", "predictor", "--tenant", "acme"])
        url = f"http://{server.http}/v2/models/acme-one"
        done = mass("predict", url, "--input", "x=3", check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertRegex(done.stderr, "key")
        listing = mass("model", "list", "--server", f"http://{server.http}", "--api-key", self.keys["admin"])
        self.assertIsNotNone(listing)
        # On a busy machine the client calls its own figures invalid, which says nothing of the key.
        done = mass("load", url, "--rate", "50", "--duration", "1", "--api-key", self.keys["acme"], "--json", check=False)
        report = json.loads(done.stdout)
        self.assertGreater(report["succeeded"], 0, report)


if __name__ == "__main__":
    unittest.main()
