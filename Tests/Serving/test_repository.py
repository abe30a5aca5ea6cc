"""Models that are loaded, unloaded and damaged while others serve."""
import concurrent.futures
import threading
import time
import unittest

import make_models
from harness import SLOW_SECONDS, ServingCase, serving
from tensors import VECTOR, one


class Repository(unittest.TestCase):
    """Loading and unloading, on a server of its own."""

    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(serving(("identity_fp32", "scale", "broken", "slow")))

    refuse, succeed = ServingCase.refuse, ServingCase.succeed

    def index(self, body=None, path="/v2/repository/index"):
        entries = self.succeed(self.server.post(path, body)).json()
        return {(entry["name"], entry["version"]): entry for entry in entries}

    def change(self, model, verb, body=None):
        return self.server.post(f"/v2/repository/models/{model}/{verb}", body, timeout=SLOW_SECONDS)

    def wait_until_gone(self, model):
        end = time.monotonic() + 10
        while self.server.get(f"/v2/models/{model}/ready").status == 200:
            self.assertLess(time.monotonic(), end, f"{model} is still ready")
            time.sleep(0.05)

    def test_index(self):
        for body in (None, {}, {"ready": False}):
            with self.subTest(body):
                index = self.index(body)
                self.assertEqual(index["scale", "1"]["state"], "READY")
                self.assertEqual(index["scale", "3"]["state"], "READY")
                self.assertEqual(index["broken", "1"]["state"], "UNAVAILABLE")
                self.assertIn("NoSuchOperator", index["broken", "1"]["reason"])
                for entry in index.values():
                    self.assertLessEqual({"name", "version", "state", "reason"}, set(entry))
        ready = self.index({"ready": True})
        self.assertEqual({entry["state"] for entry in ready.values()}, {"READY"})
        self.assertNotIn(("broken", "1"), ready)
        for body in (b"{", b"[]", b'{"ready":1}'):
            with self.subTest(body):
                self.refuse(self.server.post("/v2/repository/index", body), 400)

    def test_a_broken_model_beside_sound_ones(self):
        self.assertEqual(self.succeed(self.server.get("/v2/health/live")).json(), {"live": True})
        self.refuse(self.server.get("/v2/health/ready"), 503)
        self.refuse(self.server.get("/v2/models/broken/ready"), 503)
        self.refuse(self.server.get("/v2/models/broken/versions/1/ready"), 503)
        pattern = "'broken' has no available versions"
        self.refuse(self.server.infer("broken", one()), (404, 503), pattern)
        self.refuse(self.server.infer("broken", one(), version=1), 503, "'broken' version 1 is not at ready state")
        self.succeed(self.server.infer("scale", one()))

    def test_load_broken(self):
        self.refuse(self.change("broken", "load"), (400, 500, 503), "NoSuchOperator")
        self.succeed(self.server.infer("scale", one()))

    def test_unknown(self):
        for verb in ("load", "unload"):
            for body in (None, {}):
                with self.subTest(f"{verb} {body}"):
                    self.refuse(self.change("nobody", verb, body), (400, 404), "nobody")
        for name in ("..%2Fscale", "%2e%2e", "stats", "a" * 300):
            with self.subTest(name[:30]):
                self.refuse(self.change(name, "load"), (400, 404))

    def test_unload_and_load(self):
        for i in range(3):
            with self.subTest(f"round {i}"):
                body = {"parameters": {"unload_dependents": False}} if i else None
                self.succeed(self.change("scale", "unload", body))
                self.wait_until_gone("scale")
                self.refuse(self.server.infer("scale", one()), (404, 503), "'scale'")
                self.refuse(self.server.infer("scale", one(), version=1), (404, 503), "'scale'")
                entry = self.index()["scale", "1"]
                self.assertEqual((entry["state"], entry["reason"]), ("UNAVAILABLE", "unloaded"))
                self.succeed(self.change("scale", "unload"))
                self.succeed(self.change("scale", "load", {}))
                for version, expected in ((1, 2), (None, 6)):
                    answer = self.succeed(self.server.infer("scale", one(2.0), version=version))
                    self.assertEqual(answer.outputs()["y"].tolist(), [[expected]])

    def test_no_request_is_lost_while_a_model_is_loaded_anew(self):
        failures, done = [], threading.Event()

        def ask():
            while not done.is_set():
                answer = self.server.infer("identity_fp32", {"inputs": [VECTOR]})
                if answer.status != 200:
                    failures.append(answer)

        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            asking = [pool.submit(ask) for _ in range(4)]
            try:
                for _ in range(5):
                    (self.server.repository / "identity_fp32" / "1" / "model.onnx").touch()
                    self.succeed(self.change("identity_fp32", "load"))
            finally:
                done.set()
            for one_of in asking:
                one_of.result()
        self.assertEqual(failures[:3], [])

    def test_an_admitted_request_is_answered_before_a_model_is_unloaded(self):
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            answer = pool.submit(self.server.infer, "slow", one(), timeout=SLOW_SECONDS)
            time.sleep(0.15)
            self.succeed(self.change("slow", "unload"))
            self.succeed(answer.result())
        self.wait_until_gone("slow")
        self.succeed(self.change("slow", "load"))

    def test_a_version_that_appears_is_served_after_a_load(self):
        make = make_models.scale(5.0)
        folder = self.server.repository / "scale" / "5"
        folder.mkdir()
        try:
            (folder / "model.onnx").write_bytes(make.SerializeToString())
            self.succeed(self.change("scale", "load"))
            self.assertEqual(self.succeed(self.server.infer("scale", one())).json()["model_version"], "5")
        finally:
            (folder / "model.onnx").unlink()
            folder.rmdir()
            self.succeed(self.change("scale", "load"))
        self.assertEqual(self.succeed(self.server.infer("scale", one())).json()["model_version"], "3")

    def test_a_damaged_file_leaves_what_serves(self):
        file = self.server.repository / "scale" / "3" / "model.onnx"
        sound = file.read_bytes()
        try:
            for damaged in (b"", b"garbage", sound[:-20], make_models.broken().SerializeToString()):
                with self.subTest(len(damaged)):
                    file.write_bytes(damaged)
                    self.refuse(self.change("scale", "load"), (400, 500, 501, 503), "scale")
                    for version, expected in ((None, 6), (1, 2), (3, 6)):
                        answer = self.succeed(self.server.infer("scale", one(2.0), version=version))
                        self.assertEqual(answer.outputs()["y"].tolist(), [[expected]])
        finally:
            file.write_bytes(sound)
        self.succeed(self.change("scale", "load"))
        self.assertEqual(self.index()["scale", "3"]["state"], "READY")

    def test_damaged_settings_leave_what_serves(self):
        file = self.server.repository / "scale" / "model.json"
        sound = file.read_bytes()
        try:
            for damaged in (b"", b"{", b"[]", b'{"polizy":"all"}', b'{"version_policy":"most"}', b'{"instances":0}'):
                with self.subTest(damaged):
                    file.write_bytes(damaged)
                    self.refuse(self.change("scale", "load"), 400, "model.json")
                    self.succeed(self.server.infer("scale", one(), version=1))
        finally:
            file.write_bytes(sound)
        self.succeed(self.change("scale", "load"))

    def test_settings_are_read_again(self):
        file = self.server.repository / "scale" / "model.json"
        sound = file.read_bytes()
        try:
            file.write_text('{"version_policy": {"specific": [1]}}')
            self.succeed(self.change("scale", "load"))
            self.assertEqual(self.succeed(self.server.infer("scale", one())).json()["model_version"], "1")
            self.refuse(self.server.infer("scale", one(), version=3), (404, 503), "'scale' version 3")
        finally:
            file.write_bytes(sound)
        self.succeed(self.change("scale", "load"))
        self.assertEqual(self.succeed(self.server.infer("scale", one())).json()["model_version"], "3")


if __name__ == "__main__":
    unittest.main()
