"""What those who have a key, or none, try against a guarded server."""
import concurrent.futures
import json
import os
import queue
import signal
import time
import unittest

import grpc
import numpy as np
import onnx
import tritonclient.grpc as triton_grpc
from tritonclient.utils import InferenceServerException

import make_models
from harness import SLOW_SECONDS, serving
from tensors import one
from test_access import AccessCase, mass
from wire import request_bytes

INFERENCE = "/inference.GRPCInferenceService/"
# Equal to "K" as text, and three bytes long.
KELVIN = "%E2%84%AA"


def field(number, text):
    """A field of a protobuf message that holds a text."""
    data = text.encode()
    return bytes([number << 3 | 2, len(data)]) + data


class HostileCase(AccessCase):
    def add(self, server, name):
        place = server.repository / name / "1"
        place.mkdir(parents=True)
        onnx.save(make_models.scale(2), place / "model.onnx")
        (place.parent / "model.json").write_text(json.dumps({"threads": 1}))
        self.succeed(server.post(
            f"/v2/repository/models/{name}/load", headers=self.key("admin"), timeout=SLOW_SECONDS))

    def upload(self, server, name, data=None):
        """An upload with a model, whose id is given."""
        data = (server.repository / "other/1/model.onnx").read_bytes() if data is None else data
        answer = server.post("/v2/registry/uploads", headers=self.key(name))
        self.assertEqual(answer.status, 201, answer)
        identifier = answer.json()["upload"]
        answer = server.request("PUT", f"/v2/registry/uploads/{identifier}/model.onnx", self.key(name), data)
        self.assertEqual(answer.status, 201, answer)
        return identifier

    def publish(self, server, model, name, **members):
        body = {"upload": self.upload(server, name), **members}
        return server.post(
            f"/v2/registry/models/{model}/versions", body, headers=self.key(name), timeout=SLOW_SECONDS)

    def call(self, channel, method, key=None, data=b"", metadata=()):
        """The code and text of a call's failure, or `OK` and the answer."""
        pairs = list(metadata) + ([("authorization", f"Bearer {self.keys[key]}")] if key else [])
        try:
            return "OK", channel.unary_unary(method)(data, metadata=pairs, timeout=10)
        except grpc.RpcError as error:
            return error.code().name, error.details()


