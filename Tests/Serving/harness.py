"""Starts `mass serve` and speaks HTTP to it over plain sockets, so that nothing is hidden by a lenient client.

    MASS=PATH       the program to test, by default .build/release/mass
"""
import contextlib
import json
import os
import pathlib
import queue
import re
import signal
import socket
import struct
import subprocess
import tempfile
import threading
import time
import unittest

import ml_dtypes
import numpy as np

import make_models

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
MASS = str(pathlib.Path(os.environ.get("MASS", ROOT / ".build/release/mass")).resolve())
START_SECONDS = 60
ANSWER_SECONDS = 5

DTYPES = {
    "BOOL": np.dtype(np.bool_), "UINT8": np.dtype(np.uint8), "UINT16": np.dtype(np.uint16),
    "UINT32": np.dtype(np.uint32), "UINT64": np.dtype(np.uint64), "INT8": np.dtype(np.int8),
    "INT16": np.dtype(np.int16), "INT32": np.dtype(np.int32), "INT64": np.dtype(np.int64),
    "FP16": np.dtype(np.float16), "BF16": np.dtype(ml_dtypes.bfloat16), "FP32": np.dtype(np.float32),
    "FP64": np.dtype(np.float64), "BYTES": np.dtype(object),
}


class Hang(AssertionError):
    """Nothing came for as long as a client would wait."""


class Closed(AssertionError):
    """The server closed the connection where an answer was due."""


class Malformed(AssertionError):
    """What came is not HTTP."""


# ---- The server --------------------------------------------------------------------------------


