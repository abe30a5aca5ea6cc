"""`mass model`: what it does to a repository's folder and through a server, and that it leaves nothing half."""
import base64
import concurrent.futures
import hashlib
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

import numpy as np
import onnx

import make_models
from harness import MASS, serving

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
DIGITS = ROOT / "models/digits.onnx"
RANDOM_SEED = 31
KILLS = 30
COMMAND_SECONDS = 300
TAKEOVER_SECONDS = 10
VERSION_MEMBERS = {
    "model", "version", "state", "current", "labels", "digest", "size", "files", "published_by", "published_at", "note",
    "requests", "failures", "last_used", "serving"}
MODEL_MEMBERS = {"name", "current", "active", "labels", "versions", "highest_version", "managed", "size"}
EVENT_MEMBERS = {"id", "time", "user", "action", "model", "version", "detail"}


def run(*arguments, **options):
    """`mass model` with these arguments, in an environment without its variables."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("MASS_")}
    environment |= options.pop("environment", {})
    return subprocess.run(
        [MASS, "model", *map(str, arguments)], capture_output=True, text=True, timeout=COMMAND_SECONDS, env=environment,
        **options)


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def version_digest(files):
    """The digest of a version, as its documentation has it, from the bytes of its files by name."""
    lines = [f"{sha256(data)} {len(data)} {name}\n" for name, data in sorted(files.items())]
    return sha256("".join(lines).encode())


def write_scale(path, factor):
    onnx.save(make_models.scale(factor), path)
    return path


def write_external(folder, kilobytes=64):
    """A model whose weights are in a file of their own; gives the paths of both."""
    weights = np.arange(kilobytes * 256, dtype=np.float32).reshape(-1, 8)
    made = make_models.model(
        [make_models.node("MatMul", ["x", "w"], ["y"])], [("x", make_models.FLOAT, ["N", len(weights)])],
        [("y", make_models.FLOAT, ["N", 8])], [("w", weights)])
    path = folder / "external.onnx"
    onnx.save(made, path, save_as_external_data=True, location="weights.bin", size_threshold=0)
    return path, folder / "weights.bin"


def write_large(folder):
    """As above, with a further file that takes a while to copy."""
    path, weights = write_external(folder)
    ballast = folder / "ballast.bin"
    with open(ballast, "wb") as file:
        file.truncate(1 << 30)
    return path, weights, ballast


class ModelCase(unittest.TestCase):
    """A folder for files to publish, and a repository with a way to its registry."""

    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory(prefix="mass-model-")))
        self.name = self.id().rsplit(".", 1)[1][-60:]

    def succeed(self, *arguments, **options):
        ran = run(*arguments, *self.place, **options)
        self.assertEqual((ran.returncode, ran.stderr), (0, ""), ran.stdout)
        return ran.stdout

    def json(self, *arguments):
        return json.loads(self.succeed(*arguments, "--json"))

    def refuse(self, pattern, *arguments, status=1, **options):
        ran = run(*arguments, *options.pop("place", self.place), **options)
        self.assertEqual(ran.returncode, status, ran.stdout + ran.stderr)
        self.assertEqual(ran.stdout, "")
        self.assertRegex(ran.stderr.splitlines()[0], "^mass: .*" + pattern)
        return ran.stderr

    def publish(self, factor, *arguments, name=None):
        """Publishes a model that scales by `factor`."""
        path = write_scale(self.folder / "scale.onnx", factor)
        return self.json("publish", name or self.name, path, *arguments)

    def stands(self, name=None):
        """Current version, active ones, labels and the states of all versions."""
        model = self.json("list", name or self.name)
        states = {version["version"]: version["state"] for version in model["versions"]}
        return model["current"], model["active"], model["labels"], states

    def check_whole(self, name):
        """Every version that is listed is there with the bytes that were published, and nothing else is there."""
        listed = [version for version in self.json("list", name)["versions"] if version["state"] != "removed"]
        there = self.repository / name
        folders = sorted(int(path.name) for path in there.iterdir()) if there.exists() else []
        self.assertEqual(sorted(version["version"] for version in listed), folders)
        for version in listed:
            files = {file["name"]: (there / str(version["version"]) / file["name"]).read_bytes()
                     for file in version["files"]}
            self.assertEqual(
                {file["name"]: (file["sha256"], file["size"]) for file in version["files"]},
                {name: (sha256(data), len(data)) for name, data in files.items()})
            self.assertEqual(version["digest"], version_digest(files))
        return len(listed)

    def staged(self):
        staging = self.repository / ".mass/staging"
        return sorted(path.name for path in staging.iterdir()) if staging.exists() else []


class Commands:
    """Every command; once on a folder, once through a server."""

    def test_publish(self):
        path = write_scale(self.folder / "some name.onnx", 2)
        data = path.read_bytes()
        version = self.json("publish", self.name, path, "--by", "alice", "--note", "first “one”")
        self.assertEqual(set(version), VERSION_MEMBERS)
        self.assertEqual(version["files"], [{"name": "model.onnx", "size": len(data), "sha256": sha256(data)}])
        self.assertEqual(version["digest"], version_digest({"model.onnx": data}))
        known = ("model", "version", "state", "current", "labels", "size", "published_by", "note", "requests")
        self.assertEqual(
            [version[key] for key in known],
            [self.name, 1, "published", False, [], len(data), "alice", "first “one”", 0])
        age = time.time() - time.mktime(time.strptime(version["published_at"], "%Y-%m-%dT%H:%M:%SZ")) + time.timezone
        self.assertLess(abs(age), COMMAND_SECONDS)
        self.assertEqual((self.repository / self.name / "1/model.onnx").read_bytes(), data)
        line = self.succeed("publish", self.name, path, "--activate", "--by", "bob")
        digest = sha256(data)[:12]
        expected = f"{self.name} version 2: {len(data):,} bytes, sha256 {digest}…, published by bob, active\n"
        self.assertEqual(line, expected)
        self.assertEqual(self.succeed("publish", self.name, path, "--quiet"), "")
        self.assertEqual(self.check_whole(self.name), 3)
        self.assertEqual(self.staged(), [])

    def test_who_publishes_is_known_without_being_said(self):
        path = write_scale(self.folder / "scale.onnx", 2)
        out = self.succeed("publish", self.name, path, "--json", environment={"USER": "carol"})
        self.assertEqual(json.loads(out)["published_by"], f"carol@{os.uname().nodename}")

    def test_external_data(self):
        path, weights = write_external(self.folder)
        errors = self.refuse(r"weights\.bin", "publish", self.name, path)
        self.assertNotIn(".mass/", errors)
        self.refuse("no model|not", "show", self.name)
        version = self.json("publish", self.name, path, weights, "--activate")
        self.assertEqual([file["name"] for file in version["files"]], ["model.onnx", "weights.bin"])
        self.assertEqual(self.check_whole(self.name), 1)
        self.assertEqual(self.staged(), [])

    def test_plans(self):
        plan = self.folder / "digits.plan"
        subprocess.run([MASS, "compile", DIGITS, "-o", plan, "--threads", "1", "--quiet"], check=True)
        version = self.json("publish", self.name, plan)
        self.assertEqual([file["name"] for file in version["files"]], ["model.plan"])
        data = bytearray(plan.read_bytes())
        data[70] ^= 1
        for broken in (bytes(data), plan.read_bytes()[:-100], b""):
            plan.write_bytes(broken)
            self.refuse("plan", "publish", self.name, plan)
        self.assertEqual(self.check_whole(self.name), 1)

    def test_what_does_not_compile_is_refused(self):
        path = self.folder / "broken.onnx"
        path.write_bytes(DIGITS.read_bytes().replace(b"Softmax", b"Softmux"))
        self.refuse("Softmux", "publish", self.name, path)
        path.write_bytes(b"garbage")
        self.refuse("onnx", "publish", self.name, path)
        self.assertFalse((self.repository / self.name).exists())
        self.assertEqual(self.staged(), [])

    def test_files_that_are_no_version(self):
        path = write_scale(self.folder / "scale.onnx", 2)
        other = write_scale(self.folder / "other.onnx", 2)
        data = self.folder / "data.bin"
        data.write_bytes(b"1")
        (self.folder / "more").mkdir()
        same = shutil.copy(data, self.folder / "more/data.bin")
        pipe = self.folder / "pipe.bin"
        os.mkfifo(pipe)
        for files, pattern in (
            ([data], "expected one"), ([path, other], "scale.onnx, .*other.onnx"),
            ([path, data, same], "both be data.bin"), ([path, pipe], "not a regular file"),
            ([path, self.folder / "none.bin"], "none.bin: No such file"),
            ([path, self.folder], "not a regular file|is a directory"),
        ):
            with self.subTest(files):
                self.refuse(pattern, "publish", self.name, *files)
        self.assertEqual(self.staged(), [])

    def test_numbers_are_used_once(self):
        self.assertEqual(self.publish(1, "--version", 5)["version"], 5)
        self.assertEqual(self.publish(2)["version"], 6)
        path = self.folder / "scale.onnx"
        self.refuse("version 5 .* exists", "publish", self.name, path, "--version", 5)
        self.succeed("remove", self.name, 6)
        self.refuse("version 6 .* removed", "publish", self.name, path, "--version", 6)
        self.refuse("--version", "publish", self.name, path, "--version", 0, status=64)
        self.assertEqual(self.publish(3)["version"], 7)
        self.assertEqual(self.publish(3, "--version", 2)["version"], 2)
        self.assertEqual(self.check_whole(self.name), 3)

    def test_service(self):
        for factor in (1, 2, 3):
            self.publish(factor)
        version = self.json("activate", self.name, 1)
        self.assertEqual((version["state"], version["current"], version["version"]), ("active", True, 1))
        self.assertEqual(self.succeed("activate", self.name, 2), f"{self.name} version 2: active, current\n")
        self.assertEqual(self.stands(), (2, [2], {}, {1: "retired", 2: "active", 3: "published"}))
        version = self.json("activate", self.name, 3, "--beside")
        self.assertEqual((version["state"], version["current"]), ("active", False))
        self.assertEqual(self.stands()[:2], (2, [2, 3]))
        self.json("activate", self.name, 3, "--keep-others")
        self.assertEqual(self.stands()[:2], (3, [2, 3]))
        self.assertEqual(self.json("rollback", self.name)["version"], 2)
        self.assertEqual(self.stands()[0], 2)
        self.assertEqual(self.json("rollback", self.name)["version"], 1)
        self.refuse("no earlier version", "rollback", self.name)
        version = self.json("deactivate", self.name, 1)
        self.assertEqual((version["state"], version["current"]), ("retired", False))
        self.assertIsNone(self.stands()[0])
        self.refuse("not in service", "deactivate", self.name, 1)

    def test_labels(self):
        self.publish(1)
        self.publish(2)
        self.assertEqual(self.json("label", self.name, "stable", 1)["labels"], ["stable"])
        out = self.succeed("label", self.name, "canary", 1)
        self.assertEqual(out, f"{self.name} version 1: published, labels canary, stable\n")
        self.json("label", self.name, "stable", 2)
        self.assertEqual(self.stands()[2], {"canary": 1, "stable": 2})
        self.assertEqual(self.json("label", self.name, "canary", "--delete"), {})
        self.assertEqual(self.stands()[2], {"stable": 2})
        self.refuse("no label 'canary'", "label", self.name, "canary", "--delete")
        self.refuse("not a label", "label", self.name, "Stable", 1)
        self.refuse("VERSION or --delete", "label", self.name, "stable", status=64)
        self.refuse("VERSION or --delete", "label", self.name, "stable", 1, "--delete", status=64)

    def test_remove(self):
        self.publish(1, "--activate")
        self.publish(2)
        self.json("label", self.name, "stable", 2)
        self.refuse("in service", "remove", self.name, 1)
        self.refuse("label stable", "remove", self.name, 2)
        self.assertEqual(self.json("remove", self.name, 2, "--force"), {})
        self.assertEqual(self.succeed("remove", self.name, 1, "--force"), f"{self.name} version 1: removed\n")
        self.assertEqual(self.stands(), (None, [], {}, {1: "removed", 2: "removed"}))
        self.assertEqual(self.check_whole(self.name), 0)
        self.refuse("removed", "activate", self.name, 1)
        self.assertEqual(self.json("show", self.name, 1)["state"], "removed")

    def test_list_and_show(self):
        note = "two\nlines \x1b[31mred\x07"
        self.publish(1, "--activate", "--by", "alice", "--note", note)
        self.publish(2, "--by", "bob")
        self.json("label", self.name, "stable", 1)
        model = next(model for model in self.json("list")["models"] if model["name"] == self.name)
        self.assertEqual(set(model), MODEL_MEMBERS)
        self.assertEqual(
            model, {**model, "current": 1, "active": [1], "labels": {"stable": 1}, "versions": 2, "highest_version": 2})
        shown = self.json("show", self.name)
        self.assertEqual(shown, self.json("list", self.name))
        self.assertEqual(set(shown), MODEL_MEMBERS)
        self.assertEqual(shown["versions"][0]["note"], note)
        self.assertEqual(self.json("show", self.name, 2)["published_by"], "bob")
        row = next(line for line in self.succeed("list").splitlines() if line.startswith(self.name))
        self.assertEqual(row.split()[1:4] + row.split()[-1:], ["1", "1", "2", "stable=1"])
        rows = self.succeed("list", self.name).splitlines()
        self.assertEqual([row.split()[0] for row in rows], ["version", "1", "2"])
        self.assertIn("active, current", rows[1])
        for text in (self.succeed("show", self.name), self.succeed("show", self.name, 1)):
            self.assertIn(shown["versions"][0]["files"][0]["sha256"], text)
            self.assertIn("two lines", text)
            self.assertNotRegex(text, r"[\x00-\x09\x0b-\x1f\x7f]")

    def test_log(self):
        self.publish(1, "--activate", "--by", "alice")
        self.publish(2, "--by", "bob")
        self.json("activate", self.name, 2, "--by", "carol")
        self.json("label", self.name, "stable", 2, "--by", "dave")
        self.json("rollback", self.name, "--by", "erin")
        events = self.json("log", self.name)["events"]
        for event in events:
            self.assertEqual(set(event), EVENT_MEMBERS)
        made = [(event["action"], event["user"], event["version"]) for event in events]
        for expected in (
            ("publish", "alice", 1), ("activate", "alice", 1), ("publish", "bob", 2), ("activate", "carol", 2),
            ("label", "dave", 2), ("rollback", "erin", 1),
        ):
            self.assertIn(expected, made)
        self.assertEqual([event["id"] for event in events], sorted((event["id"] for event in events), reverse=True))
        self.assertEqual(self.json("log", self.name, "--limit", 1)["events"], events[:1])
        self.assertEqual(self.json("log", "--limit", 1)["events"], events[:1])
        self.assertIn("erin", self.succeed("log", self.name).splitlines()[1])
        self.refuse("--limit", "log", "--limit", 0, status=64)

    def test_what_is_not_there(self):
        for arguments in (
            ["list", "nobody"], ["show", "nobody"], ["show", "nobody", 1], ["log", "nobody"], ["activate", "nobody", 1],
            ["deactivate", "nobody", 1], ["rollback", "nobody"], ["label", "nobody", "stable", 1],
            ["label", "nobody", "stable", "--delete"], ["remove", "nobody", 1],
        ):
            with self.subTest(arguments):
                self.refuse("nobody", *arguments)
        self.publish(1)
        for verb in (["show"], ["activate"], ["deactivate"], ["remove"], ["label", "stable"]):
            with self.subTest(verb):
                self.refuse("version 9", verb[0], self.name, *verb[1:], 9)

    def test_names_that_models_cannot_have(self):
        path = write_scale(self.folder / "scale.onnx", 2)
        for name in ("../up", "a/b", ".hidden", "..", "stats", "ä", "", "a b", "x" * 129, "a?b", "%2e%2e"):
            with self.subTest(name):
                self.refuse(".", "publish", name, path)
        self.assertEqual(sorted(path.name for path in self.folder.iterdir()), ["scale.onnx"])
        self.refuse("256 bytes|user|User", "publish", self.name, path, "--by", "x" * 257)
        self.refuse("control|user|User", "publish", self.name, path, "--by", "a\nb")

    def test_publishing_at_once(self):
        paths = [write_scale(self.folder / f"{i}.onnx", i) for i in range(6)]
        with concurrent.futures.ThreadPoolExecutor(len(paths)) as pool:
            versions = list(pool.map(lambda path: self.json("publish", self.name, path, "--activate"), paths))
        self.assertEqual(sorted(version["version"] for version in versions), list(range(1, 7)))
        for path, version in zip(paths, versions):
            self.assertEqual(version["files"][0]["sha256"], sha256(path.read_bytes()))
        self.assertEqual(self.check_whole(self.name), 6)
        current, active, _, _ = self.stands()
        self.assertEqual([current], active)
        self.assertEqual(self.staged(), [])

    def test_interrupted(self):
        files = write_large(self.folder)
        for number in (signal.SIGINT, signal.SIGTERM):
            with self.subTest(number):
                process = subprocess.Popen(
                    [MASS, "model", "publish", self.name, *files, *self.place], stderr=subprocess.PIPE, text=True)
                end = time.monotonic() + COMMAND_SECONDS
                while not list(self.repository.glob(".mass/staging/*/ballast.bin")) and time.monotonic() < end:
                    time.sleep(0.005)
                process.send_signal(number)
                _, errors = process.communicate(timeout=30)
                self.assertEqual((process.returncode, errors), (1, "mass: interrupted: nothing was published\n"))
                self.assertEqual(self.staged(), [])
        self.refuse("no model", "list", self.name)


class Folder(Commands, ModelCase):
    def setUp(self):
        super().setUp()
        self.repository = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory(prefix="mass-repository-")))
        self.place = ["--repository", self.repository]


class ThroughServer(Commands, ModelCase):
    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(serving(()))

    def setUp(self):
        super().setUp()
        self.repository, self.place = self.server.repository, ["--server", f"http://{self.server.http}/"]

    def tearDown(self):
        self.assertTrue(self.server.is_running, f"the server is gone; its log:\n{self.server.log()}")

    def test_what_is_in_service_answers(self):
        self.publish(2, "--activate")
        self.assertTrue(self.json("show", self.name, 1)["serving"])
        self.assertEqual(self.answer(), 20)
        self.publish(3)
        self.json("activate", self.name, 2)
        self.assertEqual(self.answer(), 30)
        self.json("rollback", self.name)
        self.assertEqual(self.answer(), 20)

    def test_the_server_takes_changes_of_the_folder_over(self):
        self.place = ["--repository", self.repository]
        for factor in (2, 3, 4):
            self.publish(factor, "--activate")
            self.await_answer(10 * factor)
        self.json("rollback", self.name)
        self.await_answer(30)

    def answer(self):
        request = {"inputs": [{"name": "x", "datatype": "FP32", "shape": [1, 1], "data": [10]}]}
        answer = self.server.infer(self.name, request)
        return answer.json()["outputs"][0]["data"][0] if answer.status == 200 else None

    def await_answer(self, expected):
        end = time.monotonic() + TAKEOVER_SECONDS
        while (got := self.answer()) != expected:
            self.assertLess(time.monotonic(), end, f"expected {expected}, got {got}; the log:\n{self.server.log()}")
            time.sleep(0.1)

    def test_wrong_digests_are_refused(self):
        data = write_scale(self.folder / "scale.onnx", 2).read_bytes()
        upload = self.server.post("/v2/registry/uploads").json()["upload"]
        path = f"/v2/registry/uploads/{upload}/model.onnx"
        wrong = base64.b64encode(hashlib.sha256(data + b"x").digest()).decode()
        answer = self.server.request("PUT", path, [("Content-Digest", f"sha-256=:{wrong}:")], data)
        self.assertEqual(answer.status, 400, answer)
        right = base64.b64encode(hashlib.sha256(data).digest()).decode()
        answer = self.server.request("PUT", path, [("Content-Digest", f"sha-256=:{right}:")], data)
        self.assertEqual((answer.status, answer.json()["sha256"]), (201, sha256(data)))
        request = {"upload": upload, "files": {"model.onnx": {"sha256": sha256(b""), "size": len(data)}}}
        versions = f"/v2/registry/models/{self.name}/versions"
        self.assertEqual(self.server.post(versions, request).status, 400)
        request["files"]["model.onnx"]["sha256"] = sha256(data)
        self.assertEqual(self.server.post(versions, request).status, 201)
        self.assertEqual(self.check_whole(self.name), 1)


class Killed(ModelCase):
    """Processes that end in the middle."""

    def setUp(self):
        super().setUp()
        self.repository = self.folder / "repository"
        self.repository.mkdir()
        self.place = ["--repository", self.repository]

    def test_killed_while_publishing(self):
        files = write_external(self.folder, kilobytes=8 << 10)
        command = [MASS, "model", "publish", self.name, *files, "--activate", "--quiet", *self.place]
        begin = time.monotonic()
        subprocess.run(command, check=True)
        duration = time.monotonic() - begin
        moments = random.Random(RANDOM_SEED)
        ended = []
        for i in range(KILLS):
            with self.subTest(i):
                process = subprocess.Popen(command)
                time.sleep(moments.uniform(0, duration * 1.1))
                process.kill()
                ended.append(process.wait() == 0)
                self.assertGreaterEqual(self.check_whole(self.name), 1 + sum(ended))
                current, active, _, _ = self.stands()
                self.assertEqual([current], active)
                self.assertEqual(self.staged(), [])
        before = self.check_whole(self.name)
        version = self.json("publish", self.name, *files, "--activate")
        self.assertEqual((version["current"], self.check_whole(self.name)), (True, before + 1))

    def test_killed_while_others_publish(self):
        path = write_scale(self.folder / "scale.onnx", 2)
        moments = random.Random(RANDOM_SEED)
        command = [MASS, "model", "publish", self.name, path, "--quiet", *self.place]
        for _ in range(KILLS // 5):
            processes = [subprocess.Popen(command) for _ in range(3)]
            time.sleep(moments.uniform(0, 0.3))
            processes[0].kill()
            self.assertEqual([process.wait() for process in processes][1:], [0, 0])
        self.assertGreaterEqual(self.check_whole(self.name), KILLS // 5 * 2)


if __name__ == "__main__":
    unittest.main()