class Paths(HostileCase):
    OPEN = ("/", "/?x", "/openapi.json", "/v2/health/live", "/v2/health/live?x=/v2/models", "http://x/v2/health/live")
    CLOSED = (
        "//", "//v2/models", "/v2//models", "/%76%32/models", "/v2%2fmodels", "http://x/v2/models", "/V2/models",
        "/v2/health/live/", "/v2/health/live/../../models", "/v2/health/live%2f..%2f..%2fmodels", "/v2/health/LIVE",
        "/v2/health/live;/models", "/v2/health/live#/v2/models", "/./v2/health/live", "*", "/metrics", "/metrics/",
        "/metrics?/", "/openapi.json/", "/v2/models?/v2/health/live", "/V1/models/other", "/v2/registry/models",
        "/v2/registry/uploads/1/model.onnx")

    def test_no_spelling_of_a_path_goes_without_a_key(self):
        server = self.serve()
        for method in ("GET", "HEAD", "OPTIONS", "POST", "PUT", "DELETE", "PATCH", "TRACE"):
            body = b"{}" if method in ("POST", "PUT", "PATCH") else None
            for path in self.CLOSED:
                self.assertEqual(server.request(method, path, (), body).status, 401, (method, path))
            for path in self.OPEN:
                status = server.request(method, path, (), body).status
                self.assertEqual(status, 200 if method in ("GET", "HEAD") else 405, (method, path))

    def test_only_one_key_is_a_key(self):
        server = self.serve(reader=["--grant", "reader"], acme=["--grant", "reader", "--tenant", "acme"])
        key, other = self.keys["reader"], self.keys["acme"]
        for headers in (
                [("Authorization", f"Bearer {key}"), ("Authorization", f"Bearer {other}")],
                [("Authorization", f"Bearer {key}"), ("Authorization", f"Bearer {key}")],
                [("X-API-Key", key), ("X-API-Key", other)], [("X-API-Key", key), ("Authorization", f"Bearer {other}")],
                [("X-API-Key", key), ("Authorization", "")], [("X-API-Key", f"{key}é")], [("X_API_Key", key)],
                [("Authorization", f"Bearer {key} x")], [("Authorization", f"Bearer\t{key}")], [("Cookie", key)],
                [("X-API-Key", key.upper())], [("X-API-Key", f"mass__{key.split('_')[2]}")]):
            self.refuse(server.get("/v2/models", headers=headers), 401)
        for headers in (
                [("AUTHORIZATION", f"bearer  {key} ")], [("x-api-key", f" {key} ")],
                [("X-API-Key", key), ("Authorization", f"Bearer {key}")]):
            self.succeed(server.get("/v2/models", headers=headers))
        with grpc.insecure_channel(server.grpc) as channel:
            for metadata in (
                    [("authorization", f"Bearer {key}"), ("authorization", f"Bearer {other}")],
                    [("x-api-key", key), ("x-api-key", "mass_a_b")], [("x-api-key-bin", key.encode())],
                    [("authorization", f"Bearer {key}"), ("x-api-key", other)]):
                code, _ = self.call(channel, f"{INFERENCE}RepositoryIndex", metadata=metadata)
                self.assertEqual(code, "UNAUTHENTICATED", metadata)
            for method in ("/x.Y/ServerLive", "/x.Y/Z", f"{INFERENCE}Nothing", "/grpc.health.v1.Health/Nothing"):
                self.assertEqual(self.call(channel, method)[0], "UNIMPLEMENTED")

    def test_requests_of_a_connection_have_nothing_in_common(self):
        server = self.serve(acme=["--grant", "reader", "--tenant", "acme"])
        asked = [self.key("admin"), [], self.key("acme"), [("Authorization", "x")], self.key("admin"), []]
        wanted = [3, 401, 2, 401, 3, 401]

        def found(answer):
            return len(answer.json()["models"]) if answer.status == 200 else answer.status

        with server.connect() as connection:
            self.assertEqual([found(connection.request("GET", "/v2/models", key)) for key in asked], wanted)
            connection.send(b"".join(request_bytes("GET", "/v2/models", key) for key in asked))
            self.assertEqual([found(connection.read()) for _ in asked], wanted)
        with grpc.insecure_channel(server.grpc) as channel, concurrent.futures.ThreadPoolExecutor(16) as pool:
            calls = list(pool.map(
                lambda key: self.call(channel, f"{INFERENCE}RepositoryIndex", key), ["admin", None, "acme"] * 100))
        self.assertEqual({code for code, _ in calls[1::3]}, {"UNAUTHENTICATED"})
        self.assertTrue(all(b"other" in data for _, data in calls[::3]))
        self.assertTrue(all(b"other" not in data and b"acme-two" in data for _, data in calls[2::3]))

    def test_nobody_without_a_key_is_asked_for_a_body(self):
        server = self.serve()
        for headers in ([], [("Authorization", "Bearer mass_a_b")]):
            with server.connect() as connection:
                connection.send(request_bytes(
                    "POST", "/v2/models/other/infer", [("Expect", "100-continue"), ("Content-Length", "9"), *headers]))
                answer = connection.read("POST")
                self.assertEqual((answer.status, answer.interim), (401, []))
        for path in ("/", "/openapi.json", "/v2/health/live"):
            with server.connect() as connection:
                answer = connection.request("POST", path, [("Content-Length", str(1 << 40))], b"x" * 1000)
                self.assertEqual(answer.status, 405, (path, answer))
            with server.connect() as connection:
                self.assertEqual(connection.request("POST", path, (), b"x" * 1000).status, 405)
                self.succeed(connection.request("GET", "/v2/models/other", self.key("admin")))
        body = json.dumps(one(3.0)).encode()
        with server.connect() as connection:
            head = [("Expect", "100-continue"), ("Content-Length", str(len(body))), *self.key("admin")]
            connection.send(request_bytes("POST", "/v2/models/other/infer", head))
            time.sleep(0.2)
            connection.send(body)
            answer = connection.read("POST")
            self.assertEqual((answer.status, answer.interim), (200, [100]))


