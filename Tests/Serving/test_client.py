"""`mass predict`, `mass load` and the examples of clients, against a server and against things that are none."""
import contextlib
import json
import os
import pathlib
import pty
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import unittest

import numpy as np

from harness import MASS, ROOT, ServingCase, serving
from tensors import DTYPES

MODELS = ROOT / "models"
EXAMPLES = ROOT / "examples" / "clients"
LABELS = MODELS / "digits.labels.txt"
PICTURES = sorted((MODELS / "pictures").glob("*.png"))
DIGITS = "0 2 5 7 8"
TIMEOUT_SECONDS = 60
# What numpy calls the types that .npy files hold.
STORABLE = [name for name in DTYPES if name not in ("BF16", "BYTES")]
PATH = "/v2/models/m"
METADATA = {
    "name": "m", "versions": ["1"], "platform": "", "inputs": [{"name": "x", "datatype": "FP32", "shape": [-1, 2]}],
    "outputs": [{"name": "y", "datatype": "FP32", "shape": [-1, 2]}]}


def setUpModule():
    """One server for all, with the demonstration model beside those of the tests."""
    server = unittest.enterModuleContext(serving())
    place = server.repository / "digits" / "1"
    place.mkdir(parents=True)
    shutil.copy(MODELS / "digits.onnx", place / "model.onnx")
    answer = server.post("/v2/repository/models/digits/load", {}, timeout=TIMEOUT_SECONDS)
    assert answer.status == 200, answer
    ServingCase.server = server


def mass(*arguments, timeout=TIMEOUT_SECONDS):
    return subprocess.run([MASS, *map(str, arguments)], capture_output=True, text=True, timeout=timeout)


