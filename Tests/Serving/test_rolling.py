"""A new process takes the place of an old one under constant load, as a rolling update does: nothing is lost.

What stands for the balancer of a cluster asks each process every 50 ms whether it is ready, and clients send to those that are.
"""
import contextlib
import itertools
import json
import pathlib
import tempfile
import threading
import time
import unittest

import numpy as np
import tritonclient.grpc as triton

import make_models
from harness import SLOW_SECONDS, Server
from tensors import one
from wire import Closed, infer_path

MODEL = "multiply"
ROLLS = 3
DRAIN_SECONDS = 2
LOOK_SECONDS = 0.05


class Balancer:
    """Knows which servers are ready, as of its last look."""

    def __init__(self):
        self._servers, self._ready, self._lock = [], [], threading.Lock()
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def add(self, server):
        with self._lock:
            self._servers.append(server)

    def remove(self, server):
        with self._lock:
            self._servers.remove(server)

    @property
    def ready(self):
        return self._ready

    def stop(self):
        self._done.set()
        self._thread.join()

    def _look(self):
        while not self._done.wait(LOOK_SECONDS):
            with self._lock:
                servers = list(self._servers)
            self._ready = [server for server in servers if self._is_ready(server)]

    @staticmethod
    def _is_ready(server):
        with contextlib.suppress(OSError, Closed):
            return server.get("/v2/health/ready").status == 200
        return False


class Rolling(unittest.TestCase):
    def setUp(self):
        folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory(prefix="mass-rolling-")))
        place = folder / "models" / MODEL / "1"
        place.mkdir(parents=True)
        (place / "model.onnx").write_bytes(make_models.scale(3.0).SerializeToString())
        (place.parent / "model.json").write_text('{"threads": 1}')
        self.folder = folder
        self.balancer = Balancer()
        self.addCleanup(self.balancer.stop)

    def start(self):
        server = Server(
            self.folder / "models", "--cache", self.folder / "plans", "--drain-seconds", DRAIN_SECONDS)
        self.addCleanup(server.kill)
        self.balancer.add(server)
        self.wait_until(lambda: server in self.balancer.ready)
        return server

    def wait_until(self, is_true):
        end = time.monotonic() + SLOW_SECONDS
        while not is_true():
            self.assertLess(time.monotonic(), end)
            time.sleep(0.01)

    def keep_http(self, counts, done):
        server = connection = None
        for i in itertools.count():
            if done.is_set():
                break
            chosen = self.balancer.ready[i // 50 % len(self.balancer.ready)]
            if chosen is not server:
                if connection:
                    connection.__exit__(None, None, None)
                server, connection = chosen, chosen.connect(SLOW_SECONDS)
                connection.__enter__()
            value = float(i % 97 + 1)
            body = json.dumps(one(value)).encode()
            answer = connection.request("POST", infer_path(MODEL), (), body)
            self.check(answer.status, answer.outputs()["y"].item() if answer.status == 200 else answer, value)
            counts.append(server.pid)
        if connection:
            connection.__exit__(None, None, None)

    def new_http(self, counts, done):
        for i in itertools.count():
            if done.is_set():
                return
            server, value = self.balancer.ready[i % len(self.balancer.ready)], float(i % 97 + 1)
            answer = server.infer(MODEL, one(value), timeout=SLOW_SECONDS)
            self.check(answer.status, answer.outputs()["y"].item() if answer.status == 200 else answer, value)
            counts.append(server.pid)

    def keep_grpc(self, counts, done):
        clients = {}
        for i in itertools.count():
            if done.is_set():
                break
            server, value = self.balancer.ready[i // 50 % len(self.balancer.ready)], float(i % 97 + 1)
            if server.pid not in clients:
                clients[server.pid] = triton.InferenceServerClient(server.grpc)
            given = triton.InferInput("x", [1, 1], "FP32")
            given.set_data_from_numpy(np.array([[value]], np.float32))
            result = clients[server.pid].infer(MODEL, [given], client_timeout=SLOW_SECONDS)
            self.check(200, result.as_numpy("y").item(), value)
            counts.append(server.pid)
        for client in clients.values():
            client.close()

    def check(self, status, got, value):
        self.assertEqual(status, 200, got)
        self.assertEqual(got, 3 * value)

    def test_each_process_is_replaced_without_a_lost_request(self):
        server = self.start()
        done, errors, served = threading.Event(), [], [[], [], [], []]

        def run(ask, counts):
            try:
                ask(counts, done)
            except BaseException as error:  # noqa: BLE001 - reported by the test
                errors.append(error)

        clients = [self.keep_http, self.keep_http, self.new_http, self.keep_grpc]
        threads = [threading.Thread(target=run, args=pair) for pair in zip(clients, served)]
        for thread in threads:
            thread.start()
        processes = [server.pid]
        try:
            for _ in range(ROLLS):
                time.sleep(0.5)
                successor = self.start()
                processes.append(successor.pid)
                status = server.stop(DRAIN_SECONDS + SLOW_SECONDS)
                self.balancer.remove(server)
                self.assertEqual(status, 0, server.log())
                server = successor
            time.sleep(0.5)
        finally:
            done.set()
            for thread in threads:
                thread.join()
        self.assertFalse(errors, errors)
        for counts in served:
            self.assertEqual(set(counts), set(processes), "every client reached every process")
        print(f"\n  {sum(map(len, served))} requests over {len(processes)} processes, none lost", end=" ")


if __name__ == "__main__":
    unittest.main()