class Reach(HostileCase):
    def test_what_is_equal_to_a_name_is_not_the_name(self):
        server = self.serve(
            tenant=("--models", "acme-*", "--models", "a-???"), acme=["--grant", "publisher", "--tenant", "acme"])
        self.add(server, "a-K")
        hidden = ("GET", "/v2/models/{}/ready"), ("GET", "/v1/models/{}")
        for key, more in (("acme", hidden), ("admin", ())):
            headers = self.key(key)
            for method, path in (
                    ("GET", "/v2/models/{}"), ("GET", "/v2/models/{}/config"), ("GET", "/v1/models/{}/metadata"),
                    ("GET", "/v2/registry/models/{}"), ("POST", "/v2/repository/models/{}/unload"),
                    ("POST", "/v2/repository/models/{}/load"), *more):
                answer = server.request(method, path.format(f"a-{KELVIN}"), headers, b"" if method == "POST" else None)
                self.assertEqual(answer.status, 404, (key, path, answer))
            self.refuse(server.infer(f"a-{KELVIN}", one(3.0), headers=headers), 404)
            body = {"instances": [[1.0]]}
            self.assertEqual(server.post(f"/v1/models/a-{KELVIN}:predict", body, headers=headers).status, 404)
            with grpc.insecure_channel(server.grpc) as channel:
                code, _ = self.call(channel, f"{INFERENCE}RepositoryModelUnload", key, field(2, "a-\u212a"))
                self.assertEqual(code, "NOT_FOUND")
        self.succeed(self.infer(server, "a-K", "admin"))

    def test_a_model_that_is_hidden_and_one_that_is_not_there_are_answered_for_alike(self):
        server = self.serve(
            publisher=["--grant", "publisher", "--tenant", "acme"], reader=["--grant", "reader", "--tenant", "acme"])
        infer, rows = json.dumps(one(3.0)).encode(), b'{"instances":[[1.0]]}'
        requests = [("GET", path, None) for path in (
            "/v2/models/{}", "/v2/models/{}/versions/1", "/v2/models/{}/versions/9/ready", "/v2/models/{}/ready",
            "/v2/models/{}/stats", "/v2/models/{}/versions/1/stats", "/v2/models/{}/config", "/v1/models/{}",
            "/v1/models/{}/versions/1", "/v1/models/{}/labels/x", "/v1/models/{}/metadata",
            "/v2/registry/models/{}", "/v2/registry/models/{}/versions/1", "/v2/registry/models/{}/events")]
        requests += [
            ("POST", "/v2/models/{}/infer", b"{}"), ("POST", "/v2/models/{}/infer", infer),
            ("POST", "/v2/models/{}/versions/1/infer", infer), ("POST", "/v1/models/{}:predict", rows),
            ("POST", "/v1/models/{}/labels/x:predict", rows), ("POST", "/v2/repository/models/{}/load", b""),
            ("POST", "/v2/repository/models/{}/unload", b""),
            ("POST", "/v2/registry/models/{}/activate", b'{"version":1}'),
            ("POST", "/v2/registry/models/{}/rollback", b""),
            ("PUT", "/v2/registry/models/{}/labels/x", b'{"version":1}'),
            ("DELETE", "/v2/registry/models/{}/versions/1?force=true", None)]
        mine = [request for request in requests if "registry" not in request[1]]
        for key, asked, names in (
                ("publisher", requests, ("other", "nothing")), ("reader", requests, ("other", "nothing")),
                ("publisher", mine, ("other", "acme-nothing"))):
            for method, path, body in asked:
                answers = [server.request(method, path.format(name), self.key(key), body) for name in names]
                texts = [(answer.status, answer.body.decode().replace(name, "NAME"))
                         for answer, name in zip(answers, names)]
                self.assertEqual(texts[0], texts[1], (key, path))
                self.assertIn(texts[0][0], (400, 404), (key, path))
        with grpc.insecure_channel(server.grpc) as channel:
            for method, number in (
                    ("ModelReady", 1), ("ModelMetadata", 1), ("ModelConfig", 1), ("ModelStatistics", 1),
                    ("ModelInfer", 1), ("RepositoryModelLoad", 2), ("RepositoryModelUnload", 2)):
                found = {
                    str(self.call(channel, INFERENCE + method, "publisher", field(number, name))).replace(name, "NAME")
                    for name in ("other", "nothing", "acme-nothing")}
                self.assertEqual(len(found), 1, found)

    def test_what_belongs_to_others_is_not_changed(self):
        server = self.serve(
            acme=["--grant", "publisher", "--tenant", "acme"],
            half=["--grant", "publisher:acme-one", "--grant", "reader"])
        self.assertEqual(self.publish(server, "other", "admin", activate=True).status, 201)
        self.assertEqual(self.publish(server, "other", "admin").status, 201)
        state = server.get("/v2/registry/models/other", headers=self.key("admin")).json()
        for key, status in (("acme", 404), ("half", 403)):
            self.refuse(self.publish(server, "other", key), status)
            for method, path, body in (
                    ("POST", "activate", b'{"version":2}'), ("POST", "deactivate", b'{"version":1}'),
                    ("POST", "rollback", b""), ("PUT", "labels/x", b'{"version":1}'), ("DELETE", "labels/x", None),
                    ("DELETE", "versions/1?force=true", None)):
                answer = server.request(method, f"/v2/registry/models/other/{path}", self.key(key), body)
                self.refuse(answer, status)
        for name in ("acme-..%2fother", "acme-%2f..%2fother", "..%2fother", "acme-one%2f..%2f..%2fother", "acme-%20x"):
            self.refuse(self.publish(server, name, "acme"), (400, 404))
        self.assertEqual(server.get("/v2/registry/models/other", headers=self.key("admin")).json(), state)
        self.assertEqual(
            sorted(entry.name for entry in server.repository.iterdir() if not entry.name.startswith(".")),
            ["acme-one", "acme-two", "other"])

    def test_files_of_uploads_stay_in_them(self):
        server = self.serve(acme=["--grant", "publisher", "--tenant", "acme"], twin=["--grant", "publisher:acme-*"])
        upload = self.upload(server, "acme")
        for name in ("..%2fmodel.onnx", "%2e%2e", "..%2f..%2f..%2fother%2f1%2fmodel.onnx", "a%2fb", "manifest.json"):
            answer = server.request("PUT", f"/v2/registry/uploads/{upload}/{name}", self.key("acme"), b"x")
            self.assertIn(answer.status, (400, 404), (name, answer))
        path = f"/v2/registry/uploads/{upload}"
        for method, path, body in (
                ("GET", path, None), ("DELETE", path, None), ("PUT", f"{path}/labels.txt", b"x"),
                ("POST", "/v2/registry/models/acme-x/versions", json.dumps({"upload": upload}).encode())):
            for key in ("twin", "admin"):
                self.refuse(server.request(method, path, self.key(key), body), 404, "no upload")

    def test_a_model_reads_no_files_of_others(self):
        server = self.serve(acme=["--grant", "publisher", "--tenant", "acme"])
        (server.repository / "other/1/secret.bin").write_bytes(np.arange(4, dtype=np.float32).tobytes())
        for place in ("../../other/1/secret.bin", str(server.repository / "other/1/secret.bin"), "/etc/hostname"):
            weight = onnx.TensorProto(name="w", data_type=onnx.TensorProto.FLOAT, dims=[1])
            weight.data_location = onnx.TensorProto.EXTERNAL
            weight.external_data.add(key="location", value=place)
            weight.external_data.add(key="length", value="4")
            shape = onnx.helper.make_tensor_value_info
            graph = onnx.helper.make_graph(
                [onnx.helper.make_node("Add", ["x", "w"], ["y"])], "g", [shape("x", 1, [None, None])],
                [shape("y", 1, [None, None])], [weight])
            data = onnx.helper.make_model(
                graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=8).SerializeToString()
            body = {"upload": self.upload(server, "acme", data), "activate": True}
            answer = server.post(
                "/v2/registry/models/acme-new/versions", body, headers=self.key("acme"), timeout=SLOW_SECONDS)
            self.assertNotEqual(answer.status, 201, answer)
            self.refuse(self.infer(server, "acme-new", "acme"), 404)