class ClientCase(ServingCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="mass-client-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def url(self, model):
        return f"http://{self.server.http}/v2/models/{model}"

    def ok(self, *arguments):
        done = mass(*arguments)
        self.assertEqual((done.returncode, done.stderr), (0, ""), done)
        return done.stdout

    def fail(self, status, pattern, *arguments):
        done = mass(*arguments)
        self.assertEqual(done.returncode, status, done)
        self.assertRegex(done.stderr, pattern)
        self.assertEqual(done.stderr.startswith("mass: "), True, done.stderr)
        return done


class Predict(ClientCase):
    def array(self, name, array):
        path = self.folder / f"{name}.npy"
        np.save(path, array)
        return f"{name}={path}"

    def test_picture(self):
        for path in PICTURES:
            with self.subTest(path.name):
                output = self.ok(
                    "predict", self.url("digits"), "--input", f"image={path}", "--top", 1, "--labels", LABELS)
                self.assertRegex(output, r"^probabilities  f32\[1x10\]")
                self.assertEqual(output.split()[-1], path.stem[-1])

    def test_shows_the_same_as_run(self):
        arguments = ("--inputs", MODELS / "digits.inputs.npz", "--top", "2", "--labels", LABELS)
        here, there = (
            json.loads(self.ok(*command, *arguments, "--json"))
            for command in (("run", MODELS / "digits.onnx"), ("predict", self.url("digits"))))
        for value in (here, there):
            for output in value["outputs"]:
                del output["first"], output["min"], output["max"], output["mean"]
            for row in value["top"]:
                row["classes"] = [entry["index"] for entry in row["classes"]][:1]
        self.assertEqual(here["outputs"], there["outputs"])
        self.assertEqual(here["top"], there["top"])

    def test_output_archive(self):
        path = self.folder / "y.npz"
        self.assertEqual(
            self.ok("predict", self.url("digits"), "--inputs", MODELS / "digits.inputs.npz", "--output", path,
                    "--quiet"), "")
        with np.load(path) as got, np.load(MODELS / "digits.expected.npz") as expected:
            np.testing.assert_allclose(got["probabilities"], expected["probabilities"], atol=1e-5)

    def test_every_datatype_bit_for_bit(self):
        for datatype in STORABLE:
            with self.subTest(datatype):
                bits = np.random.default_rng(3).integers(0, 2, (3, 4 * DTYPES[datatype].itemsize), np.uint8)
                array = bits.view(DTYPES[datatype]).reshape(3, 4)
                path = self.folder / f"{datatype}.npz"
                self.ok(
                    "predict", self.url(f"identity_{datatype.lower()}"), "--input", self.array("x", array), "--output",
                    path)
                with np.load(path) as got:
                    self.assert_same(got["y"], array)

    def test_strings(self):
        texts = np.array([["", "ä€😀"], ["a b", "x" * 300]])
        value = json.loads(
            self.ok("predict", self.url("identity_bytes"), "--input", self.array("x", texts), "--json"))
        self.assertEqual(value["outputs"][0]["first"], texts.ravel().tolist())

    def test_several_inputs_and_outputs(self):
        left, right = np.full((2, 4), 3, np.float32), np.full((2, 4), 1, np.float32)
        path = self.folder / "y.npz"
        self.ok(
            "predict", self.url("add_sub"), "--input", self.array("B", right), "--input", self.array("A", left),
            "--output", path)
        with np.load(path) as got:
            self.assertEqual(got.files, ["SUM", "DIFF"])
            self.assert_same(got["DIFF"], left - right)

    def test_versions(self):
        one = self.array("x", np.ones((1, 1), np.float32))
        for end, version, result in (
            ("", "3", 3), ("/versions/1", "1", 1), ("/versions/3", "3", 3), ("/versions/1/infer", "1", 1),
            ("/infer", "3", 3), ("/", "3", 3),
        ):
            with self.subTest(end):
                value = json.loads(self.ok("predict", self.url("scale") + end, "--input", one, "--json"))
                self.assertEqual((value["version"], value["outputs"][0]["first"]), (version, [result]))

    def test_request_id(self):
        one = self.array("x", np.ones((1, 1), np.float32))
        value = json.loads(
            self.ok("predict", self.url("scale"), "--input", one, "--request-id", 'a"b', "--json"))
        self.assertEqual((value["id"], value["model"]), ('a"b', "scale"))

    def test_outputs_without_elements(self):
        output = self.ok("predict", self.url("shape_data"), "--input", self.array("x", np.zeros(3, np.float32)))
        self.assertRegex(output, r"^y  i64\[1x0\]")

    def test_errors_of_the_server(self):
        wrong = self.array("x", np.ones((3, 3), np.float32))
        for pattern, url, arguments in (
            (r"'nobody' is not found \(HTTP 404\); .*/v2/repository/index", self.url("nobody"), ()),
            (r"'scale' version 2 is not found \(HTTP 404\)", self.url("scale") + "/versions/2", ()),
            (r"\(HTTP 400\)", self.url("fixed"), ("--input", wrong)),
        ):
            with self.subTest(pattern):
                self.fail(1, f"^mass: {re.escape(url)}: .*{pattern}", "predict", url, *arguments)

    def test_errors_of_inputs(self):
        one = self.array("Z", np.ones((1, 1), np.float32))
        text = self.array("x", np.array([["a"]]))
        for pattern, arguments in (
            ("there is no input 'Z'; the model's inputs are 'x'", ("--input", one)),
            ("input 'x' is missing: expected f32", ()),
            ("nowhere.npy: No such file", ("--input", "x=nowhere.npy")),
            (r"expects 'FP32' \(HTTP 400\)", ("--input", text)),
        ):
            with self.subTest(pattern):
                self.fail(1, pattern, "predict", self.url("scale"), *arguments)

    def test_errors_of_the_command_line(self):
        for arguments in (
            ("http://localhost:8000",), ("localhost:8000/v2/models/m",), ("http://localhost:8000/v2/models/a b",), (),
            (self.url("scale"), "--timeout", "0"), (self.url("scale"), "--labels", LABELS),
        ):
            with self.subTest(arguments):
                self.assertEqual(mass("predict", *arguments).returncode, 64)


class Load(ClientCase):
    def load(self, *arguments, status=None):
        """The report of a run. Its status is 1 when the machine is too busy for the client to keep the schedule."""
        done = mass("load", *arguments, "--json")
        report = json.loads(done.stdout)
        self.assertEqual(done.returncode, (0 if report["valid"] else 1) if status is None else status, done)
        return report

    def test_open_loop(self):
        report = self.load(self.url("identity_fp32"), "--rate", 200, "--duration", 2, "--warmup", 0.2, "--slo", 1000)
        self.assertEqual((report["mode"], report["rate"], report["arrivals"]), ("open", 200, "poisson"))
        # Five standard deviations of Poisson's distribution.
        self.assertLess(abs(report["scheduled"] - 400), 100)
        self.assertEqual((report["sent"], report["succeeded"]), (report["scheduled"], report["scheduled"]))
        self.assertEqual((report["failed"], report["failures"], report["unfinished"]), (0, {}, 0))
        self.assertAlmostEqual(report["measured_s"], 2)
        self.assertAlmostEqual(report["achieved_rate"], report["succeeded"] / 2, delta=50)
        for kind in ("response_ms", "service_ms"):
            values = [report[kind][key] for key in ("min", "p50", "p90", "p99", "p99.9", "max")]
            self.assertEqual(values, sorted(values))
            self.assertGreater(values[0], 0)
        self.assertGreaterEqual(report["response_ms"]["mean"], report["service_ms"]["mean"])

    def test_uniform_arrivals_are_counted_exactly(self):
        report = self.load(
            self.url("matmul"), "--rate", 100, "--duration", 1, "--warmup", 0, "--arrivals", "uniform", "--shape",
            "x=5x8")
        self.assertEqual((report["scheduled"], report["succeeded"]), (100, 100))

    def test_seed_decides_arrivals(self):
        counts = [
            self.load(self.url("fixed"), "--rate", 300, "--duration", 0.5, "--warmup", 0, "--seed", seed)["scheduled"]
            for seed in (1, 1, 2, 3)]
        self.assertEqual(counts[0], counts[1])
        self.assertGreater(len(set(counts)), 1)

    def test_closed_loop(self):
        report = self.load(self.url("identity_fp32"), "--closed", 4, "--duration", 1, "--warmup", 0.2)
        self.assertEqual((report["mode"], report["rate"], report["connections"]), ("closed", None, 4))
        self.assertEqual((report["response_ms"], report["valid"]), (None, True))
        self.assertGreater(report["succeeded"], 100)
        self.assertEqual(report["failed"], 0)

    def test_several_threads(self):
        report = self.load(
            self.url("identity_fp32"), "--rate", 300, "--duration", 1, "--warmup", 0, "--client-threads", 2,
            "--connections", 7, "--arrivals", "uniform")
        self.assertEqual((report["scheduled"], report["succeeded"]), (300, 300))

    def test_overload(self):
        """A model of half a second with a queue of four: the rest is refused or waits, and all of it is told."""
        report = self.load(
            self.url("slow"), "--rate", 20, "--duration", 2, "--warmup", 0, "--connections", 40, "--slo", 100)
        self.assertEqual(report["scheduled"], report["succeeded"] + report["failed"])
        self.assertGreater(report["failures"]["HTTP 503"], 5)
        self.assertLess(report["goodput"], 20)

    def test_few_connections_make_requests_wait(self):
        report = self.load(
            self.url("slow"), "--rate", 10, "--duration", 2, "--warmup", 0, "--connections", 1, "--arrivals", "uniform",
            "--timeout", 30)
        self.assertEqual(report["succeeded"], 20)
        self.assertGreater(report["response_ms"]["p50"], 2 * report["service_ms"]["p50"])

    def test_timeouts(self):
        report = self.load(
            self.url("slow"), "--rate", 20, "--duration", 1, "--warmup", 0, "--connections", 1, "--timeout", 3)
        self.assertEqual(report["scheduled"], report["succeeded"] + report["failed"])
        self.assertGreater(report["failures"]["timeout"], 2)
        self.assertGreater(report["response_ms"]["max"], 2900)

    def test_text(self):
        done = mass("load", self.url("fixed"), "--rate", 50, "--duration", 0.5, "--warmup", 0, "--slo", 50)
        for line in ("open loop, 50/s poisson", "achieved rate", "goodput", "client lag", "p99.9", "response  service"):
            self.assertIn(line, done.stdout)
        closed = self.ok("load", self.url("fixed"), "--closed", 1, "--duration", 0.5, "--warmup", 0)
        self.assertIn("closed-loop throughput", closed)
        self.assertNotIn("response", closed)

    def test_progress_and_interruption(self):
        """On a terminal there is a line each second; Ctrl-C ends the run and prints what was measured."""
        master, slave = pty.openpty()
        self.addCleanup(os.close, master)
        command = [MASS, "load", self.url("fixed"), "--rate", "100", "--duration", "600", "--json"]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=slave, text=True)
        os.close(slave)
        time.sleep(3.5)
        process.send_signal(signal.SIGINT)
        report = json.loads(process.communicate(timeout=10)[0])
        shown = os.read(master, 1 << 16).decode()
        self.assertRegex(shown, r"2 s: \d+/s, 0 failed, \d+ waiting, p50 \d")
        self.assertTrue(report["interrupted"])
        self.assertGreater(report["measured_s"], 1)
        self.assertLess(report["measured_s"], 4)
        self.assertLess(abs(report["sent"] - 100 * report["measured_s"]), 100)

    def test_no_progress_where_no_one_watches(self):
        done = mass("load", self.url("fixed"), "--closed", 1, "--duration", 1.5, "--warmup", 0, "--quiet")
        self.assertEqual((done.stdout, done.stderr), ("", ""))

    def test_errors(self):
        url = self.url("fixed")
        for status, pattern, arguments in (
            (64, "expected --rate R or --closed N", (url,)),
            (64, "expected --rate R or --closed N", (url, "--rate", 1, "--closed", 1)),
            (64, "--rate", (url, "--rate", 0)), (64, "--duration", (url, "--rate", 1, "--duration", "nan")),
            (64, "connections", (url, "--rate", 1, "--connections", 0)),
            (64, "--client-threads", (url, "--rate", 1, "--connections", 1, "--client-threads", 2)),
            (1, r"not found \(HTTP 404\)", (self.url("nobody"), "--rate", 1)),
            (1, "there is no input 'y'; the model's inputs are 'x'", (url, "--rate", 1, "--shape", "y=1")),
            (1, r"\(HTTP 400\)", (url, "--rate", 1, "--shape", "x=3x3")),
            (1, "does not speak TLS", (url.replace("http", "https"), "--rate", 1)),
        ):
            with self.subTest(arguments):
                self.fail(status, pattern, "load", *arguments)


