"""Bodies, shapes, heads and numbers of connections that are larger than anyone needs."""
import contextlib
import functools
import gzip
import json
import resource
import struct
import threading
import time
import unittest
import zlib

import numpy as np

from harness import ServingCase
from hostile import GOOD, HEAD, MEBIBYTE, MODELS, PATH, HostileCase
from tensors import HEADER, binary, framed
from wire import Closed, request_bytes

GROWTH = 200 * MEBIBYTE


def setUpModule():
    ServingCase.share(MODELS)


def deflated(data):
    """Data as a part of a deflate stream that refers to nothing before it."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush(zlib.Z_FULL_FLUSH)


@functools.cache
def bomb(coding, prefix=b""):
    """A gibibyte of zeros after `prefix`, as about a mebibyte: a part of them is packed once and repeated."""
    zeros, count, last = bytes(16 * MEBIBYTE), 64, b"\x03\0"
    packed = deflated(prefix) + count * deflated(zeros) + last
    checksum = zlib.crc32 if coding == "gzip" else zlib.adler32
    total = checksum(prefix)
    for _ in range(count):
        total = checksum(zeros, total)
    if coding == "deflate":
        return b"\x78\xda" + packed + struct.pack(">I", total)
    return b"\x1f\x8b\x08" + bytes(7) + packed + struct.pack("<II", total, len(prefix) + count * len(zeros))


class Sizes(HostileCase):
    @contextlib.contextmanager
    def little_memory(self):
        """What runs in the block must not make the server's peak of memory grow much."""
        self.still_serves()
        self.server.forget_peak_memory()
        before = self.server.peak_memory()
        yield
        grown = self.server.peak_memory() - before
        self.assertLess(grown, GROWTH, f"the peak of memory grew by {grown / MEBIBYTE:.0f} MiB")

    def test_compression_bombs(self):
        for name in ("gzip", "deflate"):
            for what, prefix, headers in (
                ("zeros", b"", []), ("zeros in JSON", GOOD[:-1], []), ("zeros as a tensor", b"", [(HEADER, 0)]),
                ("zeros after JSON", GOOD, [(HEADER, len(GOOD))]),
            ):
                with self.subTest(f"{name}, {what}"), self.little_memory():
                    headers = [("Content-Encoding", name), *headers]
                    self.refuse_raw(request_bytes("POST", PATH, headers, bomb(name, prefix)), (400, 413), what)

    def test_bombs_at_once(self):
        data = request_bytes("POST", PATH, [("Content-Encoding", "gzip")], bomb("gzip"))
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
        packed = [gzip.compress(body, 1) for body in (numbers, keys)]
        with contextlib.ExitStack() as stack:
            asking = [stack.enter_context(self.server.connect(60)) for _ in range(4)]
            for i, connection in enumerate(asking):
                connection.send(request_bytes("POST", PATH, [("Content-Encoding", "gzip")], packed[i % 2]))
            longest, end = 0.0, time.monotonic() + 1
            while time.monotonic() < end:
                start = time.monotonic()
                self.succeed(self.server.get("/v2/health/live"))
                self.still_serves()
                longest = max(longest, time.monotonic() - start)
            self.assertLess(longest, 2, f"others waited for {longest:.1f} s")
            for i, connection in enumerate(asking):
                self.tolerate(connection.read(), ("numbers", "keys")[i % 2])

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


if __name__ == "__main__":
    unittest.main()
