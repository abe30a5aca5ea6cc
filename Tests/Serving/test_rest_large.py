"""Tensors large enough to be used where they arrived and sent from where they were computed."""
import concurrent.futures
import gzip
import json
import unittest

import numpy as np

from harness import ServingCase, serving
from tensors import DTYPES, HEADER, binary, encode, examples, framed, identity, json_input, to_bytes
from wire import chunked, infer_path

LEAST = 512 << 10
SECONDS = 20


def setUpModule():
    ServingCase.share()


def tiled(datatype, size):
    """About `size` bytes of values that a type is tried with."""
    array = np.atleast_2d(examples(datatype))
    return np.tile(array, (-(-size // array.nbytes), 1))


def numbers(seed, rows):
    return np.random.default_rng(seed).standard_normal((rows, 4), np.float32)


class Large(ServingCase):
    def infer(self, model, request, **options):
        return self.succeed(self.server.infer(model, request, timeout=SECONDS, **options))

    def test_every_type_around_the_size_from_which_nothing_is_copied(self):
        for datatype in DTYPES:
            if datatype == "BYTES":
                continue
            for size in (LEAST // 2, LEAST, LEAST + 4096, 3 * LEAST):
                with self.subTest(f"{datatype}, {size} bytes"):
                    array = tiled(datatype, size)
                    answer = self.infer(identity(datatype), encode([("x", array)], binary("y")))
                    self.assertEqual(answer.tensors()[0].raw, to_bytes(array))

    def test_wherever_the_tensor_begins(self):
        array = tiled("FP64", 2 * LEAST)
        for padding in range(66):
            with self.subTest(padding):
                headers, body = encode([("x", array)], binary("y"), id="a" * (padding + 1))
                answer = self.infer("identity_fp64", (headers, body))
                self.assertEqual(answer.tensors()[0].raw, to_bytes(array))

    def test_inputs_and_outputs_of_different_sizes(self):
        """One behind the other: what is not aligned or too small is copied, the rest is not."""
        for rows in (1, LEAST // 16, LEAST // 16 + 1, LEAST // 8 + 3):
            a, b = numbers(1, rows), numbers(2, rows)
            for outputs in (binary("SUM", "DIFF"), binary("DIFF"), [*binary("SUM"), {"name": "DIFF"}]):
                with self.subTest(f"{rows} rows, {len(outputs)} outputs"):
                    answer = self.infer("add_sub", encode([("A", a), ("B", b)], outputs)).outputs()
                    self.assert_same(answer["DIFF"], a - b)
                    if len(outputs) > 1:
                        self.assert_same(answer["SUM"], a + b)
        a, b = numbers(3, LEAST // 16), numbers(4, LEAST // 16)
        mixed = {"inputs": [json_input("A", a), {
            "name": "B", "datatype": "FP32", "shape": list(b.shape), "parameters": {"binary_data_size": b.nbytes}}],
            "outputs": binary("SUM")}
        self.assert_same(self.infer("add_sub", framed(mixed, to_bytes(b))).outputs()["SUM"], a + b)

    def test_raw_and_in_chunks_and_compressed(self):
        array = numbers(5, LEAST // 8)
        wide = np.ascontiguousarray(array.reshape(-1, 8))
        sums = self.infer("matmul", encode([("x", wide)], binary("y"))).outputs()["y"]
        self.assert_same(self.infer("matmul", ([(HEADER, 0)], to_bytes(wide))).outputs()["y"], sums)
        headers, body = encode([("x", array)], binary("y"))
        pieces = [body[i : i + 50_001] for i in range(0, len(body), 50_001)]
        answer = self.server.request(
            "POST", infer_path("identity_fp32"), [*headers, ("Transfer-Encoding", "chunked")], chunked(pieces),
            timeout=SECONDS)
        self.assert_same(self.succeed(answer).outputs()["y"], array)
        coding = [("Content-Encoding", "gzip"), ("Accept-Encoding", "gzip")]
        answer = self.infer("identity_fp32", (headers, gzip.compress(body, 1)), headers=coding)
        self.assertEqual(answer.header("Content-Encoding"), "gzip")
        answer.body = gzip.decompress(answer.body)
        self.assert_same(answer.outputs()["y"], array)

    def test_header_lengths_that_lie(self):
        array = numbers(6, LEAST // 16)
        _, body = encode([("x", array)], binary("y"))
        start = body.index(to_bytes(array))
        for length in (start - 1, start + 1, len(body), len(body) + 1, -1, 1 << 62, "9" * 30, "x"):
            with self.subTest(length):
                self.refuse(self.server.infer("identity_fp32", ([(HEADER, length)], body), timeout=SECONDS), 400)
        self.assert_same(self.infer("identity_fp32", ([(HEADER, start)], body)).outputs()["y"], array)

    def test_requests_side_by_side_and_one_after_the_other_keep_their_bytes(self):
        """Memory is used again at once; none may be shared by two answers."""

        def ask(client):
            with self.server.connect(timeout=SECONDS) as connection:
                for i in range(12):
                    array = np.full((LEAST // 16 + i * 999, 4), client * 100 + i, np.float32)
                    headers, body = encode([("x", array)], binary("y"))
                    answer = connection.request("POST", infer_path("identity_fp32"), headers, body)
                    if to_bytes(array) != self.succeed(answer).tensors()[0].raw:
                        return False
            return True

        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            self.assertEqual(list(pool.map(ask, range(4))), [True] * 4)

    def test_kept_answers(self):
        with serving(("identity_fp32", "add_sub")) as server:
            for model in ("identity_fp32", "add_sub"):
                (server.repository / model / "model.json").write_text(json.dumps({"traffic": {"cache": True}}))
                self.succeed(server.post(f"/v2/repository/models/{model}/load", timeout=SECONDS))
            for seed in range(3):
                a, b = numbers(seed, LEAST // 12), numbers(seed + 9, LEAST // 12)
                for _ in range(3):
                    request = encode([("A", a), ("B", b)], binary("SUM", "DIFF"))
                    answer = self.succeed(server.infer("add_sub", request, timeout=SECONDS)).outputs()
                    self.assert_same(answer["SUM"], a + b)
                    request = encode([("x", a)], binary("y"))
                    answer = self.succeed(server.infer("identity_fp32", request, timeout=SECONDS)).outputs()
                    self.assert_same(answer["y"], a)
            stats = self.succeed(server.get("/v2/models/add_sub/stats")).json()["model_stats"][0]
            self.assertEqual(stats["inference_stats"]["cache_hit"]["count"], 6)


if __name__ == "__main__":
    unittest.main()