class Examples(ClientCase):
    def run_example(self, name, address):
        path = EXAMPLES / name
        command = [str(path)] if name.endswith(".sh") else [sys.executable, str(path)]
        done = subprocess.run([*command, address], capture_output=True, text=True, timeout=TIMEOUT_SECONDS)
        self.assertEqual(done.returncode, 0, done)
        return done.stdout

    def test_tritonclient_http(self):
        self.assertEqual(self.run_example("tritonclient_http.py", self.server.http).strip(), DIGITS)

    def test_tritonclient_grpc(self):
        self.assertEqual(self.run_example("tritonclient_grpc.py", self.server.grpc).strip(), DIGITS)

    def test_tensorflow_serving(self):
        self.assertEqual(self.run_example("tfserving.py", self.server.http).strip(), DIGITS)

    @unittest.skipUnless(shutil.which("curl") and shutil.which("unzip"), "needs curl and unzip")
    def test_curl(self):
        lines = self.run_example("curl.sh", self.server.http).splitlines()
        model, empty, five = (json.loads(line) for line in lines if line.startswith("{"))
        self.assertEqual(model["name"], "digits")
        self.assertEqual(len(empty["outputs"][0]["data"]), 10)
        first = [value.split(":")[1] for value in five["outputs"][0]["data"][::2]]
        self.assertEqual(" ".join(first), DIGITS)