class Revocation(HostileCase):
    def test_a_stream_ends_with_its_key(self):
        server = self.serve(acme=["--grant", "predictor", "--tenant", "acme"])
        image = triton_grpc.InferInput("x", [1, 1], "FP32")
        image.set_data_from_numpy(np.full((1, 1), 4, np.float32))
        answers = queue.Queue()
        with triton_grpc.InferenceServerClient(server.grpc) as client:
            client.start_stream(
                lambda result, error: answers.put((result, error)),
                headers={"authorization": f"Bearer {self.keys['acme']}"})
            client.async_stream_infer("acme-one", [image])
            self.assertIsNone(answers.get(timeout=10)[1])
            mass("key", "revoke", "acme", "--access", self.access)
            end, error = time.monotonic() + 15, None
            while error is None and time.monotonic() < end:
                client.async_stream_infer("acme-one", [image])
                error = answers.get(timeout=10)[1]
                time.sleep(0.1)
            self.assertRegex(str(error), "UNAUTHENTICATED|not known")
            with self.assertRaises(InferenceServerException):
                client.async_stream_infer("acme-one", [image])

    def test_a_grant_that_is_taken_back_holds_within_a_stream(self):
        server = self.serve(narrow=["--grant", "predictor"])
        image = triton_grpc.InferInput("x", [1, 1], "FP32")
        image.set_data_from_numpy(np.full((1, 1), 4, np.float32))
        answers = queue.Queue()
        with triton_grpc.InferenceServerClient(server.grpc) as client:
            client.start_stream(
                lambda result, error: answers.put((result, error)),
                headers={"authorization": f"Bearer {self.keys['narrow']}"})
            policy = json.loads(self.access.read_text())
            for key in policy["keys"]:
                if key["name"] == "narrow":
                    key["grants"] = [{"role": "predictor", "models": "acme-*"}]
            text = self.access.with_suffix(".new")
            text.write_text(json.dumps(policy))
            os.chmod(text, 0o600)
            os.replace(text, self.access)
            end, error = time.monotonic() + 15, None
            while error is None and time.monotonic() < end:
                client.async_stream_infer("other", [image])
                error = answers.get(timeout=10)[1]
                time.sleep(0.1)
            self.assertRegex(str(error), "not found")
            client.async_stream_infer("acme-one", [image])
            self.assertIsNone(answers.get(timeout=10)[1])

    def test_an_access_file_that_is_gone_or_open_to_all_changes_nothing(self):
        server = self.serve()
        whole = self.access.read_text()
        for spoil in (self.access.unlink, lambda: self.access.write_text("{}x"), lambda: self.access.write_text("")):
            self.access.write_text(whole)
            os.chmod(self.access, 0o600)
            spoil()
            server.wait_for(["access not reloaded"], SLOW_SECONDS)
            self.succeed(self.infer(server, "other", "admin"))
            self.refuse(server.get("/v2/models"), 401)
        self.access.write_text(whole.replace("admin", "nobody", 1))
        os.chmod(self.access, 0o666)
        os.kill(server.pid, signal.SIGHUP)
        server.wait_for(["reload failed"], SLOW_SECONDS)
        self.succeed(self.infer(server, "other", "admin"))


