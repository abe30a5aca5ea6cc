"""Starts `mass serve` for tests and speaks HTTP to it.

    MASS=PATH       the program to test, by default .build/release/mass
"""
import atexit
import contextlib
import functools
import json
import os
import pathlib
import queue
import re
import signal
import subprocess
import tempfile
import threading
import time
import unittest

import make_models
# Those that are not used here are for tests which import them from this module.
from tensors import DTYPES, binary, datatype_of, encode, from_bytes, json_input, same, to_bytes  # noqa: F401
from wire import ANSWER_SECONDS, Connection, Hang, infer_path

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
MASS = str(pathlib.Path(os.environ.get("MASS", ROOT / ".build/release/mass")).resolve())
START_SECONDS = 60
SLOW_SECONDS = 30


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

    def forget_peak_memory(self):
        """Makes what the process holds now the most that it has held."""
        pathlib.Path(f"/proc/{self.pid}/clear_refs").write_text("5")

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


@functools.cache
def _files(name):
    """The files of a model, which is made once: pairs of their path in a repository and their bytes."""
    with tempfile.TemporaryDirectory(prefix="mass-models-") as folder:
        make_models.write(folder, [name])
        files = [file for file in pathlib.Path(folder).rglob("*") if file.is_file()]
        return [(file.relative_to(folder), file.read_bytes()) for file in files]


def write_models(repository, names):
    """Writes the models of these names of `make_models` under `repository`."""
    for name in names:
        for path, data in _files(name):
            (repository / path).parent.mkdir(parents=True, exist_ok=True)
            (repository / path).write_bytes(data)


@contextlib.contextmanager
def serving(names=make_models.SOUND, *arguments, **options):
    """A server of a temporary repository with the models of these names; `server.repository` is its folder."""
    with tempfile.TemporaryDirectory(prefix="mass-serving-") as folder:
        repository = pathlib.Path(folder) / "models"
        repository.mkdir()
        write_models(repository, names)
        with Server(repository, "--cache", pathlib.Path(folder) / "plans", *arguments, **options) as server:
            server.repository = repository
            yield server


_servers, _running = {}, contextlib.ExitStack()
atexit.register(_running.close)


def shared(make, *arguments, **options):
    """The server that `make` gives for these arguments: started once for all modules, gone when the process ends."""
    key = repr((make, arguments, options))
    if key not in _servers or not _servers[key].is_running:
        _servers[key] = _running.enter_context(make(*arguments, **options))
    return _servers[key]


class ServingCase(unittest.TestCase):
    """Tests that share a server, which `share` gives to those of their module."""

    server = None

    @classmethod
    def share(cls, *arguments, **options):
        """Makes the server of these arguments that of all tests of a module; for its `setUpModule`."""
        ServingCase.server = shared(serving, *arguments, **options)

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
