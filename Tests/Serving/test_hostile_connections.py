"""Connections that are slow, half open, reset or never read, and requests whose clients leave."""
import concurrent.futures
import contextlib
import json
import socket
import time
import unittest

import numpy as np

from harness import ServingCase
from hostile import GOOD, HEAD, MODELS, PATH, HostileCase
from tensors import binary, encode, json_input
from wire import ANSWER_SECONDS, Hang, infer_path, request_bytes


def setUpModule():
    ServingCase.share(MODELS)


class Connections(HostileCase):
    def test_slow_senders_do_not_stop_others(self):
        with contextlib.ExitStack() as stack:
            slow = [stack.enter_context(self.server.connect()) for _ in range(20)]
            data = request_bytes("POST", PATH, [], GOOD)
            for i in range(4):
                for number, connection in enumerate(slow):
                    place = i + (number % 2) * (len(data) - len(GOOD))
                    connection.send(data[: place + 1] if i == 0 else data[place : place + 1])
                start = time.monotonic()
                self.still_serves(1)
                time.sleep(max(0, 0.25 - (time.monotonic() - start)))

    def test_half_open_connections_do_not_stop_others(self):
        before = self.server.open_files()
        with contextlib.ExitStack() as stack:
            for i in range(200):
                connection = stack.enter_context(self.server.connect())
                if i % 3:
                    connection.send(b"POST " if i % 3 == 1 else HEAD + b"Content-Length: 100000\r\n\r\n{")
                if i % 10 == 0:
                    connection.socket.shutdown(socket.SHUT_WR)
            self.still_serves()
        self.wait_for_files(before)

    def test_resets(self):
        before = self.server.open_files()
        linger = b"\x01\0\0\0\0\0\0\0"
        for i in range(100):
            with self.server.connect() as connection:
                data = request_bytes("POST", PATH, [], GOOD)
                connection.send(data[: (i * 7) % (len(data) + 1)])
                connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.wait_for_files(before)

    def wait_for_files(self, count):
        """The server closes what its clients have closed."""
        end = time.monotonic() + ANSWER_SECONDS
        while self.server.open_files() > count + 5:
            self.assertLess(time.monotonic(), end, f"{self.server.open_files()} files are open where {count} were")
            time.sleep(0.05)

    def test_a_client_that_does_not_read(self):
        array = np.zeros((1024, 1024), np.float32)
        headers, body = encode([("x", array)], binary("y"))
        data = request_bytes("POST", PATH, headers, body)

        def fill(connection):
            connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            with contextlib.suppress(Hang):
                for _ in range(4):
                    connection.send(data)

        with contextlib.ExitStack() as stack, concurrent.futures.ThreadPoolExecutor(4) as pool:
            list(pool.map(fill, [stack.enter_context(self.server.connect(1)) for _ in range(4)]))
            self.still_serves()

    def test_a_flood_of_pipelined_requests(self):
        with self.server.connect() as connection:
            connection.send(request_bytes("GET", "/v2/health/live") * 2000)
            for i in range(2000):
                self.assertEqual(connection.read().status, 200, f"answer {i}")

    def test_clients_that_leave_free_their_places(self):
        body = json.dumps({"inputs": [json_input("x", np.ones((1, 1), np.float32))]}).encode()
        data = request_bytes("POST", infer_path("slow"), [], body)
        start = time.monotonic()
        self.succeed(self.server.infer("slow", json.loads(body), timeout=30))
        once = time.monotonic() - start
        for _ in range(10):
            with self.server.connect() as connection:
                connection.send(data)
                time.sleep(0.02)
        time.sleep(0.1)
        start = time.monotonic()
        answer = self.server.infer("slow", json.loads(body), timeout=30)
        self.assertEqual(answer.status, 200, f"clients that left still hold places: {answer}")
        took = time.monotonic() - start
        self.assertLess(
            took, 3 * once + 0.3, f"requests of clients that left were run: {took:.2f} s, {once:.2f} s alone")


if __name__ == "__main__":
    unittest.main()