class AuditEntries(HostileCase):
    def test_an_access_file_taken_over_on_a_signal_is_written_down(self):
        server = self.serve()
        before = len(self.entries())
        self.create("late", "--grant", "reader")
        os.kill(server.pid, signal.SIGHUP)
        server.wait_for(["reloaded"], SLOW_SECONDS)
        end = time.monotonic() + 5
        while time.monotonic() < end and len(self.entries()) == before:
            time.sleep(0.1)
        self.assertEqual([entry["action"] for entry in self.entries()[before:]], ["access.reload"])

    def changes(self):
        return [(entry["actor"].split(" ")[0], entry["action"], entry["target"], entry["outcome"], entry["detail"])
                for entry in self.entries() if entry["actor"] != "server"]

    def test_every_change_says_who_made_it_and_of_which_version(self):
        server = self.serve(ci=["--grant", "publisher:acme-*"])
        before = len(self.changes())
        headers = [*self.key("ci"), ("X-Mass-User", "somebody else")]
        base = "/v2/registry/models/acme-new"
        self.assertEqual(self.publish(server, "acme-new", "ci").status, 201)
        self.assertEqual(self.publish(server, "acme-new", "ci", activate=True).status, 201)
        for method, path, body in (
                ("POST", "activate", b'{"version":1}'), ("POST", "rollback", b""),
                ("PUT", "labels/stable", b'{"version":2}'), ("DELETE", "labels/stable", None),
                ("POST", "deactivate", b'{"version":2}'), ("DELETE", "versions/1?force=true", None)):
            self.succeed(server.request(method, f"{base}/{path}", headers, body, timeout=SLOW_SECONDS))
        self.refuse(server.post(f"{base}/activate", {"version": 9}, headers=headers), 404)
        with grpc.insecure_channel(server.grpc) as channel:
            for method in ("RepositoryModelUnload", "RepositoryModelLoad"):
                self.assertEqual(self.call(channel, INFERENCE + method, "ci", field(2, "acme-one"))[0], "OK")
        found = self.changes()[before:]
        self.assertEqual({entry[0] for entry in found}, {"ci"})
        self.assertEqual([entry[1:4] for entry in found], [
            ("model.publish", "acme-new", "success"), ("model.publish", "acme-new", "success"),
            ("model.activate", "acme-new", "success"), ("model.rollback", "acme-new", "success"),
            ("model.label", "acme-new", "success"), ("model.label", "acme-new", "success"),
            ("model.deactivate", "acme-new", "success"), ("model.remove", "acme-new", "success"),
            ("model.activate", "acme-new", "failure"), ("model.unload", "acme-one", "success"),
            ("model.load", "acme-one", "success")])
        self.assertEqual([entry[4] for entry in found[:8]], [
            "version 1", "version 2, activated", "version 1", "version 2", "label 'stable', version 2",
            "label 'stable'", "version 2", "version 1, forced"])
        self.assertTrue(found[8][4].startswith("version 9: "))
        self.assertEqual({entry["peer"] for entry in self.entries() if entry["actor"] != "server"}, {"127.0.0.1"})
        self.assertRegex(mass("audit", "verify", self.audit), "entries")

    def test_what_is_no_change_is_not_written_down_as_one(self):
        server = self.serve(acme=["--grant", "publisher", "--tenant", "acme"])
        before = len(self.entries())
        for method, path in (
                ("POST", "unload"), ("POST", "unload/x"), ("POST", "publish"), ("POST", "activate/x"),
                ("PATCH", "versions/1"), ("OPTIONS", "labels/x"), ("POST", "remove%20%E2%80%AE"), ("PUT", "versions"),
                ("POST", "")):
            answer = server.request(method, f"/v2/registry/models/acme-one/{path}", self.key("acme"), b"")
            self.assertEqual(answer.status, 404, (path, answer))
        self.assertEqual(self.entries()[before:], [])

    def test_what_somebody_may_not_do_is_written_down_in_every_protocol(self):
        server = self.serve(acme=["--grant", "reader", "--tenant", "acme"])
        with grpc.insecure_channel(server.grpc) as channel:
            for place, target in (
                    ("/v2/repository/models/acme-one/unload", "acme-one"),
                    ("/v2/repository/models/other/unload", "other"),
                    ("/v2/registry/models/acme-one/rollback", "acme-one"),
                    ("/v2/registry/models/other/rollback", "other"),
                    ("RepositoryModelUnload", "acme-one"), ("RepositoryModelLoad", "other")):
                time.sleep(1.1)
                if place.startswith("/"):
                    self.refuse(server.post(place, headers=self.key("acme")), (403, 404))
                else:
                    self.assertNotEqual(self.call(channel, INFERENCE + place, "acme", field(2, target))[0], "OK")
                entry = self.entries()[-1]
                self.assertEqual((entry["target"], entry["outcome"], entry["peer"]), (target, "denied", "127.0.0.1"))
                self.assertTrue(entry["actor"].startswith("acme ") and entry["action"].startswith("model."), entry)
            time.sleep(1.1)
            self.call(channel, f"{INFERENCE}RepositoryIndex")
            self.assertEqual(
                {key: self.entries()[-1][key] for key in ("actor", "action", "target", "peer")},
                {"actor": "unknown", "action": "access", "target": f"{INFERENCE[1:]}RepositoryIndex",
                 "peer": "127.0.0.1"})

    def test_a_flood_neither_fills_the_log_nor_hides_others(self):
        server = self.serve(acme=["--grant", "reader", "--tenant", "acme"], spy=["--grant", "reader"])
        before = len(self.entries())
        with server.connect() as connection:
            for _ in range(500):
                connection.request("POST", "/v2/repository/models/other/unload", self.key("acme"), b"")
            connection.request("POST", "/v2/repository/models/other/unload", self.key("spy"), b"")
            connection.request("POST", "/v2/repository/models/other/unload", [], b"")
        found = self.entries()[before:]
        self.assertLess(len(found), 60)
        self.assertEqual({entry["actor"].split(" ")[0] for entry in found}, {"acme", "spy", "unknown"})

    def test_names_of_requests_are_one_line(self):
        server = self.serve()
        for name in ('a"b\\', "a b", "a%0Ab", "x" * 129, "é", "\x1b[31m"):
            headers = [*self.key("admin"), ("X-Request-Id", name)]
            server.post("/v2/repository/models/acme-one/load", headers=headers)
        names = [entry.get("request_id") for entry in self.entries() if entry["action"] == "model.load"][3:]
        self.assertLessEqual(set(names), {'a"b\\', "a%0Ab", None})
        self.assertRegex(mass("audit", "verify", self.audit), "entries")

    def test_entries_hold_nothing_that_a_terminal_obeys(self):
        server = self.serve(acme=["--grant", "publisher", "--tenant", "acme"])
        text = "x\n99  admin  model.remove\x1b[2J\u009b31m\u202e\u2028"
        answer = server.post("/v2/registry/models/acme-one/versions", {"upload": text}, headers=self.key("acme"))
        self.refuse(answer, 404)
        with grpc.insecure_channel(server.grpc) as channel:
            for name in (text, f"acme-{text}"):
                self.call(channel, f"{INFERENCE}RepositoryModelUnload", "acme", field(2, name))
        server.get("/v2/models/%C2%9B31m%E2%80%AE")
        shown = mass("audit", "show", self.audit)
        self.assertEqual(len(shown.splitlines()), 1 + len(self.entries()))
        self.assertTrue(all(line.isprintable() for line in shown.splitlines()), shown)

    def test_a_server_that_asks_nobody_writes_down_where_changes_come_from(self):
        with self.temporary() as folder, serving(("matmul",), "--audit-log", f"{folder}/audit.jsonl") as server:
            self.succeed(server.post("/v2/repository/models/matmul/unload"))
            with open(f"{folder}/audit.jsonl") as file:
                entries = [json.loads(line) for line in file]
            unload = next(entry for entry in entries if entry["action"] == "model.unload")
            self.assertEqual((unload["actor"], unload["peer"]), ("127.0.0.1", "127.0.0.1"))


