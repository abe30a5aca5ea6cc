"""What HTTP asks of a server, and how requests wait for a model."""
import concurrent.futures
import json
import subprocess
import tempfile
import time
import unittest

import numpy as np

import make_models
from harness import SLOW_SECONDS, ServingCase
from tensors import VECTOR, binary, encode, one
from wire import chunked, infer_path, request_bytes


def setUpModule():
    ServingCase.share()


class HTTP(ServingCase):
    GOOD = json.dumps({"inputs": [VECTOR]}).encode()
    PATH = infer_path("identity_fp32")

    def test_unknown_paths(self):
        for path in (
            "/v2x", "/nothing", "/v2/health", "/v2/health/", "/v2/health/live/", "/v2/models/scale/", "/v2//models",
            "/v2/models/scale/infer/x", "/v2/models//infer", "/V2/health/live", "/v2/models/scale/versions", "//v2",
            "/v2/models/scale/ready/", "/v2/..", "/v2/models/../health/live", "/favicon.ico", "/%00", "/v2/%ff",
        ):
            with self.subTest(path):
                self.refuse(self.server.get(path), (400, 404))

    def test_wrong_verbs(self):
        for method, path, allowed in (
            ("POST", "/v2", "GET"), ("POST", "/v2/health/live", "GET"), ("DELETE", "/v2/models/scale", "GET"),
            ("GET", self.PATH, "POST"), ("PUT", self.PATH, "POST"), ("GET", "/v2/repository/index", "POST"),
            ("PATCH", "/v2/models/scale/ready", "GET"), ("GET", "/v2/repository/models/scale/load", "POST"),
        ):
            with self.subTest(f"{method} {path}"):
                answer = self.server.request(method, path, body=b"{}")
                self.refuse(answer, 405, "Method Not Allowed")
                self.assertIn(allowed, answer.header("Allow") or "", answer)

    def test_head_and_options(self):
        with self.server.connect() as connection:
            answer = connection.request("HEAD", "/v2/health/live")
            self.assertIn(answer.status, (200, 405), answer)
            answer = connection.request("OPTIONS", self.PATH)
            self.assertIn(answer.status, (200, 204, 405), answer)
            answer = connection.request("OPTIONS", "*")
            self.assertIn(answer.status, (200, 204, 400, 404, 405), answer)
            self.succeed(connection.request("GET", "/v2/health/live"))
        self.assertIn(self.server.request("FROB", "/v2/health/live").status, (400, 405, 501))

    def test_expect_continue(self):
        headers = [("Expect", "100-continue"), ("Content-Length", len(self.GOOD))]
        with self.server.connect() as connection:
            connection.send(request_bytes("POST", self.PATH, headers))
            connection.socket.settimeout(5)
            interim = connection.socket.recv(1 << 16)
            self.assertRegex(interim, rb"^HTTP/1\.1 100 .*\r\n\r\n$")
            connection.send(self.GOOD)
            self.succeed(connection.read("POST"))
            connection.send(request_bytes("POST", self.PATH, headers) + self.GOOD)
            self.assertIn(self.succeed(connection.read("POST")).interim, ([100], []))
            self.succeed(connection.request("GET", "/v2"))

    def test_pipelining(self):
        pieces, expected = [], []
        for i in range(30):
            kind = i % 5
            if kind == 0:
                pieces.append(request_bytes("GET", "/nothing"))
                expected.append((404, None))
            elif kind == 1:
                pieces.append(request_bytes("POST", self.PATH, body=b"{broken"))
                expected.append((400, None))
            elif kind == 2:
                pieces.append(request_bytes("GET", "/v2/models/scale"))
                expected.append((200, None))
            else:
                body = json.dumps({**one(i), "id": str(i)}).encode()
                pieces.append(request_bytes("POST", infer_path("scale"), body=body))
                expected.append((200, str(i)))
        with self.server.connect() as connection:
            connection.send(b"".join(pieces))
            for i, (status, name) in enumerate(expected):
                answer = connection.read()
                self.assertEqual(answer.status, status, f"answer {i}: {answer}")
                if name:
                    self.assertEqual((answer.json()["id"], answer.json()["outputs"][0]["data"]), (name, [3 * i]))

    def test_answers_of_pipelined_requests_keep_their_order(self):
        with self.server.connect(SLOW_SECONDS) as connection:
            connection.send(
                request_bytes("POST", infer_path("slow"), body=json.dumps({**one(), "id": "slow"}).encode())
                + request_bytes("GET", "/v2/health/live"))
            self.assertEqual(self.succeed(connection.read()).json()["id"], "slow")
            self.assertEqual(self.succeed(connection.read()).json(), {"live": True})

    def test_a_connection_lives_on_after_errors(self):
        with self.server.connect() as connection:
            for method, path, body in (
                ("GET", "/nothing", None), ("POST", "/v2", b"x" * 1000), ("POST", self.PATH, b"\0"),
                ("POST", infer_path("nobody"), self.GOOD), ("GET", self.PATH, None),
                ("POST", "/v2/repository/models/nobody/load", b"{"),
            ):
                with self.subTest(f"{method} {path}"):
                    self.assertGreaterEqual(connection.request(method, path, body=body).status, 400)
                    self.succeed(connection.request("POST", self.PATH, body=self.GOOD))

    def test_chunks_of_one_byte(self):
        body = chunked([self.GOOD[i : i + 1] for i in range(len(self.GOOD))])
        answer = self.server.request("POST", self.PATH, [("Transfer-Encoding", "chunked")], body)
        self.assert_same(self.succeed(answer).outputs()["y"], np.array([[1, 2]], np.float32))
        headers, body = encode([("x", np.arange(64, dtype=np.float32).reshape(8, 8))], binary("y"))
        pieces = [body[i : i + 1] for i in range(len(body))]
        answer = self.server.request("POST", self.PATH, [*headers, ("Transfer-Encoding", "chunked")], chunked(pieces))
        self.assert_same(self.succeed(answer).outputs()["y"], np.arange(64, dtype=np.float32).reshape(8, 8))

    def test_chunks_with_extensions_and_trailers(self):
        half = len(self.GOOD) // 2
        body = (
            f"{half:X};a=b\r\n".encode() + self.GOOD[:half] + f"\r\n000{len(self.GOOD) - half:x}\r\n".encode()
            + self.GOOD[half:] + b"\r\n0\r\nX-Sum: 1\r\n\r\n")
        with self.server.connect() as connection:
            self.succeed(connection.request("POST", self.PATH, [("Transfer-Encoding", "chunked")], body))
            self.succeed(connection.request("GET", "/v2"))

    def test_byte_by_byte(self):
        with self.server.connect() as connection:
            for byte in request_bytes("POST", self.PATH, body=self.GOOD):
                connection.send(bytes([byte]))
            self.succeed(connection.read())

    def test_closing(self):
        with self.server.connect() as connection:
            self.succeed(connection.request("GET", "/v2", [("Connection", "close")]))
            self.assertTrue(connection.is_closed(), "a connection that was asked to close stays open")

    def test_http_1_0(self):
        with self.server.connect() as connection:
            connection.send(b"GET /v2/health/live HTTP/1.0\r\n\r\n")
            self.assertEqual(self.succeed(connection.read()).json(), {"live": True})
            self.assertTrue(connection.is_closed(), "a connection of HTTP/1.0 stays open")

    def test_header_names_in_any_case(self):
        headers, body = encode([("x", np.ones((1, 2), np.float32))], binary("y"))
        for change in (str.lower, str.upper):
            self.succeed(self.server.infer("identity_fp32", ([(change(name), value) for name, value in headers], body)))

    def test_content_types_are_not_looked_at(self):
        for name in ("application/octet-stream", "text/plain; charset=x", "application/x-www-form-urlencoded"):
            with self.subTest(name):
                self.succeed(self.server.post(self.PATH, self.GOOD, [("Content-Type", name)]))

    def test_absolute_targets(self):
        answer = self.server.get(f"http://{self.server.http}/v2/health/live")
        self.assertIn(answer.status, (200, 400, 404), answer)

    def test_curl(self):
        with tempfile.NamedTemporaryFile(suffix=".json") as file:
            file.write(self.GOOD)
            file.flush()
            ran = subprocess.run(
                ["curl", "-sS", "--fail", "--compressed", "--max-time", "10", "-H", "Expect: 100-continue",
                 "--data-binary", f"@{file.name}", f"http://{self.server.http}{self.PATH}",
                 f"http://{self.server.http}{self.PATH}"], capture_output=True, text=True)
        self.assertEqual(ran.returncode, 0, ran.stderr)
        first, _ = json.JSONDecoder().raw_decode(ran.stdout)
        self.assertEqual(first["outputs"][0]["data"], [1, 2])


