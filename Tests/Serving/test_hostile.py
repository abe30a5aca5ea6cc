"""What clients must not do: every request here is wrong, huge, slow or cut off, and the server has to outlive it.

Every answer must be a success, a client's error or 501, come within the time a client waits, and leave the server
answering correctly on other connections.
"""
import collections
import contextlib
import gzip
import json
import random
import resource
import socket
import threading
import time
import unittest
import zlib

import numpy as np

from harness import (
    ANSWER_SECONDS, Closed, Hang, Malformed, ServingCase, binary, chunked, encode, framed, infer_path, json_input,
    request_bytes)

SEED = 2718
MUTATIONS = 2000
HEADER = "Inference-Header-Content-Length"
MEBIBYTE = 1 << 20
GROWTH = 200 * MEBIBYTE
GOOD = json.dumps({"inputs": [json_input("x", np.array([[1, 2]], np.float32))]}).encode()
PATH = infer_path("identity_fp32")
HEAD = b"POST " + PATH.encode() + b" HTTP/1.1\r\nHost: x\r\n"


def setUpModule():
    ServingCase.share(
        ("identity_fp32", "identity_bytes", "identity_int64", "identity_bool", "add_sub", "scale", "fixed", "slow"))


class HostileCase(ServingCase):
    def tearDown(self):
        super().tearDown()
        self.still_serves()

    def still_serves(self, seconds=ANSWER_SECONDS):
        """A good request on a connection of its own gets the right answer."""
        array = np.arange(8, dtype=np.float32).reshape(2, 4)
        sent = [("A", array), ("B", np.ones((2, 4), np.float32))]
        answer = self.succeed(self.server.infer("add_sub", encode(sent, binary("SUM", "DIFF")), timeout=seconds))
        self.assert_same(answer.outputs()["SUM"], array + 1)
        self.assert_same(answer.outputs()["DIFF"], array - 1)

    def tolerate(self, answer, what):
        """What does not parse as HTTP may be refused without a message; everything else says what is wrong."""
        self.assertTrue(200 <= answer.status < 500 or answer.status == 501, f"{what}: {answer}")
        if answer.header("Content-Encoding"):
            answer.body = zlib.decompress(answer.body, 47)
        if answer.status >= 400 and answer.body:
            self.assertTrue(answer.error(), what)
        return answer

    def attempt(self, data, what, half_close=False, timeout=ANSWER_SECONDS):
        """Sends bytes on a connection of its own; gives the answer, or nothing if the connection was closed."""
        with self.server.connect(timeout) as connection:
            connection.send(data)
            if half_close:
                with contextlib.suppress(OSError):
                    connection.socket.shutdown(socket.SHUT_WR)
            try:
                return self.tolerate(connection.read(), what)
            except Closed:
                return None
            except Hang as error:
                raise Hang(f"{what}: {error}") from None

    def refuse_raw(self, data, statuses, what):
        answer = self.attempt(data, what)
        self.assertIsNotNone(answer, f"{what}: closed without an answer")
        self.assertIn(answer.status, statuses, f"{what}: {answer}")


class Mutation(HostileCase):
    """Damaged requests of every kind, the damage drawn from a fixed seed."""

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