class Pages(unittest.TestCase):
    """A server without keys, and pages of others in a browser on its machine."""

    def test_pages_of_others_change_nothing(self):
        with serving(("add_sub",)) as server:
            host, port = server.http.rsplit(":", 1)
            origins = [
                "http://evil.example", f"http://evil.example:{port}", f"http://localhost:{port}", "null", f"http://{host}:1",
                f"http://{server.http}.evil.example", ""]
            for origin in origins:
                for method, path in (("POST", "/v2/repository/models/add_sub/unload"),
                                     ("POST", "/v2/repository/models/add_sub/load"),
                                     ("POST", "/v2/registry/uploads"), ("DELETE", "/v2/registry/models/add_sub/versions/1")):
                    answer = server.request(method, path, [("Origin", origin)], b"")
                    self.assertEqual(answer.status, 403, (origin, path, answer))
            # A name that others point at this machine.
            answer = server.request(
                "POST", "/v2/repository/models/add_sub/unload",
                [("Origin", f"http://evil.example:{port}"), ("Host", f"evil.example:{port}")], b"")
            self.assertIn(answer.status, (400, 403), answer)
            self.assertEqual(server.get("/v2/models/add_sub/ready").status, 200)
            self.assertEqual(server.post(
                "/v2/repository/models/add_sub/unload",
                headers=[("Origin", f"http://{server.http}"), ("Host", server.http)]).status, 200)