# ---- Servers that are none -----------------------------------------------------------------------


def answer(status, body, *headers):
    body = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def outputs(shape, size, tail, **members):
    """An answer to an inference with one output whose bytes are `tail`."""
    entry = {"name": "y", "datatype": "FP32", "shape": shape, "parameters": {"binary_data_size": size}}
    head = json.dumps({"model_name": "m", "outputs": [{**entry, **members}]}).encode()
    return answer(200, head + tail, f"Inference-Header-Content-Length: {len(head)}")


GOOD = outputs([1, 2], 8, struct.pack("<ff", 1, 2))


class Script:
    """A server that answers as `reply(path, number)` says; nothing is a connection that is closed."""

    def __init__(self, reply):
        self.reply, self.count, self.lock = reply, 0, threading.Lock()
        self.socket = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.address = "127.0.0.1:%d" % self.socket.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.socket.accept()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        data = b""
        with connection, contextlib.suppress(OSError):
            while True:
                while b"\r\n\r\n" not in data:
                    data = self._more(connection, data)
                head, data = data.split(b"\r\n\r\n", 1)
                length = re.search(rb"content-length: *(\d+)", head, re.IGNORECASE)
                while len(data) < int(length[1] if length else 0):
                    data = self._more(connection, data)
                data = data[int(length[1] if length else 0) :]
                with self.lock:
                    self.count += 1
                    number = self.count
                reply = self.reply(head.split(b" ", 2)[1].decode(), number)
                if reply is None:
                    return
                connection.sendall(reply)

    @staticmethod
    def _more(connection, data):
        more = connection.recv(1 << 16)
        if not more:
            raise OSError
        return data + more


