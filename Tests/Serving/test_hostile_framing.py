"""Lengths that lie, chunks and headers that are none, names and values that must not be believed."""
import json
import unittest

from harness import ServingCase
from hostile import GOOD, HEAD, MODELS, PATH, HostileCase
from tensors import HEADER
from wire import Closed, chunked, request_bytes


def setUpModule():
    ServingCase.share(MODELS)


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
        self.refuse_raw(request_bytes("POST", PATH, [], body), (400,), "a tensor's keys twice")


if __name__ == "__main__":
    unittest.main()
