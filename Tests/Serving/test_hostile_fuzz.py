"""Damaged requests of every kind, the damage drawn from a fixed seed."""
import collections
import contextlib
import gzip
import json
import random
import unittest
import zlib

import numpy as np

from harness import ServingCase
from hostile import GOOD, MODELS, PATH, HostileCase
from tensors import HEADER, binary, encode, json_input
from wire import Closed, Hang, Malformed, chunked, infer_path, request_bytes

SEED = 2718
MUTATIONS = 2000


def setUpModule():
    ServingCase.share(MODELS)


class Mutation(HostileCase):
    SEEDS = (
        b"", b"0", b"-1", b"-0", b"1e999", b"1e-999", b"9223372036854775808", b"18446744073709551616", b"null", b"true",
        b"{}", b"[]", b"[[[[[[", b"]", b"}", b'"', b"\\", b"\\u0000", b"\\ud800", b"\0", b"\xff", b"\xf0\x9f", b"NaN",
        b",", b":", b"\r\n", b"\r\n\r\n", b" " * 500, b"%", b"/", b"FP64", b"BYTES", b"INT64", b'"x"', b'"shape"',
        b'"data"', b'"parameters"', b'"binary_data_size"', b'"classification"', b"4294967296", b"2147483648", b"1.5",
    )

    def setUp(self):
        # A generator of one's own for each test: their order does not matter.
        self.random = random.Random(f"{SEED} {self.id().rsplit('.', 1)[1]}")

    def mutate(self, data):
        data = bytearray(data)
        for _ in range(self.random.choice((1, 1, 1, 2, 3, 8))):
            place = self.random.randrange(len(data) + 1)
            kind = self.random.randrange(6)
            if kind == 0 and place < len(data):
                data[place] ^= 1 << self.random.randrange(8)
            elif kind == 1 and place < len(data):
                data[place] = self.random.randrange(256)
            elif kind == 2:
                data[place:place] = self.random.choice(self.SEEDS)
            elif kind == 3:
                del data[place : place + self.random.choice((1, 1, 2, 5, 20))]
            elif kind == 4:
                data[place : place + self.random.randrange(1, 8)] = self.random.choice(self.SEEDS)
            else:
                other = self.random.randrange(len(data) + 1)
                data[place:place] = data[other : other + self.random.randrange(1, 40)]
        return bytes(data)

    def bodies(self):
        """A JSON request, one with bytes, and the headers that go with them."""
        array = np.arange(6, dtype=np.float32).reshape(2, 3)
        words = np.array([[b"one", b"", b"\xc3\xa4"]], object)
        yield "identity_fp32", [], json.dumps({
            "id": "1", "parameters": {"priority": 1, "p": 1.5}, "inputs": [json_input("x", array, nested=True)],
            "outputs": [{"name": "y", "parameters": {"classification": 2}}]}).encode()
        ones = np.ones((1, 4), np.float32)
        yield "add_sub", [], json.dumps({
            "inputs": [json_input(name, ones) for name in "AB"], "outputs": [{"name": "SUM"}]}).encode()
        for name, data in (("BYTES", b'["a\\u00e9","b"]'), ("INT64", b"[1,-9007199254740993]")):
            begin = f'{{"inputs":[{{"name":"x","datatype":"{name}","shape":[1,2],"data":'.encode()
            yield f"identity_{name.lower()}", [], begin + data + b"}]}"
        yield ("identity_fp32", *encode([("x", array)], binary("y")))
        yield ("identity_bytes", *encode([("x", words)], binary("y")))
        yield ("identity_bool", *encode([("x", np.array([[True, False]]))], binary("y")))

    def exchange(self, make, count):
        """Sends `count` damaged requests over a few connections, each reopened when the server closes it."""
        statuses, connections = collections.Counter(), [None] * 4
        with contextlib.ExitStack() as open_ones:
            for i in range(count):
                slot = i % len(connections)
                if connections[slot] is None:
                    connections[slot] = open_ones.enter_context(self.server.connect())
                data = make(i)
                connections[slot].send(data)
                try:
                    answer = self.tolerate(connections[slot].read(), f"request {i}, {data[:600]!r}")
                    statuses[answer.status] += 1
                    closed = "close" in (answer.header("Connection") or "").lower()
                except Closed:
                    statuses["closed"] += 1
                    closed = True
                except (Hang, Malformed) as error:
                    raise type(error)(f"request {i}, {data[:600]!r}: {error}") from None
                if closed:
                    connections[slot].close()
                    connections[slot] = None
        return statuses

    def test_bodies(self):
        bodies = list(self.bodies())

        def make(i):
            model, headers, body = bodies[i % len(bodies)]
            return request_bytes("POST", infer_path(model), headers, self.mutate(body))

        statuses = self.exchange(make, MUTATIONS)
        self.assertGreater(statuses[400], MUTATIONS / 10, statuses)
        self.assertEqual(statuses["closed"], 0, statuses)

    def test_bodies_cut_anywhere(self):
        cut = [
            request_bytes("POST", infer_path(model), headers, body[:end])
            for model, headers, body in self.bodies() for end in range(0, len(body), 3)]
        statuses = self.exchange(lambda i: cut[i], len(cut))
        self.assertEqual(statuses["closed"], 0, statuses)

    def test_repository_and_other_bodies(self):
        paths = ("/v2/repository/index", "/v2/repository/models/scale/load", "/v2/repository/models/nobody/unload")
        body = b'{"ready":true,"parameters":{"config":"{}","unload_dependents":false,"file:1/model.onnx":"AAAA"}}'
        self.exchange(lambda i: request_bytes("POST", paths[i % 3], body=self.mutate(body)), 90)

    def test_header_values(self):
        names = (
            HEADER, "Content-Encoding", "Accept-Encoding", "Content-Type", "Connection", "X-Request-ID", "Expect",
            "Host", "Accept", "Traceparent", "Cookie", "Timeout-Ms", "Grpc-Timeout")
        values = ("gzip", "deflate", "100-continue", "close", "0", str(len(GOOD)), "*/*;q=0.5, a", "00-aa-bb-01")

        def make(i):
            value = self.mutate(self.random.choice(values).encode())
            value = bytes(byte for byte in value if byte not in b"\r\n\0")
            headers = [(names[i % len(names)], value.decode("latin-1"))]
            if headers[0][0] == "Expect":
                headers.append(("Connection", "close"))
            return request_bytes("POST", PATH, headers, GOOD)

        self.exchange(make, 400)

    def test_paths(self):
        paths = (PATH, "/v2/models/scale/versions/3/ready", "/v2/models/scale/versions/1/infer", "/v2/health/live?a=b")

        def make(i):
            path = self.mutate(paths[i % 4].encode())
            path = bytes(byte for byte in path if byte not in b" \r\n\t\0\x0b\x0c").decode("latin-1") or "/"
            return request_bytes("POST" if i & 1 else "GET", path, [], GOOD if i & 1 else None)

        self.exchange(make, 400)

    def test_whole_requests(self):
        """Request lines, header names, lengths: what follows is undefined, so each has a connection of its own."""
        whole = [request_bytes("POST", infer_path(model), headers, body) for model, headers, body in self.bodies()]
        whole.append(request_bytes("GET", "/v2/models/scale"))
        pieces = [GOOD[i : i + 9] for i in range(0, len(GOOD), 9)]
        whole.append(request_bytes("POST", PATH, [("Transfer-Encoding", "chunked")], chunked(pieces)))
        for i in range(400):
            data = self.mutate(whole[i % len(whole)])
            self.attempt(data, f"request {i}, {data[:600]!r}", half_close=True)

    def test_compressed_bodies(self):
        packed = [(name, compress(GOOD)) for name, compress in (("gzip", gzip.compress), ("deflate", zlib.compress))]

        def make(i):
            name, body = packed[i % 2]
            return request_bytes("POST", PATH, [("Content-Encoding", name)], self.mutate(body))

        self.exchange(make, 300)

    def test_noise(self):
        for i in range(60):
            data = self.random.randbytes(self.random.choice((1, 10, 100, 5000)))
            self.attempt(data, f"noise {i}: {data[:60]!r}", half_close=True)
        for data in (
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500),
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(50),
            b"\r\n" * 50, b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"GET / HTTP/1.1\nHost: x\n\n", b"\0" * 1000,
            b"GET /v2 HTTP/1.1\r\n\r\n", b"GET /v2 HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", b"GET /v2\r\n\r\n",
        ):
            with self.subTest(data[:30]):
                self.attempt(data, repr(data[:60]), half_close=True)


if __name__ == "__main__":
    unittest.main()