class Server:
    """A running `mass serve`: listening when the block is entered, gone when it is left."""

    def __init__(self, repository, *arguments, environment=None):
        command = [
            MASS, "serve", "--repository", str(repository), "--host", "127.0.0.1", "--http-port", "0", "--grpc-port",
            "0", *map(str, arguments)]
        self.lines, self.events, self._arrived = [], [], queue.Queue()
        self.process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            env={**os.environ, **(environment or {})})
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self.http = self.grpc = None
        try:
            self._start()
        except AssertionError:
            self.kill()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()

    def _read(self):
        for line in self.process.stdout:
            text = line.decode("utf-8", "replace").rstrip("\n")
            self.lines.append(text)
            try:
                event = json.loads(text)
            except ValueError:
                continue
            if isinstance(event, dict):
                self.events.append(event)
                self._arrived.put(event)
        self._arrived.put(None)

    def _start(self):
        """Waits until both protocols are listened to and every model was tried."""
        is_serving = False
        while not (is_serving and self.http and self.grpc):
            event = self.wait_for(("listening", "serving"), START_SECONDS)
            if event["event"] == "serving":
                is_serving = True
            elif event["protocol"] == "http":
                self.http = event["address"]
            else:
                self.grpc = event["address"]

    def wait_for(self, names, seconds):
        """The first line of the log not looked at so far whose `event` is one of `names`."""
        end = time.monotonic() + seconds
        while True:
            try:
                event = self._arrived.get(timeout=max(0, end - time.monotonic()))
            except queue.Empty:
                raise AssertionError(f"no event {names} within {seconds} s; the log:\n{self.log()}") from None
            if event is None:
                raise AssertionError(f"the server ended without event {names}; the log:\n{self.log()}")
            if event.get("event") in names:
                return event

    def log(self, count=40):
        return "\n".join(self.lines[-count:])

    @property
    def pid(self):
        return self.process.pid

    @property
    def is_running(self):
        return self.process.poll() is None

    def peak_memory(self):
        """Bytes of memory the process has held at most."""
        status = pathlib.Path(f"/proc/{self.pid}/status").read_text()
        return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) * 1024

    def open_files(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def stop(self, seconds=30):
        """Asks the server to leave and gives its exit status."""
        if self.is_running:
            self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise Hang(f"still running {seconds} s after SIGTERM; the log:\n{self.log()}") from None
        self._reader.join(5)
        return status

    def kill(self):
        if self.is_running:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self._reader.join(5)
        self.process.stdout.close()

    def connect(self, timeout=ANSWER_SECONDS):
        return Connection(self.http, timeout)

    def request(self, method, path, headers=(), body=None, timeout=ANSWER_SECONDS):
        """One request on a connection of its own."""
        with self.connect(timeout) as connection:
            return connection.request(method, path, headers, body)

    def get(self, path, **options):
        return self.request("GET", path, **options)

    def post(self, path, value=None, headers=(), **options):
        """Posts a JSON value, or bytes as they are."""
        body = value if isinstance(value, bytes) else b"" if value is None else json.dumps(value).encode()
        return self.request("POST", path, headers, body, **options)

    def infer(self, model, request, version=None, headers=(), **options):
        """Posts an inference: a dictionary as JSON, or a pair of headers and body as `encode` gives it."""
        path = infer_path(model, version)
        if isinstance(request, tuple):
            more, body = request
            return self.request("POST", path, [*more, *headers], body, **options)
        return self.post(path, request, headers, **options)


def infer_path(model, version=None):
    return f"/v2/models/{model}/infer" if version is None else f"/v2/models/{model}/versions/{version}/infer"


# ---- HTTP over a socket --------------------------------------------------------------------------


class Answer:
    """One HTTP response."""

    def __init__(self, status, headers, body, interim=()):
        self.status, self.headers, self.body, self.interim = status, headers, body, list(interim)

    def __repr__(self):
        return f"{self.status} {self.headers} {self.body[:400]!r}"

    def values(self, name):
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def header(self, name):
        found = self.values(name)
        return found[0] if found else None

    def json(self):
        return self._parse(self.body)

    def _parse(self, text):
        def refuse(token):
            raise ValueError(f"{token} is not JSON")

        try:
            return json.loads(text, parse_constant=refuse)
        except ValueError as error:
            raise AssertionError(f"not JSON ({error}): {self!r}") from None

    def error(self):
        """The message of an error answer, which must have the protocol's form."""
        value = self.json()
        if not isinstance(value, dict) or not isinstance(value.get("error"), str) or not value["error"]:
            raise AssertionError(f"not an error object: {self!r}")
        return value["error"]

    def outputs(self):
        """The tensors of an inference's answer by name, as arrays."""
        return {tensor.name: tensor.array for tensor in self.tensors()}

    def tensors(self):
        length = self.header("Inference-Header-Content-Length")
        head, tail = (self.body, b"") if length is None else (self.body[: int(length)], self.body[int(length) :])
        value = self._parse(head)
        if "outputs" not in value:
            raise AssertionError(f"an answer without outputs: {self!r}")
        tensors, offset = [], 0
        for entry in value["outputs"]:
            count = entry.get("parameters", {}).get("binary_data_size")
            tensors.append(Tensor(entry, None if count is None else tail[offset : offset + count]))
            offset += count or 0
        if offset != len(tail):
            raise AssertionError(f"{len(tail)} bytes follow the JSON part where {offset} were announced: {head!r}")
        return tensors


class Tensor:
    """An output of an answer; `raw` is none if it came as JSON."""

    def __init__(self, entry, raw):
        self.entry, self.raw = entry, raw
        self.name, self.datatype, self.shape = entry["name"], entry["datatype"], tuple(entry["shape"])
        if raw is None:
            self.array = from_json(self.datatype, self.shape, entry["data"])
        else:
            if "data" in entry:
                raise AssertionError(f"an output with both data and binary_data_size: {entry}")
            self.array = from_bytes(self.datatype, self.shape, raw)


def json_types(datatype):
    """What elements may be in JSON, as Python reads it."""
    if datatype == "BOOL":
        return (bool,)
    return (str,) if datatype == "BYTES" else (int, float) if datatype.startswith("FP") else (int,)


def from_json(datatype, shape, data):
    flat, kinds = [], json_types(datatype)

    def flatten(value):
        if isinstance(value, list):
            for element in value:
                flatten(element)
        elif type(value) in kinds:
            flat.append(value.encode() if isinstance(value, str) else value)
        else:
            raise AssertionError(f"{value!r} as an element of {datatype}")

    flatten(data)
    array = np.empty(len(flat), DTYPES[datatype])
    array[:] = flat
    return array.reshape(shape)


def from_bytes(datatype, shape, raw):
    if datatype != "BYTES":
        return np.frombuffer(raw, DTYPES[datatype]).reshape(shape)
    elements, offset = [], 0
    while offset < len(raw):
        (count,) = struct.unpack_from("<I", raw, offset)
        elements.append(raw[offset + 4 : offset + 4 + count])
        offset += 4 + count
    array = np.empty(len(elements), object)
    array[:] = elements
    return array.reshape(shape)


def to_bytes(array):
    if array.dtype != object:
        return np.ascontiguousarray(array).tobytes()
    return b"".join(struct.pack("<I", len(element)) + element for element in array.flat)


class Connection:
    """A connection that sends what it is told, byte for byte."""

    def __init__(self, address, timeout=ANSWER_SECONDS):
        host, port = address.rsplit(":", 1)
        self.address, self.timeout, self._received = address, timeout, b""
        self.socket = socket.create_connection((host.strip("[]"), int(port)), timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def send(self, data):
        """Sends all of `data`; a server that has stopped listening shows when the answer is read."""
        try:
            self.socket.sendall(data)
        except socket.timeout:
            raise Hang(f"the server took none of {len(data)} bytes for {self.timeout} s") from None
        except OSError:
            pass

    def request(self, method, path, headers=(), body=None):
        self.send(request_bytes(method, path, headers, body))
        return self.read(method)

    def read(self, method="GET"):
        """The next answer on this connection, which answers a request of `method`."""
        interim = []
        while True:
            status, headers = self._head()
            if status >= 200 or status == 101:
                break
            interim.append(status)
        try:
            return Answer(status, headers, self._body(method, status, headers), interim)
        except Closed as error:
            raise Malformed(f"an answer that was cut off: {status} {headers}: {error}") from None

    def _fill(self):
        try:
            data = self.socket.recv(1 << 18)
        except socket.timeout:
            raise Hang(f"no answer within {self.timeout} s; so far {self._received[:200]!r}") from None
        except OSError as error:
            raise Closed(f"{error}; so far {self._received[:200]!r}") from None
        if not data:
            raise Closed(f"the connection was closed; so far {self._received[:200]!r}")
        self._received += data

    def _head(self):
        while b"\r\n\r\n" not in self._received:
            self._fill()
        head, self._received = self._received.split(b"\r\n\r\n", 1)
        first, *lines = head.decode("latin-1").split("\r\n")
        found = re.fullmatch(r"HTTP/1\.[01] (\d{3})(?: .*)?", first)
        if not found:
            raise Malformed(f"not a status line: {first!r}")
        if not all(re.match(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+:", line) for line in lines):
            raise Malformed(f"not a header among {lines}")
        return int(found[1]), [(line.split(":", 1)[0], line.split(":", 1)[1].strip()) for line in lines]

    def _body(self, method, status, headers):
        lengths = [value for key, value in headers if key.lower() == "content-length"]
        codings = [value for key, value in headers if key.lower() == "transfer-encoding"]
        if len(lengths) + len(codings) > 1:
            raise Malformed(f"a body with two lengths: {headers}")
        if method == "HEAD" or status in (204, 304):
            return b""
        if codings:
            return self._chunks()
        if lengths:
            return self._take(int(lengths[0]))
        return self._rest()

    def _take(self, count):
        parts, held = [self._received], len(self._received)
        self._received = b""
        while held < count:
            self._fill()
            parts.append(self._received)
            held += len(self._received)
            self._received = b""
        data = b"".join(parts)
        self._received = data[count:]
        return data[:count]

    def _rest(self):
        with contextlib.suppress(Closed):
            while True:
                self._fill()
        data, self._received = self._received, b""
        return data

    def _line(self):
        while b"\r\n" not in self._received:
            self._fill()
        line, self._received = self._received.split(b"\r\n", 1)
        return line

    def _chunks(self):
        body = b""
        while count := int(self._line().split(b";")[0], 16):
            body += self._take(count)
            self._line()
        while self._line():
            pass
        return body

    def is_closed(self, seconds=ANSWER_SECONDS):
        """Whether the server closes the connection without sending anything more."""
        self.socket.settimeout(seconds)
        try:
            return not self._received and not self.socket.recv(1)
        except socket.timeout:
            return False
        except OSError:
            return True
        finally:
            self.socket.settimeout(self.timeout)


def request_bytes(method, path, headers=(), body=None):
    """A request with `Host` and, if there is a body, its length, unless the headers say otherwise."""
    named = {name.lower() for name, _ in headers}
    lines = [f"{method} {path} HTTP/1.1"]
    if "host" not in named:
        lines.append("Host: test")
    lines += [f"{name}: {value}" for name, value in headers]
    if body is not None and not named & {"content-length", "transfer-encoding"}:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode("utf-8") + b"\r\n\r\n" + (body or b"")


def chunked(pieces):
    """A chunked body of these chunks."""
    return b"".join(f"{len(piece):x}\r\n".encode() + piece + b"\r\n" for piece in pieces) + b"0\r\n\r\n"


# ---- Inference requests ------------------------------------------------------------------------


def json_input(name, array, datatype=None, nested=False):
    """An input with its elements in JSON."""
    datatype = datatype or datatype_of(array)
    data = array.tolist() if nested else array.ravel().tolist()
    if datatype == "BYTES":
        data = as_text(data)
    return {"name": name, "datatype": datatype, "shape": list(array.shape), "data": data}


def as_text(data):
    return [as_text(entry) for entry in data] if isinstance(data, list) else data.decode()


def datatype_of(array):
    return next(name for name, dtype in DTYPES.items() if dtype == array.dtype)


def encode(inputs, outputs=None, **members):
    """Headers and body of a request whose inputs, pairs of a name and an array, follow the JSON part as bytes."""
    tails = [to_bytes(array) for _, array in inputs]
    value = {
        **members,
        "inputs": [
            {
                "name": name, "datatype": datatype_of(array), "shape": list(array.shape),
                "parameters": {"binary_data_size": len(tail)},
            }
            for (name, array), tail in zip(inputs, tails)
        ],
    }
    if outputs is not None:
        value["outputs"] = outputs
    return framed(value, b"".join(tails))


def framed(value, tail, length=None):
    """Headers and body of a request of a JSON part and bytes after it; `length` may lie."""
    head = value if isinstance(value, bytes) else json.dumps(value).encode()
    return [("Inference-Header-Content-Length", len(head) if length is None else length)], head + tail


def binary(*names):
    """Requested outputs that come as bytes."""
    return [{"name": name, "parameters": {"binary_data": True}} for name in names]


def same(left, right):
    """Whether two arrays are equal in type, shape and every bit."""
    return left.dtype == right.dtype and left.shape == right.shape and to_bytes(left) == to_bytes(right)


# ---- Tests -------------------------------------------------------------------------------------


@contextlib.contextmanager
def serving(names=make_models.SOUND, *arguments, **options):
    """A server of a temporary repository with the models of these names; `server.repository` is its folder."""
    with tempfile.TemporaryDirectory(prefix="mass-serving-") as folder:
        repository = pathlib.Path(folder) / "models"
        repository.mkdir()
        make_models.write(repository, names)
        with Server(repository, "--cache", pathlib.Path(folder) / "plans", *arguments, **options) as server:
            server.repository = repository
            yield server


class ServingCase(unittest.TestCase):
    """Tests that share the server of their module, which `share` starts."""

    server = None

    @classmethod
    def share(cls, *arguments, **options):
        """Starts the server of all tests of a module; for its `setUpModule`."""
        ServingCase.server = unittest.enterModuleContext(serving(*arguments, **options))

    def tearDown(self):
        self.assertTrue(self.server.is_running, f"the server is gone; its log:\n{self.server.log()}")

    def succeed(self, answer):
        self.assertEqual(answer.status, 200, answer)
        return answer

    def refuse(self, answer, statuses, pattern="."):
        """Expects an error of one of these statuses whose message matches `pattern`."""
        statuses = statuses if isinstance(statuses, tuple) else (statuses,)
        self.assertIn(answer.status, statuses, answer)
        self.assertEqual(answer.header("Content-Type"), "application/json", answer)
        self.assertRegex(answer.error(), pattern)

    def assert_same(self, got, expected):
        self.assertTrue(same(got, expected), f"{got!r} ({got.dtype}, {got.shape}) is not {expected!r}")
