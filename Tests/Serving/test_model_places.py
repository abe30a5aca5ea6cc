"""Which registry `mass model` works on, and how it meets those that are none or cannot be changed."""
import base64
import contextlib
import hashlib
import http.server
import json
import os
import shutil
import signal
import subprocess
import threading
import time
import unittest

from harness import MASS
from test_model_cli import COMMAND_SECONDS, ModelCase, sha256, write_scale


class Places(ModelCase):
    """Which registry is meant, and those that cannot be used."""

    place = []

    def setUp(self):
        super().setUp()
        self.repository = self.folder / "repository"
        self.repository.mkdir()

    def test_one_place_is_needed(self):
        for verb in ("list", "log"):
            self.refuse("--repository DIR or --server URL", verb, status=64)
        self.refuse("exclude each other", "list", "--repository", "a", "--server", "http://localhost", status=64)
        both = {"MASS_REPOSITORY": "a", "MASS_SERVER": "http://localhost"}
        self.refuse("both set", "list", environment=both, status=64)

    def test_environment(self):
        folder = str(self.repository)
        self.assertEqual(self.succeed("list", environment={"MASS_REPOSITORY": folder}), "no models\n")
        self.refuse("refused", "list", environment={"MASS_SERVER": "http://127.0.0.1:1"})
        other = {"MASS_REPOSITORY": "/nonexistent", "MASS_SERVER": "http://127.0.0.1:1"}
        self.assertEqual(self.succeed("list", "--repository", folder, environment=other), "no models\n")
        self.refuse("--repository DIR", "list", environment={"MASS_REPOSITORY": ""}, status=64)

    def test_help(self):
        for verb in ("publish", "list", "show", "activate", "deactivate", "rollback", "label", "remove", "log"):
            out = self.succeed(verb, "--help")
            self.assertIn("EXAMPLES", out)
            if verb not in ("list", "show", "log"):
                self.assertRegex(out, r"within\s+about\s+a\s+second")

    def test_folders_that_are_none(self):
        self.refuse("not a folder", "list", "--repository", self.folder / "none")
        self.refuse("not a folder", "list", "--repository", write_scale(self.folder / "scale.onnx", 1))

    def test_versions_put_into_the_folder_are_found(self):
        place = ["--repository", self.repository]
        self.assertEqual(self.succeed("list", *place), "no models\n")
        (self.repository / "put/3").mkdir(parents=True)
        write_scale(self.repository / "put/3/model.onnx", 1)
        model = self.json("list", "put", *place)
        self.assertFalse(model["managed"])
        self.assertEqual([(v["version"], v["digest"], v["files"]) for v in model["versions"]], [(3, None, [])])
        self.assertIn("not managed", self.succeed("show", "put", *place))
        shutil.rmtree(self.repository / "put/3")
        self.assertEqual(self.json("list", "put", *place)["versions"][0]["state"], "removed")

    def test_a_folder_that_cannot_be_written(self):
        place = ["--repository", self.repository]
        path = write_scale(self.folder / "scale.onnx", 1)
        self.succeed("publish", "scale", path, "--activate", *place)
        # Root writes wherever there are permissions; somebody else is asked then.
        other = {"user": 65534, "group": 65534} if os.geteuid() == 0 else {}
        self.folder.chmod(0o755)
        for folder in (self.repository, self.repository / ".mass"):
            folder.chmod(0o555)
            self.addCleanup(folder.chmod, 0o755)
        (self.repository / ".mass/registry.sqlite").chmod(0o444)
        out = self.succeed("list", "scale", "--json", *place, **other)
        self.assertEqual(json.loads(out)["versions"][0]["state"], "active")
        for arguments in (
            ["publish", "scale", path], ["activate", "scale", 1], ["deactivate", "scale", 1], ["rollback", "scale"],
            ["label", "scale", "stable", 1], ["remove", "scale", 1, "--force"],
        ):
            with self.subTest(arguments):
                self.refuse("reading only|cannot be written", *arguments, *place, **other)

    def test_addresses_that_are_none(self):
        for url in ("localhost:8000", "ftp://localhost", "http://", "http://a b", "http://localhost:99999"):
            with self.subTest(url):
                self.refuse("not the address of a server", "list", "--server", url, status=64)
        self.refuse("refused", "list", "--server", "http://127.0.0.1:1")

    def test_servers_without_a_registry(self):
        for answers, pattern in (
            ({}, "has no registry"), ({"GET": (200, b"<html>")}, "not answered in JSON"),
            ({"GET": (404, b'{"error":"unknown path"}')}, r"unknown path \(HTTP 404\)"),
            ({"GET": (200, b"[]")}, "no object"), ({"GET": (200, b'{"models":[{}]}')}, "no text 'name'"),
            ({"GET": (302, b"")}, "has no registry"),
        ):
            with self.subTest(answers), stub(answers) as (url, _):
                self.refuse(pattern, "list", "--server", url)

    def test_servers_that_receive_something_else(self):
        path = write_scale(self.folder / "scale.onnx", 1)
        lie = json.dumps({"name": "model.onnx", "size": path.stat().st_size, "sha256": "0" * 64}).encode()
        answers = {"POST": (201, b'{"upload":"a/b"}'), "PUT": (201, lie), "DELETE": (200, b"{}")}
        with stub(answers) as (url, asked):
            pattern = f"scale.onnx: sent .* {sha256(path.read_bytes())}.* 0{{64}}"
            self.refuse(pattern, "publish", "x", path, "--server", url)
        digest = base64.b64encode(hashlib.sha256(path.read_bytes()).digest()).decode()
        paths = [(method, target) for method, target, _, _ in asked]
        upload = "/v2/registry/uploads/a%2Fb"
        self.assertEqual(
            paths, [("POST", "/v2/registry/uploads"), ("PUT", f"{upload}/model.onnx"), ("DELETE", upload)])
        self.assertEqual(asked[1][2]["Content-Digest"], f"sha-256=:{digest}:")
        self.assertEqual(asked[1][3], path.read_bytes())

    def test_interrupted_while_the_server_publishes(self):
        path = write_scale(self.folder / "scale.onnx", 1)
        data = path.read_bytes()
        got = json.dumps({"name": "model.onnx", "size": len(data), "sha256": sha256(data)}).encode()
        answers = {"POST": (201, b'{"upload":"1"}'), "PUT": (201, got), "DELETE": (200, b"{}")}
        with stub(answers, holding="/versions") as (url, asked):
            command = [MASS, "model", "publish", "x", path, "--server", url]
            process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
            end = time.monotonic() + COMMAND_SECONDS
            while len(asked) < 3 and time.monotonic() < end:
                time.sleep(0.01)
            process.send_signal(signal.SIGINT)
            _, errors = process.communicate(timeout=30)
        self.assertEqual(process.returncode, 1)
        expected = "interrupted while it was publishing; mass model list shows whether it did"
        self.assertEqual(errors, f"mass: {url}: {expected}\n")
        self.assertEqual(json.loads(asked[2][3])["files"], {"model.onnx": {"sha256": sha256(data), "size": len(data)}})
        self.assertEqual(asked[3][:2], ("DELETE", "/v2/registry/uploads/1"))


@contextlib.contextmanager
def stub(answers, holding=None):
    """A server that gives every request of a method the same answer; its URL, and what it was asked.

    Requests whose path ends with `holding` are answered when the block is left.
    """
    asked, leaving = [], threading.Event()

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self):
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            asked.append((self.command, self.path, dict(self.headers), body))
            if holding and self.path.endswith(holding):
                leaving.wait(COMMAND_SECONDS)
            status, text = answers.get(self.command, (404, b"nothing here"))
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            with contextlib.suppress(OSError):
                self.end_headers()
                self.wfile.write(text)

        do_GET = do_POST = do_PUT = do_DELETE = answer

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", asked
        finally:
            leaving.set()
            server.shutdown()
            thread.join()


if __name__ == "__main__":
    unittest.main()