class Limits(HostileCase):
    def test_uploads_of_one_key_leave_room_for_those_of_others(self):
        server = self.serve(acme=["--grant", "publisher", "--tenant", "acme"])
        statuses = [server.post("/v2/registry/uploads", headers=self.key("acme")).status for _ in range(20)]
        self.assertEqual((statuses.count(201), statuses.count(429)), (16, 4))
        self.assertEqual(server.post("/v2/registry/uploads", headers=self.key("admin")).status, 201)

    def test_requests_at_once_do_not_get_past_a_limit(self):
        server = self.serve(
            tenant=("--models", "acme-*", "--quota", "50", "--period", "1d"),
            acme=["--grant", "predictor", "--tenant", "acme"], twin=["--grant", "predictor", "--tenant", "acme"],
            slow=["--grant", "predictor", "--rate", "0.01", "--burst", "7"])
        image = triton_grpc.InferInput("x", [1, 1], "FP32")
        image.set_data_from_numpy(np.full((1, 1), 4, np.float32))

        def over_http(key, model):
            return server.infer(model, one(3.0), headers=self.key(key), timeout=SLOW_SECONDS).status == 200

        def over_grpc(key, model):
            try:
                client.infer(model, [image], headers={"x-api-key": self.keys[key]})
                return True
            except InferenceServerException as error:
                self.assertRegex(str(error), "RESOURCE_EXHAUSTED")
                return False

        with triton_grpc.InferenceServerClient(server.grpc) as client, \
                concurrent.futures.ThreadPoolExecutor(16) as pool:
            # What is refused for other reasons uses nothing up.
            self.refuse(self.infer(server, "other", "acme"), 404)
            for keys, model, room in ((("acme", "twin"), "acme-one", 50), (("slow", "slow"), "other", 7)):
                answers = list(pool.map(
                    lambda i: (over_http, over_grpc)[i // 2 % 2](keys[i % 2], model), range(120)))
                self.assertEqual(answers.count(True), room)


if __name__ == "__main__":
    unittest.main()