def inference(reply):
    """Answers metadata as it should be, and inferences with `reply`, bytes or a function of their number."""
    def answers(path, number):
        if not path.endswith("/infer"):
            return answer(200, METADATA)
        return reply(number) if callable(reply) else reply

    return answers


class Hostile(unittest.TestCase):
    """Answers that no server should give end in an error, soon and in little memory."""

    def predict(self, reply, *arguments):
        array = np.ones((1, 2), np.float32)
        with tempfile.TemporaryDirectory() as folder, Script(reply) as script:
            np.save(f"{folder}/x.npy", array)
            return mass(
                "predict", f"http://{script.address}{PATH}", "--input", f"x={folder}/x.npy", "--timeout", 5, *arguments)

    def refuse(self, reply, pattern):
        done = self.predict(reply)
        self.assertEqual(done.returncode, 1, done)
        self.assertRegex(done.stderr, f"^mass: http://127.0.0.1:\\d+{PATH}: .*{pattern}")

    def test_good_answers(self):
        chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n"
        text = json.dumps({"outputs": [{"name": "y", "datatype": "FP32", "shape": [1, 2], "data": [1, 2]}]}).encode()
        for reply in (GOOD, answer(200, text), chunked % (len(text), text)):
            done = self.predict(inference(reply), "--json")
            self.assertEqual(json.loads(done.stdout)["outputs"][0]["first"], [1, 2])

    def test_metadata(self):
        for reply, pattern in (
            (b"garbage\r\n\r\n", "not HTTP"), (answer(200, b"<html>"), "no server of the Open Inference Protocol"),
            (answer(404, b"<html>"), "no server of the Open Inference Protocol.*HTTP 404"),
            (answer(302, b"", "Location: http://127.0.0.1:1/"), "HTTP 302"), (None, "closed the connection"),
            (answer(500, {"error": "no\nway"}), r"no\s+way"), (answer(200, {"name": "m"}), "no name, inputs"),
            (b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n", "larger than 4194304 bytes|no answer within"),
        ):
            with self.subTest(pattern):
                self.refuse(lambda path, number: reply, pattern)

    def test_inferences(self):
        four = struct.pack("<f", 1)
        for reply, pattern in (
            (outputs([1, 2], 8, four), "8 bytes, 4 are left"), (outputs([1, 2], 4, four), "has 4 bytes"),
            (outputs([1 << 40, 1 << 40], 4, four), "more elements than"), (outputs([-1], 4, four), "extents"),
            (outputs([1], 4, four + four), "4 bytes follow"), (outputs([1], -1, four), "-1 bytes"),
            (outputs([1], 4, four, datatype="FP99"), "no known datatype"), (answer(200, {}), "has no outputs"),
            (answer(200, b"", "Inference-Header-Content-Length: 99"), "JSON part"),
            (answer(200, {"outputs": [{"name": "y", "datatype": "FP32", "shape": [1 << 30], "data": [1]}]}), "expected"),
            (answer(503, {"error": "full"}), r"full \(HTTP 503\); .*try again"), (None, "closed the connection"),
        ):
            with self.subTest(pattern):
                self.refuse(inference(reply), pattern)

    def test_silence(self):
        start = time.monotonic()
        with socket.create_server(("127.0.0.1", 0)) as silent:
            url = "http://127.0.0.1:%d%s" % (silent.getsockname()[1], PATH)
            done = mass("predict", url, "--timeout", 0.5)
        self.assertRegex(done.stderr, "no answer within 0.5 s; --timeout")
        self.assertLess(time.monotonic() - start, 10)

    def test_nobody(self):
        with socket.create_server(("127.0.0.1", 0)) as gone:
            url = "http://127.0.0.1:%d%s" % (gone.getsockname()[1], PATH)
        for command in (("predict",), ("load", "--rate", 1)):
            done = mass(*command, url)
            self.assertEqual(done.returncode, 1, done)
            self.assertRegex(done.stderr, "the server does not answer: connection refused; is a server running there")


class LoadOnFaultyServers(unittest.TestCase):
    def load(self, reply, *arguments):
        with Script(inference(reply)) as script:
            url = f"http://{script.address}{PATH}"
            done = mass("load", url, "--warmup", 0, "--arrivals", "uniform", "--connections", 4, *arguments, "--json")
            return json.loads(done.stdout)

    def test_stall_is_in_the_response_times(self):
        """The server stands still for a second: of 300 requests in 3 s, 100 wait, and a tenth waits 0.7 s and more."""
        stalls = [time.monotonic() + 1.5]

        def reply(number):
            late = time.monotonic() - stalls[0]
            if 0 <= late < 1:
                time.sleep(1 - late)
            return GOOD

        report = self.load(reply, "--rate", 100, "--duration", 3)
        self.assertEqual((report["scheduled"], report["succeeded"]), (300, 300))
        self.assertGreater(report["response_ms"]["p90"], 550)
        self.assertLess(report["service_ms"]["p90"], 300)
        self.assertGreater(report["response_ms"]["max"], 900)

    def test_connections_that_break_are_opened_again(self):
        report = self.load(lambda number: None if number % 10 == 0 else GOOD, "--rate", 100, "--duration", 2)
        self.assertEqual(report["scheduled"], report["succeeded"] + report["failed"])
        self.assertGreaterEqual(report["failures"]["closed"], 15)
        self.assertGreater(report["succeeded"], 150)

    def test_every_kind_of_answer(self):
        kinds = [
            GOOD, answer(429, {"error": "x"}), b"garbage\r\n\r\n", GOOD + GOOD, answer(200, b"x", "Connection: close"),
            b"HTTP/1.1 200 OK\r\n\r\nno length"]
        report = self.load(
            lambda number: GOOD if number <= 2 else kinds[number % len(kinds)], "--rate", 60, "--duration", 2,
            "--timeout", 1)
        self.assertEqual(report["scheduled"], report["succeeded"] + report["failed"])
        self.assertGreater(report["succeeded"], 40)
        self.assertGreater(report["failures"]["HTTP 429"], 10)
        self.assertGreater(report["failures"]["malformed"], 10)

    def test_server_that_only_refuses(self):
        with Script(inference(lambda number: GOOD if number <= 2 else answer(500, {"error": "x"}))) as script:
            done = mass("load", f"http://{script.address}{PATH}", "--rate", 50, "--duration", 1, "--warmup", 0)
        self.assertEqual(done.returncode, 1, done)
        self.assertRegex(done.stderr, "no request was answered with success|figures are invalid")
        self.assertIn("× HTTP 500", done.stdout)


if __name__ == "__main__":
    unittest.main()