class Sizes(HostileCase):
    @contextlib.contextmanager
    def little_memory(self):
        """What runs in the block must not make the server's peak of memory grow much."""
        self.still_serves()
        before = self.server.peak_memory()
        yield
        grown = self.server.peak_memory() - before
        self.assertLess(grown, GROWTH, f"the peak of memory grew by {grown / MEBIBYTE:.0f} MiB")

    def bomb(self, window, prefix=b""):
        """A gibibyte of zeros after `prefix`, as about a mebibyte."""
        packer = zlib.compressobj(9, zlib.DEFLATED, window)
        zeros = bytes(16 * MEBIBYTE)
        return b"".join([packer.compress(prefix)] + [packer.compress(zeros) for _ in range(64)] + [packer.flush()])

    def test_compression_bombs(self):
        for name, window in (("gzip", 31), ("deflate", 15)):
            for what, prefix, headers in (
                ("zeros", b"", []), ("zeros in JSON", GOOD[:-1], []), ("zeros as a tensor", b"", [(HEADER, 0)]),
                ("zeros after JSON", GOOD, [(HEADER, len(GOOD))]),
            ):
                with self.subTest(f"{name}, {what}"), self.little_memory():
                    headers = [("Content-Encoding", name), *headers]
                    self.refuse_raw(request_bytes("POST", PATH, headers, self.bomb(window, prefix)), (400, 413), what)

    def test_bombs_at_once(self):
        data = request_bytes("POST", PATH, [("Content-Encoding", "gzip")], self.bomb(31))
        with self.little_memory(), contextlib.ExitStack() as stack:
            connections = [stack.enter_context(self.server.connect(20)) for _ in range(3)]
            for connection in connections:
                threading.Thread(target=connection.send, args=(data,), daemon=True).start()
            for connection in connections:
                self.assertIn(connection.read().status, (400, 413))

    def test_layers_of_compression(self):
        data = request_bytes("POST", PATH, [("Content-Encoding", "gzip")], gzip.compress(gzip.compress(GOOD)))
        self.refuse_raw(data, (400,), "gzip in gzip")

    def test_a_body_over_the_limit(self):
        announced = HEAD + f"Content-Length: {1 << 40}\r\n\r\n".encode()
        with self.little_memory():
            self.refuse_raw(announced, (413,), "a length of a tebibyte announced")
            answer = self.attempt(announced + bytes(MEBIBYTE), "a length of a tebibyte, begun")
            self.assertTrue(answer is None or answer.status == 413, answer)
            answer = self.attempt(
                HEAD + f"Expect: 100-continue\r\nContent-Length: {1 << 40}\r\n\r\n".encode(), "a tebibyte expected")
            self.assertEqual((answer.status, answer.interim), (413, []), "asked to go on with a tebibyte")

    def test_chunks_over_the_limit(self):
        head = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
        piece = f"{MEBIBYTE:x}\r\n".encode() + b" " * MEBIBYTE + b"\r\n"
        with self.little_memory(), self.server.connect(20) as connection:
            sender = threading.Thread(target=connection.send, args=(head + piece * 80 + b"0\r\n\r\n",), daemon=True)
            sender.start()
            try:
                self.assertIn(connection.read().status, (400, 413))
            except Closed:
                pass
            connection.close()
            sender.join(20)

    def test_too_many_chunks(self):
        head = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
        body = GOOD + b" " * 65537
        pieces = b"".join(b"1\r\n" + bytes([byte]) + b"\r\n" for byte in body)
        with self.little_memory(), self.server.connect(20) as connection:
            sender = threading.Thread(target=connection.send, args=(head + pieces + b"0\r\n\r\n",), daemon=True)
            sender.start()
            try:
                answer = connection.read()
            except Closed:
                self.fail("more than 65,536 chunks: closed without an answer")
            self.assertIn(answer.status, (200, 400, 413), answer)
            if answer.status == 200:
                self.assert_same(answer.outputs()["y"], np.array([[1, 2]], np.float32))
            sender.join(20)

    def test_huge_shapes(self):
        with self.little_memory():
            for shape in (
                [2**62, 4], [2**31, 2**31], [2**32, 2**32], [2**63 - 1, 2**63 - 1], [2**40, 1], [1, 2**33], [-1, 4],
                [-(2**63), 1], [2**64, 1], [0, 2**62], [2**62, 0], [1e3, 2], [1e300, 2], [2**31] * 2 + [1] * 20,
                [1] * 2000, [], [[1, 2]], [None, 2], [True, 2],
            ):
                with self.subTest(str(shape)[:50]):
                    value = {"name": "x", "datatype": "FP32", "shape": shape}
                    request = {"inputs": [{**value, "data": [1, 2]}]}
                    what = f"shape {shape}"
                    answer = self.attempt(request_bytes("POST", PATH, [], json.dumps(request).encode()), what)
                    self.assertEqual(answer.status, 400, f"{what}, JSON: {answer}")
                    request = {"inputs": [{**value, "parameters": {"binary_data_size": 8}}], "outputs": binary("y")}
                    headers, body = framed(request, bytes(8))
                    answer = self.attempt(request_bytes("POST", PATH, headers, body), what)
                    self.assertEqual(answer.status, 400, f"{what}, binary: {answer}")

    def test_shapes_with_nothing_in_them(self):
        for shape in ([0, 2**40], [2**62, 0], [0, 0]):
            with self.subTest(shape), self.little_memory():
                for parameters in ({}, {"binary_data": True}, {"classification": 2**62}):
                    request = {
                        "inputs": [{"name": "x", "datatype": "FP32", "shape": shape, "data": []}],
                        "outputs": [{"name": "y", "parameters": parameters}]}
                    body = json.dumps(request).encode()
                    self.attempt(request_bytes("POST", PATH, [], body), f"shape {shape}, {parameters}")

    def test_deep_json(self):
        with self.little_memory():
            for what, body in (
                ("arrays", b"[" * 100_000), ("arrays, closed", b"[" * 100_000 + b"]" * 100_000),
                ("objects", b'{"a":' * 100_000 + b"1" + b"}" * 100_000),
                ("data", b'{"inputs":[{"name":"x","datatype":"FP32","shape":[1,1],"data":' + b"[" * 5000 + b"1"
                 + b"]" * 5000 + b"}]}"),
                ("parameters", b'{"parameters":' + b'{"a":' * 500 + b"1" + b"}" * 500 + b"}"),
                ("an unknown member", b'{"z":' + b"[" * 50_000 + b"]" * 50_000 + b',"inputs":[]}'),
            ):
                with self.subTest(what):
                    self.refuse_raw(request_bytes("POST", PATH, [], body), (400,), what)

    def test_many_members(self):
        with self.little_memory():
            for what, body in (
                ("inputs", json.dumps({"inputs": [{"name": "x"}] * 50_000}).encode()),
                ("keys", json.dumps({f"k{i}": i for i in range(50_000)}).encode()),
                ("parameters", json.dumps({"parameters": {str(i): 1 for i in range(50_000)}, "inputs": []}).encode()),
                ("the same key", b'{"inputs":[],' + b'"inputs":[],' * 50_000 + b'"inputs":[]}'),
                ("outputs", json.dumps({"inputs": [], "outputs": [{"name": "y"}] * 50_000}).encode()),
            ):
                with self.subTest(what):
                    self.refuse_raw(request_bytes("POST", PATH, [], body), (400,), what)

    def test_bodies_that_take_long_to_read_do_not_stop_others(self):
        begin = b'{"inputs":[{"name":"x","datatype":"FP32","shape":[1,15000001],"data":['
        numbers = begin + b"0," * 15_000_000 + b"0]}]}"
        keys = b"{" + b",".join(b'"%x":0' % i for i in range(2_000_000)) + b"}"
        for what, body in (("numbers", numbers), ("keys", keys)):
            with self.subTest(what), contextlib.ExitStack() as stack:
                data = request_bytes("POST", PATH, [("Content-Encoding", "gzip")], gzip.compress(body, 1))
                asking = [stack.enter_context(self.server.connect(60)) for _ in range(4)]
                for connection in asking:
                    connection.send(data)
                longest, end = 0.0, time.monotonic() + 1
                while time.monotonic() < end:
                    start = time.monotonic()
                    self.succeed(self.server.get("/v2/health/live"))
                    self.still_serves()
                    longest = max(longest, time.monotonic() - start)
                self.assertLess(longest, 2, f"others waited for {longest:.1f} s")
                for connection in asking:
                    self.tolerate(connection.read(), what)

    def test_a_lack_of_file_descriptors(self):
        """Connections that find no descriptor wait or fail; those after them are served."""
        before = self.server.open_files()
        limits = resource.prlimit(self.server.pid, resource.RLIMIT_NOFILE)
        resource.prlimit(self.server.pid, resource.RLIMIT_NOFILE, (before + 40, limits[1]))
        try:
            with contextlib.ExitStack() as stack:
                for _ in range(100):
                    stack.enter_context(self.server.connect())
                time.sleep(0.5)
        finally:
            resource.prlimit(self.server.pid, resource.RLIMIT_NOFILE, limits)
        self.still_serves()

    def test_long_heads(self):
        with self.little_memory():
            for what, data in (
                ("a path of 8 KB", b"GET /v2/models/" + b"m" * 8192 + b" HTTP/1.1\r\nHost: x\r\n\r\n"),
                ("a path of 1 MB", b"GET /" + b"m" * 1_000_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n"),
                ("a header of 1 MB", b"GET /v2 HTTP/1.1\r\nHost: x\r\nX: " + b"y" * 1_000_000 + b"\r\n\r\n"),
                ("10,000 headers", b"GET /v2 HTTP/1.1\r\nHost: x\r\n" + b"X: y\r\n" * 10_000 + b"\r\n"),
                ("a header without an end", b"GET /v2 HTTP/1.1\r\nHost: x\r\nX: " + b"y" * 4_000_000),
                ("a name of 1 MB", b"GET /v2 HTTP/1.1\r\nHost: x\r\n" + b"y" * 1_000_000 + b": 1\r\n\r\n"),
                ("a chunk size of 1 MB", HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + b"0" * 1_000_000 + b"1\r\n"),
                ("a chunk extension of 1 MB",
                 HEAD + b"Transfer-Encoding: chunked\r\n\r\n1;" + b"e" * 1_000_000 + b"\r\n{\r\n0\r\n\r\n"),
                ("a trailer of 1 MB",
                 HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n0\r\nX: " + b"e" * 1_000_000 + b"\r\n\r\n"),
            ):
                with self.subTest(what):
                    answer = self.attempt(data, what, half_close=True)
                    self.assertTrue(answer is None or answer.status in (200, 400, 404, 413, 414, 431), answer)


class Framing(HostileCase):
    def test_lengths_of_the_head_part(self):
        for value in (
            "-1", "x", "", " ", "0x1", "1.0", "1e2", "+1", "--1", "2147483648", "4294967296",
            str(2**63), str(2**64), str(2**64 + len(GOOD)), "9" * 1000, f"{len(GOOD)},{len(GOOD)}", f"{len(GOOD)} x",
            "\u0663", "NaN", "true", "-" + "9" * 30,
        ):
            with self.subTest(value[:30]):
                data = request_bytes("POST", PATH, [(HEADER, value)], GOOD)
                self.refuse_raw(data, (400,), f"{HEADER}: {value[:40]}")

    def test_content_lengths(self):
        for value in ("-1", "x", "1.0", "0x10", str(2**64), "9" * 100, "1 1", "+5"):
            with self.subTest(value[:30]):
                what = f"Content-Length: {value}"
                answer = self.attempt(HEAD + f"{what}\r\n\r\n".encode() + GOOD, what)
                self.assertTrue(answer is None or answer.status in (400, 413), f"{what}: {answer}")
        answer = self.attempt(
            HEAD + f"Content-Length: {len(GOOD)}\r\nContent-Length: 5\r\n\r\n".encode() + GOOD, "two lengths")
        self.assertTrue(answer is None or answer.status == 400, f"two lengths: {answer}")

    def test_a_body_shorter_than_its_length(self):
        data = HEAD + f"Content-Length: {len(GOOD) + 10}\r\n\r\n".encode() + GOOD
        answer = self.attempt(data, "cut off by the end of the stream", half_close=True)
        self.assertTrue(answer is None or answer.status == 400, answer)

    def test_a_body_longer_than_its_length(self):
        with self.server.connect() as connection:
            connection.send(HEAD + f"Content-Length: {len(GOOD)}\r\n\r\n".encode() + GOOD + b"garbage here\r\n\r\n")
            self.succeed(connection.read())
            try:
                self.assertEqual(connection.read().status, 400)
            except Closed:
                pass

    def test_length_and_chunks_together(self):
        """The two may not be believed at once: else what one server takes for a body is a request to the next."""
        smuggled = b"GET /v2/models/scale HTTP/1.1\r\nHost: x\r\n\r\n"
        body = chunked([GOOD])
        for first, second in (("Content-Length", "Transfer-Encoding"), ("Transfer-Encoding", "Content-Length")):
            with self.subTest(first), self.server.connect() as connection:
                values = {"Content-Length": len(body) + len(smuggled), "Transfer-Encoding": "chunked"}
                connection.send(
                    HEAD + f"{first}: {values[first]}\r\n{second}: {values[second]}\r\n\r\n".encode() + body + smuggled)
                try:
                    answer = connection.read()
                except Closed:
                    continue
                self.assertIn(answer.status, (200, 400), answer)
                if answer.status == 200:
                    self.assertTrue(connection.is_closed(), "a second request was read out of an ambiguous body")

    def test_transfer_codings(self):
        for value in ("gzip, chunked", "chunked, chunked", "identity", "x", "chunked, gzip", "\x0bchunked", "Chunked"):
            with self.subTest(repr(value)):
                data = HEAD + f"Transfer-Encoding: {value}\r\n\r\n".encode() + chunked([GOOD])
                answer = self.attempt(data, value, half_close=True)
                # 499: the client has ended its side, which may be taken for leaving.
                self.assertTrue(answer is None or answer.status in (200, 400, 499, 501), f"{value}: {answer}")

    def test_bad_chunks(self):
        head = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
        for body in (
            b"x\r\n", b"-1\r\n{\r\n", b"ffffffffffffffff\r\n{", b"10000000000000000\r\n{", b"2\r\n{}x\r\n0\r\n\r\n",
            b"5\r\n{}\r\n0\r\n\r\n", b"\r\n\r\n", b"0x2\r\n{}\r\n0\r\n\r\n", b"2 \r\n{}\r\n0\r\n\r\n", b"2\n{}\n0\n\n",
        ):
            with self.subTest(body):
                answer = self.attempt(head + body, repr(body), half_close=True)
                self.assertTrue(answer is None or answer.status == 400, f"{body!r}: {answer}")

    def test_header_injection(self):
        for data in (
            b"GET /v2 HTTP/1.1\r\nHost: x\r\nX : y\r\n\r\n", b"GET /v2 HTTP/1.1\r\nHost: x\r\n folded\r\n\r\n",
            b"GET /v2 HTTP/1.1\r\nHost: x\r\nX: a\0b\r\n\r\n", b"GET /v2 HTTP/1.1\r\nHost: x\r\nX: a\rb\r\n\r\n",
            b"GET /v2 HTTP/1.1\r\n: y\r\n\r\n", b"GET /v2 HTTP/1.1\r\nHost: x\r\nX\r\n\r\n",
        ):
            with self.subTest(data):
                self.attempt(data, repr(data), half_close=True)
        request = {"id": "a\r\nX-Evil: 1", "inputs": json.loads(GOOD)["inputs"]}
        answer = self.succeed(self.server.post(PATH, request, [("X-Request-ID", "fine")]))
        self.assertIsNone(answer.header("X-Evil"))
        self.assertEqual(answer.json()["id"], request["id"])

    def test_names_and_paths(self):
        for name in (
            "..%2f..%2f..%2fetc%2fpasswd", "..", "%2e%2e", "%2e%2e%2fscale", "scale%00", "%00", "scale%2f1", "a" * 8192,
            "%ff%fe", "%", "%zz", "%2", "scale%0d%0aX-Evil:%201", "scale;x=1", "scale\\..\\x", "%c0%ae%c0%ae", "'\"<>",
            "*", "%25%32%65", "\u00e9", "stats", "~", "scale%20", "-h",
        ):
            for method, end in (("GET", ""), ("GET", "/ready"), ("POST", "/infer"), ("GET", "/versions/1")):
                with self.subTest(f"{name[:40]}{end}"):
                    path = f"/v2/models/{name}{end}"
                    data = request_bytes(method, path, [], GOOD if method == "POST" else None)
                    answer = self.attempt(data, path[:80])
                    if name == "stats" and not end:
                        continue
                    self.assertIsNotNone(answer, "closed without an answer")
                    self.assertIn(answer.status, (400, 404, 414, 431, 503), answer)
                    self.assertNotIn(b"root:", answer.body)
                    self.assertIsNone(answer.header("X-Evil"), answer)
            path = f"/v2/repository/models/{name}/load"
            answer = self.attempt(request_bytes("POST", path, [], b"{}"), path[:80])
            self.assertTrue(answer is None or answer.status in (400, 404, 414, 431), f"{path[:80]}: {answer}")

    def test_what_json_must_not_hold(self):
        for what, data in (
            ("NaN", "[NaN, 1]"), ("Infinity", "[Infinity, 1]"), ("-Infinity", "[-Infinity, 1]"),
            ("a comment", "[1/**/,2]"), ("a comma at the end", "[1,2,]"), ("a hole", "[1,,2]"),
            ("single quotes", "['1', 2]"), ("hexadecimal", "[0x1,2]"), ("a mixed list", '[1,"2"]'),
            ("an object", '{"0":1,"1":2}'), ("null", "null"),
        ):
            with self.subTest(what):
                body = f'{{"inputs":[{{"name":"x","datatype":"FP32","shape":[1,2],"data":{data}}}]}}'.encode()
                self.refuse_raw(request_bytes("POST", PATH, [], body), (400,), what)

    def test_keys_given_twice(self):
        tensor = '{"name":"x","datatype":"FP32","shape":[1,2],"shape":[1,1],"data":[1,2],"data":[5]}'
        body = f'{{"inputs":[{tensor}]}}'.encode()
        self.refuse_raw(request_bytes("POST", PATH, [], body), (200, 400), "a tensor's keys twice")


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
                time.sleep(max(0, 1 - (time.monotonic() - start)))

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
        with contextlib.ExitStack() as stack:
            for _ in range(4):
                connection = stack.enter_context(self.server.connect(1))
                connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                with contextlib.suppress(Hang):
                    for _ in range(4):
                        connection.send(data)
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