class Queueing(ServingCase):
    def setUp(self):
        self.pool = self.enterContext(concurrent.futures.ThreadPoolExecutor(32))

    def slow(self, **parameters):
        request = {**one(), "parameters": parameters}
        return self.pool.submit(self.server.infer, "slow", request, timeout=SLOW_SECONDS)

    def fill(self):
        """Occupies the only instance of `slow` and some of its queue."""
        first = [self.slow() for _ in range(3)]
        time.sleep(0.2)
        return first

    def test_a_timeout_in_the_queue(self):
        first = self.fill()
        start = time.monotonic()
        self.refuse(self.slow(timeout=100_000).result(), (503, 504), "Request timeout expired")
        self.assertLess(time.monotonic() - start, 0.45, "the answer came long after the timeout")
        for answer in first:
            self.succeed(answer.result())

    def test_a_full_queue(self):
        answers = [future.result() for future in [self.slow() for _ in range(make_models.SLOW_QUEUE + 8)]]
        statuses = [answer.status for answer in answers]
        self.assertGreaterEqual(statuses.count(200), make_models.SLOW_QUEUE, statuses)
        refused = [answer for answer in answers if answer.status != 200]
        self.assertGreaterEqual(len(refused), 4, statuses)
        for answer in refused:
            self.refuse(answer, (429, 503), "Exceeds maximum queue size")

    def test_others_are_served_meanwhile(self):
        first = self.fill()
        for _ in range(20):
            self.succeed(self.server.infer("scale", one(), timeout=1.5))
        for answer in first:
            value = self.succeed(answer.result()).outputs()["y"]
            self.assertLessEqual(abs(value[0, 0] - 1), 2 * make_models.SLOW_ERROR)

    def test_concurrent_answers_are_not_mixed(self):
        def ask(i):
            array = np.full((1 + i % 5, 1 + i % 7), i, np.float32)
            answer = self.server.infer("identity_fp32", encode([("x", array)], binary("y"), id=str(i)))
            return answer, array

        for answer, array in self.pool.map(ask, range(400)):
            self.assert_same(self.succeed(answer).outputs()["y"], array)


if __name__ == "__main__":
    unittest.main()
