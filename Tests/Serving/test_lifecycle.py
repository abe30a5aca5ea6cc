"""How the server starts, what keeps it from starting, and how it leaves."""
import concurrent.futures
import os
import pathlib
import random
import signal
import socket
import subprocess
import tempfile
import time
import unittest

import numpy as np

from harness import MASS, SLOW_SECONDS, Server, ServingCase, serving, write_models
from tensors import binary, encode, one, to_bytes
from wire import infer_path, request_bytes


class Starting(unittest.TestCase):
    def fail(self, pattern, *arguments):
        """Runs the program, which must say why it does not serve, and leave."""
        with tempfile.TemporaryDirectory() as folder:
            command = [MASS, "serve", "--http-port", 0, "--grpc-port", 0, "--repository", folder, *arguments]
            command = [str(word) for word in command]
            ran = subprocess.run(command, capture_output=True, text=True, timeout=20)
        self.assertNotEqual(ran.returncode, 0, ran.stderr)
        self.assertGreater(ran.returncode, 0, f"ended by signal {-ran.returncode}: {ran.stderr}")
        self.assertRegex(ran.stderr, pattern)

    def test_what_cannot_be_served(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            for what, pattern, arguments in (
                ("a folder that is not there", "nowhere", ("--repository", "/nowhere")),
                ("a file", "python", ("--repository", "/usr/bin/python3")),
                ("a port in use", f"{port}.*in use", ("--http-port", port)),
                ("a gRPC port in use", f"{port}.*in use", ("--grpc-port", port)),
                ("a port that is none", "65536", ("--http-port", 65536)),
                ("an address of another machine", "192.0.2.1", ("--host", "192.0.2.1")),
                ("a host without an address", "no-such-host.invalid", ("--host", "no-such-host.invalid")),
                ("no threads", "--threads", ("--threads", 0)),
                ("no body", "--max-body-bytes", ("--max-body-bytes", 0)),
            ):
                with self.subTest(what):
                    self.fail(pattern, *arguments)

    def test_an_empty_repository(self):
        with serving(()) as server:
            self.assertEqual(server.get("/v2/models").json(), {"models": []})
            self.assertEqual(server.get("/v2/health/ready").json(), {"ready": True})
            self.assertEqual(server.post("/v2/repository/index").json(), [])

    def test_a_second_start(self):
        """The second start finds the plan of the first."""
        with serving(("scale",)) as first:
            cache = first.repository.parent / "plans"
            plans = {file: file.stat().st_mtime_ns for file in cache.rglob("*") if file.is_file()}
            self.assertTrue(plans)
            with Server(first.repository, "--cache", cache) as second:
                answer = second.infer("scale", one(2.0))
                self.assertEqual(answer.outputs()["y"].tolist(), [[6]])
            self.assertEqual(plans, {file: file.stat().st_mtime_ns for file in cache.rglob("*") if file.is_file()})

    def test_a_damaged_cache(self):
        with serving(("scale",)) as first:
            cache = first.repository.parent / "plans"
            self.assertEqual(first.stop(), 0)
            for damage in (lambda data: data[: len(data) // 2], lambda data: b"x" * len(data), lambda data: b""):
                for file in cache.rglob("*"):
                    if file.is_file():
                        file.write_bytes(damage(file.read_bytes()))
                with Server(first.repository, "--cache", cache) as second:
                    answer = second.infer("scale", one(2.0))
                    self.assertEqual(answer.status, 200, answer)
                    self.assertEqual(answer.outputs()["y"].tolist(), [[6]])

    def test_killed_while_plans_are_written(self):
        """The server and its compiler are killed at any moment of a first start; the next start is whole."""
        with tempfile.TemporaryDirectory(prefix="mass-killed-") as folder:
            folder = pathlib.Path(folder)
            write_models(folder / "models", ("slow", "scale"))
            versions = len(list((folder / "models").rglob("model.onnx")))
            moments, killed = random.Random(17), 0
            for i in range(8):
                cache = folder / f"plans{i}"
                command = [MASS, "serve", "--repository", folder / "models", "--cache", cache, "--http-port", "0",
                           "--grpc-port", "0"]
                process = subprocess.Popen(command, stderr=subprocess.DEVNULL, start_new_session=True)
                time.sleep(moments.uniform(0.02, 0.8))
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
                killed += len(list(cache.glob("*.plan"))) < versions
                half = {file.name for file in cache.glob("*.partial")}
                with self.subTest(i, half=half), Server(folder / "models", "--cache", cache) as server:
                    self.assertEqual(server.infer("scale", one(2.0)).outputs()["y"].tolist(), [[6]])
                    self.assertEqual(server.infer("slow", one(), timeout=SLOW_SECONDS).status, 200)
                    self.assertEqual(len(list(cache.glob("*.plan"))), versions)
                    self.assertEqual({file.name for file in cache.glob("*.partial")}, half)
            self.assertGreater(killed, 0, "no kill came before the plans were written")

    def test_what_killed_compilers_left_goes(self):
        with tempfile.TemporaryDirectory(prefix="mass-half-") as folder:
            cache = pathlib.Path(folder) / "plans"
            (cache.parent / "models").mkdir()
            cache.mkdir()
            for name, age in (("a.plan.7.partial", 3700), ("b.plan.8.partial", 60), ("c.plan", 3700), ("d.partial", 3700)):
                (cache / name).write_bytes(b"half")
                os.utime(cache / name, (time.time() - age,) * 2)
            with Server(cache.parent / "models", "--cache", cache):
                self.assertEqual(sorted(file.name for file in cache.iterdir()), ["b.plan.8.partial", "c.plan", "d.partial"])

    def test_a_cache_that_cannot_be_written(self):
        with serving(("scale",), "--cache", "/proc/none") as server:
            answer = server.infer("scale", one(2.0))
            self.assertEqual(answer.status, 200, answer)


class Leaving(unittest.TestCase):
    succeed = ServingCase.succeed

    def test_sigterm_answers_what_was_asked(self):
        with serving(("slow", "scale")) as server, concurrent.futures.ThreadPoolExecutor(1) as pool:
            answer = pool.submit(server.infer, "slow", one(), timeout=SLOW_SECONDS)
            time.sleep(0.15)
            self.assertEqual(server.stop(), 0, server.log())
            self.succeed(answer.result())

    def test_idle_connections_do_not_delay_it(self):
        with serving(("scale",)) as server, server.connect() as idle, server.connect() as half:
            self.succeed(idle.request("GET", "/v2"))
            half.send(b"POST /v2/models/scale/infer HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n123")
            start = time.monotonic()
            self.assertEqual(server.stop(), 0, server.log())
            self.assertLess(time.monotonic() - start, 20)

    def test_a_client_that_does_not_read_its_answer_does_not_delay_it(self):
        headers, body = encode([("x", np.zeros((2048, 1024), np.float32))], binary("y"))
        request = request_bytes("POST", infer_path("identity_fp32"), headers, body)
        with serving(("identity_fp32",)) as server, server.connect(SLOW_SECONDS) as connection:
            connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.send(request)
            time.sleep(0.5)
            start = time.monotonic()
            self.assertEqual(server.stop(), 0, server.log())
            self.assertLess(time.monotonic() - start, 20)

    def test_a_client_that_reads_slowly_gets_all_of_its_answer(self):
        """Whatever ends its connection: its own wish, or the server that leaves."""
        array = np.arange(4 << 20, dtype=np.float32).reshape(4096, 1024)
        headers, body = encode([("x", array)], binary("y"))
        for header, leaves in ((("Connection", "close"), False), (("X-A", "b"), True)):
            with self.subTest(leaves), serving(("identity_fp32",)) as server, \
                    server.connect(SLOW_SECONDS) as connection:
                connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 16)
                connection.send(request_bytes("POST", infer_path("identity_fp32"), [*headers, header], body))
                data = b""
                while b"\r\n\r\n" not in data:
                    data += connection.socket.recv(1 << 16)
                if leaves:
                    server.process.send_signal(signal.SIGTERM)
                while len(data) < array.nbytes and (more := connection.socket.recv(1 << 17)):
                    data += more
                    time.sleep(0.03)
                while more := connection.socket.recv(1 << 20):
                    data += more
                self.assertTrue(data.startswith(b"HTTP/1.1 200"))
                self.assertTrue(data.endswith(to_bytes(array)), f"{len(data)} bytes came")
                if leaves:
                    self.assertEqual(server.stop(), 0, server.log())


if __name__ == "__main__":
    unittest.main()
