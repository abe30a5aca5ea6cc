"""`mass serve --config`, `--check` and SIGHUP: what the file may say, what a check finds, and what a reload changes."""
import concurrent.futures
import contextlib
import json
import pathlib
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import unittest

import make_models
from harness import MASS, Server, serving, write_models
from tensors import one
from test_model_cli import run, write_scale

CHECK_SECONDS = 120
RELOAD_SECONDS = 60


def state(folder):
    """Every file under a folder with what would tell that it was touched."""
    found = sorted(pathlib.Path(folder).rglob("*"))
    return [(str(file), file.stat().st_mtime_ns, file.stat().st_size, file.stat().st_ino) for file in found]


class ConfigurationCase(unittest.TestCase):
    """Tests with a folder that holds a repository, `models`, and a configuration, `server.json`."""

    models = ("scale",)

    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory(prefix="mass-configuration-")))
        self.repository = self.folder / "models"
        self.repository.mkdir()
        write_models(self.repository, self.models)
        self.file = self.folder / "server.json"
        self.configure()

    def configure(self, text=None, **members):
        """Writes the configuration: the least there must be, and these members."""
        value = {"repository": "models", "plan_cache": "plans", "http_port": 0, "grpc_port": 0, **members}
        self.file.write_text(json.dumps(value) if text is None else text)

    def settings(self, model, **members):
        (self.repository / model / "model.json").write_text(json.dumps(members))

    def check(self, *arguments, succeeds=None):
        """Runs the check and gives its findings as (severity, file, message), the file within the folder."""
        command = [MASS, "serve", "--check", "--json", *map(str, arguments or ("--config", self.file))]
        ran = subprocess.run(command, capture_output=True, text=True, timeout=CHECK_SECONDS)
        report = json.loads(ran.stdout)
        self.assertEqual(ran.returncode, 0 if report["ok"] else 1, ran.stderr)
        self.assertEqual(report["ok"], all(finding["severity"] != "error" for finding in report["findings"]))
        if succeeds is not None:
            self.assertEqual(report["ok"], succeeds, report)
        self.report = report
        for finding in report["findings"]:
            self.assertEqual(set(finding), {"severity", "file", "message", "remedy"})
        return [
            (finding["severity"], finding["file"].removeprefix(f"{self.folder}/"), finding["message"])
            for finding in report["findings"]]

    def expect(self, findings, severity, file, pattern):
        """Expects one finding of this kind, and gives the others."""
        found = [entry for entry in findings if entry[:2] == (severity, file) and pattern in entry[2]]
        self.assertEqual(len(found), 1, f"{severity} {file} {pattern!r} in {findings}")
        return [entry for entry in findings if entry not in found]

    def expect_all(self, findings, *expected):
        """Expects these findings and no other."""
        for severity, file, pattern in expected:
            findings = self.expect(findings, severity, file, pattern)
        self.assertEqual(findings, [])


class Files(ConfigurationCase):
    """What the file may say."""

    def refuse(self, *patterns, **members):
        self.configure(**members)
        findings = self.check(succeeds=False)
        self.expect_all(findings, *[("error", "server.json", pattern) for pattern in patterns])
        ran = subprocess.run([MASS, "serve", "--config", self.file], capture_output=True, text=True, timeout=20)
        self.assertEqual(ran.returncode, 1, ran.stderr)
        self.assertIn(str(self.file), ran.stderr)
        self.assertTrue(any(pattern in ran.stderr for pattern in patterns), ran.stderr)

    def test_members_that_are_refused(self):
        for members, pattern in (
            ({"drain_secs": 1}, "unknown setting 'drain_secs'; did you mean 'drain_seconds'?"),
            ({"http_port": 65536}, "http_port: expected a whole number from 0 to 65535, got 65536"),
            ({"http_port": "80"}, 'http_port: expected a whole number from 0 to 65535, got "80"'),
            ({"threads": 0}, "threads: expected a whole number from 1 to 1024, got 0"),
            ({"threads": 1.5}, "threads: expected a whole number from 1 to 1024, got 1.5"),
            ({"instances": None}, "instances: expected a whole number from 1 to 256, got null"),
            ({"queue_limit": [1]}, "queue_limit: expected a whole number from 1 to 1000000, got a list"),
            ({"max_body_bytes": 2**64}, "max_body_bytes: expected a whole number"),
            ({"busy_poll_us": 10_001}, "busy_poll_us: expected a whole number from 0 to 10000, got 10001"),
            ({"drain_seconds": -1}, "drain_seconds: expected a whole number from 0 to 3600, got -1"),
            ({"host": 7}, "host: expected a text, got 7"),
            ({"host": ""}, "host: expected a text"),
            ({"repository": {}}, "repository: expected a text, got an object"),
            ({"tls": {"certificate": "c.pem"}}, "tls.private_key: expected a PEM file, which is missing"),
            ({"tls": {"certificate": "c", "private_key": "k", "minimum": 1}}, "unknown setting 'tls.minimum'"),
            ({"tls": True}, "tls: expected an object"),
            ({"signers": "s.pem"}, 'signers: expected a list of files, got "s.pem"'),
            ({"signers": [1]}, "signers: expected a list of files"),
            ({"log": {"requests": "some"}}, 'log.requests: expected "none", "failed" or "all", got "some"'),
            ({"log": {"request": "all"}}, "unknown setting 'log.request'; did you mean 'requests'?"),
        ):
            with self.subTest(members):
                self.refuse(pattern, **members)

    def test_all_errors_are_named(self):
        self.refuse("'drain_secs'", "threads: ", "host: ", drain_secs=1, threads=0, host=1)

    def test_what_is_no_object(self):
        for text in ("", "{", "[]", "1", '{"host": "a", "host": "b"}', '{"threads": 1,}', "\0", '{"a":' * 200):
            with self.subTest(text):
                self.configure(text)
                self.assertEqual([entry[:2] for entry in self.check(succeeds=False)], [("error", "server.json")])

    def test_a_file_that_cannot_be_read(self):
        for path in (self.folder / "none.json", self.folder):
            with self.subTest(path):
                ran = subprocess.run([MASS, "serve", "--config", path], capture_output=True, text=True, timeout=20)
                self.assertEqual(ran.returncode, 1, ran.stderr)
                self.assertIn(str(path), ran.stderr)
                self.assertEqual(len(self.check("--config", path, succeeds=False)), 1)

    def test_no_repository(self):
        self.file.write_text("{}")
        self.expect_all(self.check(succeeds=False), ("error", "server.json", "'repository' is missing"))
        for arguments in (("--config", self.file), ()):
            ran = subprocess.run([MASS, "serve", *arguments], capture_output=True, text=True, timeout=20)
            self.assertGreater(ran.returncode, 0)
            self.assertIn("--repository", ran.stderr)
        cache = self.folder / "plans"
        self.check("--config", self.file, "--repository", self.repository, "--cache", cache, succeeds=True)

    def test_a_repository_that_is_gone(self):
        self.configure(repository="nowhere")
        self.expect_all(self.check(succeeds=False), ("error", "nowhere", "cannot read this folder"))

    def test_paths_are_relative_to_the_file(self):
        """The file's paths do not depend on where the server runs, those of the command line do."""
        command = [MASS, "serve", "--check", "--config", "../server.json"]
        elsewhere = self.folder / "elsewhere"
        elsewhere.mkdir()
        ran = subprocess.run(command, capture_output=True, text=True, timeout=CHECK_SECONDS, cwd=elsewhere)
        self.assertEqual(ran.returncode, 0, ran.stdout)
        self.assertTrue(list((self.folder / "plans").iterdir()))
        ran = subprocess.run(
            [*command, "--repository", "models"], capture_output=True, text=True, timeout=CHECK_SECONDS, cwd=elsewhere)
        self.assertEqual(ran.returncode, 1, ran.stdout)

    def test_the_command_line_wins(self):
        self.configure(max_body_bytes=100)
        request = {"inputs": [], "parameters": {"padding": "x" * 200}}
        for arguments, status in (((), 413), (("--max-body-bytes", 10_000), 400)):
            with self.subTest(arguments), Server(self.repository, "--config", self.file, *arguments) as server:
                self.assertEqual(server.infer("scale", request).status, status)


class Checks(ConfigurationCase):
    """What a check of a repository finds."""

    models = ("scale", "matmul")

    def test_nothing_wrong(self):
        self.expect_all(self.check(succeeds=True))
        self.assertEqual((self.report["models"], self.report["versions"]), (2, 3))
        ran = subprocess.run(
            [MASS, "serve", "--check", "--config", self.file], capture_output=True, text=True, timeout=CHECK_SECONDS)
        self.assertEqual(ran.stdout, f"{self.repository}: 2 models, 3 versions: 0 errors, 0 warnings\n")

    def test_a_start_after_it_compiles_nothing(self):
        self.check(succeeds=True)
        plans = state(self.folder / "plans")
        self.assertEqual(len(plans), 3)
        with Server(self.repository, "--config", self.file) as server:
            self.assertEqual(server.infer("scale", one(2.0)).outputs()["y"].tolist(), [[6]])
        self.assertEqual(state(self.folder / "plans"), plans)

    def test_without_compiling(self):
        findings = self.check("--config", self.file, "--no-compile", succeeds=True)
        self.expect_all(
            findings, ("warning", "models/matmul/1/model.onnx", "plan"),
            ("warning", "models/scale/1/model.onnx", "plan"), ("warning", "models/scale/3/model.onnx", "plan"))
        self.check(succeeds=True)
        self.expect_all(self.check("--config", self.file, "--no-compile", succeeds=True))

    def test_broken_models(self):
        write_models(self.repository, ("broken",))
        (self.repository / "scale/3/model.onnx").write_bytes(b"nothing")
        place = self.repository / "plan/1"
        place.mkdir(parents=True)
        (place / "model.plan").write_bytes(b"x" * 4096)
        self.expect_all(
            self.check(succeeds=False), ("error", "models/broken/1/model.onnx", "NoSuchOperator"),
            ("error", "models/scale/3/model.onnx", ""), ("error", "models/plan/1/model.plan", ""))
        self.assertEqual((self.report["models"], self.report["versions"]), (4, 5))

    def test_every_error_of_the_settings(self):
        self.settings(
            "scale", version_polizy="all", threads=0, labels={"stable": "1"},
            traffic={"splitt": {}, "limit": {"rate": 0}, "queue": {"levels": 2}})
        self.settings("matmul", instances=0)
        self.expect_all(
            self.check(succeeds=False), ("error", "models/matmul/model.json", "instances: "),
            *[("error", "models/scale/model.json", pattern) for pattern in (
                "did you mean 'version_policy'?", "threads: ", "labels.stable: ", "'traffic.splitt'",
                "traffic.limit.rate: ")])
        (self.repository / "scale/model.json").write_text("{")
        (self.repository / "matmul/model.json").write_text('{"threads": 1, "threads": 1}')
        self.expect_all(
            self.check(succeeds=False), ("error", "models/scale/model.json", "offset"),
            ("error", "models/matmul/model.json", "'threads' stands twice"))

    def test_versions_that_are_not_there(self):
        self.settings(
            "scale", version_policy={"specific": [1, 2]}, labels={"stable": 1, "next": 3, "old": 9},
            traffic={"split": {"1": 1, "3": 1, "7": 0}, "canary": {"version": 3}})
        self.expect_all(
            self.check(succeeds=False), *[(severity, "models/scale/model.json", pattern) for severity, pattern in (
                ("error", "version_policy names version 2, which is not there"),
                ("error", "the label 'next' names version 3, which is not in service"),
                ("error", "the label 'old' names version 9, which is not there"),
                ("warning", "traffic.split names version 3, which is not in service"),
                ("warning", "traffic.split names version 7, which is not there"),
                ("warning", "traffic.canary names version 3"))])
        self.settings("scale", version_policy={"specific": [7]})
        self.expect(self.check(succeeds=False), "error", "models/scale", "version_policy selects no version")

    def test_a_canary_without_a_share(self):
        self.settings(
            "scale", version_policy="all", traffic={"split": {"1": 1}, "canary": {"version": 3}})
        self.expect_all(
            self.check(succeeds=True), ("warning", "models/scale/model.json", "which gets no share of traffic.split"))

    def test_a_cache_of_a_model_that_draws_numbers(self):
        folder = self.repository / "random/1"
        folder.mkdir(parents=True)
        node, shape = make_models.node, [2, 2]
        made = make_models.model(
            [node("RandomNormalLike", ["x"], ["y"])], [("x", make_models.FLOAT, shape)],
            [("y", make_models.FLOAT, shape)])
        (folder / "model.onnx").write_bytes(made.SerializeToString())
        self.expect_all(self.check(succeeds=True))
        self.settings("random", traffic={"cache": True})
        self.expect_all(self.check(succeeds=False), ("error", "models/random/1/model.onnx", "draws random numbers"))

    def test_what_is_left_aside(self):
        for name in ("no name/1", "scale/v2", "scale/01", "scale/8"):
            (self.repository / name).mkdir(parents=True)
        (self.repository / "README").write_text("about")
        self.expect_all(
            self.check(succeeds=True), ("warning", "models/no name", "not a model's name"),
            ("warning", "models/scale/v2", "not the number of a version"),
            ("warning", "models/scale/01", "not the number of a version"),
            ("warning", "models/scale/8", "holds neither"))
        shutil.rmtree(self.repository)
        self.repository.mkdir()
        self.expect_all(self.check(succeeds=True), ("warning", "models", "no model"))

    def test_a_registry(self):
        for factor in (5, 7):
            file = write_scale(self.folder / "model.onnx", float(factor))
            ran = run("publish", "made", file, "--repository", self.repository, "--activate")
            self.assertEqual(ran.returncode, 0, ran.stderr)
        before = state(self.repository)
        self.expect_all(self.check(succeeds=True))
        self.assertEqual(state(self.repository), before, "the check changed something")
        served = self.repository / "made/2/model.onnx"
        served.write_bytes((self.repository / "made/1/model.onnx").read_bytes())
        self.expect_all(
            self.check(succeeds=False), ("error", "models/made/2/model.onnx", "not the file that was published"))
        shutil.rmtree(self.repository / "made/2")
        self.expect_all(self.check(succeeds=False), ("error", "models/made/2", "holds neither"))
        shutil.rmtree(self.repository / "made")
        self.expect_all(self.check(succeeds=False), ("error", "models/made", "the folder is gone"))

    def test_beside_a_server(self):
        """Checks of a folder that is served change nothing of it and disturb nobody."""
        file = write_scale(self.folder / "model.onnx", 5.0)
        self.assertEqual(run("publish", "made", file, "--repository", self.repository, "--activate").returncode, 0)
        with Server(self.repository, "--config", self.file) as server, contextlib.ExitStack() as stack:
            done, pool = threading.Event(), stack.enter_context(concurrent.futures.ThreadPoolExecutor(3))
            stack.callback(done.set)

            def ask():
                with server.connect() as connection:
                    count = 0
                    while not done.is_set():
                        body = json.dumps(one(2.0)).encode()
                        answer = connection.request("POST", "/v2/models/made/infer", (), body)
                        self.assertEqual(answer.outputs()["y"].tolist(), [[10]])
                        count += 1
                    return count

            asking = pool.submit(ask)
            files = [entry for entry in state(self.repository) if "/.mass" not in entry[0]]
            for future in [pool.submit(self.check) for _ in range(4)]:
                self.assertEqual(future.result(), [])
            self.assertEqual([entry for entry in state(self.repository) if "/.mass" not in entry[0]], files)
            ran = run("publish", "made", write_scale(file, 5.0), "--repository", self.repository, "--activate")
            self.assertEqual(ran.returncode, 0, ran.stderr)
            done.set()
            self.assertGreater(asking.result(), 0)

    def test_files_that_are_named(self):
        self.configure(signers=["none.pem"], tls={"certificate": "cert.pem", "private_key": "/none/key.pem"})
        self.expect_all(self.check(succeeds=False), ("error", "none.pem", ""), ("error", "cert.pem", ""))


class Reloading(ConfigurationCase):
    """What SIGHUP changes."""

    def reload(self, server):
        server.process.send_signal(signal.SIGHUP)
        return server.wait_for(("reloaded", "reload failed"), RELOAD_SECONDS)

    def started(self, *arguments):
        return self.enterContext(Server(self.repository, "--config", self.file, *arguments))

    def changed(self, event):
        self.assertEqual(event["event"], "reloaded", event)
        return set(filter(None, event["changed"].split(", ")))

    def test_nothing_new(self):
        event = self.reload(self.started())
        self.assertEqual(self.changed(event), set())
        self.assertNotIn("need_restart", event)

    def test_the_drain(self):
        server = self.started()
        self.configure(drain_seconds=2)
        self.assertEqual(self.changed(self.reload(server)), {"drain_seconds"})
        start = time.monotonic()
        server.process.send_signal(signal.SIGTERM)
        self.assertEqual(server.wait_for(("draining",), 10)["seconds"], "2")
        self.assertEqual(server.get("/v2/health/ready").status, 503)
        self.assertEqual(server.infer("scale", one()).status, 200)
        self.assertEqual(server.stop(), 0, server.log())
        self.assertGreater(time.monotonic() - start, 1.5)

    def test_the_watch(self):
        """Looks can be begun and ended."""
        self.configure(watch_seconds=0)
        server = self.started()
        write_models(self.repository, ("matmul",))
        time.sleep(3)
        self.assertEqual(server.get("/v2/models/matmul/ready").status, 404)
        self.configure(watch_seconds=1)
        self.assertEqual(self.changed(self.reload(server)), {"watch_seconds"})
        write_models(self.repository, ("fixed",))
        server.wait_for(("loaded",), RELOAD_SECONDS)
        self.assertEqual(server.get("/v2/models/fixed/ready").status, 200)

    def test_models_that_changed(self):
        """A reload is a look at the repository, whether there are others or not."""
        server = self.started("--watch", 0)
        write_models(self.repository, ("matmul",))
        self.settings("scale", version_policy={"specific": [1]})
        self.reload(server)
        self.assertEqual(server.get("/v2/models/matmul/ready").status, 200)
        self.assertEqual(server.infer("scale", one()).json()["model_version"], "1")

    def test_without_a_configuration(self):
        with serving(("scale",), "--watch", 0) as server:
            write_models(server.repository, ("matmul",))
            self.assertEqual(self.changed(self.reload(server)), set())
            self.assertEqual(server.get("/v2/models/matmul/ready").status, 200)

    def test_what_needs_a_restart(self):
        server = self.started()
        for _ in range(2):
            self.configure(host="localhost", drain_seconds=1, plan_cache="others", repository="elsewhere")
            event = self.reload(server)
            # The command line says where the repository is, and the host.
            self.assertEqual(event["need_restart"], "plan_cache")
        self.configure(drain_seconds=1)
        self.assertNotIn("need_restart", self.reload(server))
        self.assertEqual(server.infer("scale", one()).status, 200)

    def test_the_command_line_still_wins(self):
        server = self.started("--drain-seconds", 0)
        self.configure(drain_seconds=600)
        self.assertEqual(self.changed(self.reload(server)), set())
        self.assertEqual(server.stop(20), 0, server.log())

    def test_a_bad_file_changes_nothing(self):
        server = self.started("--watch", 0)
        write_models(self.repository, ("matmul",))
        for text, pattern in (
            ("{", "offset"), ('{"repository": "models", "drain_seconds": 5, "threads": 0}', "threads"),
            ('{"drain_secs": 1}', "drain_seconds"),
        ):
            with self.subTest(text):
                self.configure(text)
                event = self.reload(server)
                self.assertEqual((event["event"], event["level"]), ("reload failed", "error"))
                self.assertRegex(event["reason"], f"server.json: .*{pattern}")
                self.assertEqual(server.get("/v2/models/matmul/ready").status, 404)
                self.assertEqual(server.infer("scale", one()).status, 200)
        self.file.unlink()
        self.assertEqual(self.reload(server)["event"], "reload failed")
        server.process.send_signal(signal.SIGTERM)
        self.assertEqual(server.wait_for(("draining",), 10)["seconds"], "0")

    def test_limits(self):
        """Requests and loads to come go by the new numbers."""
        server = self.started()
        request = {"inputs": [], "parameters": {"padding": "x" * 200}}
        self.assertEqual(server.infer("scale", request).status, 400)
        self.configure(max_body_bytes=100, instances=2, threads=1, queue_limit=7, response_cache_bytes=0)
        members = {"max_body_bytes", "instances", "queue_limit", "response_cache_bytes"}
        self.assertEqual(self.changed(self.reload(server)) - {"threads"}, members)
        self.assertEqual(server.infer("scale", request).status, 413)
        self.assertEqual(server.get("/v2/models/scale/config").json()["instance_group"][0]["count"], 1)
        write_models(self.repository, ("matmul",))
        self.reload(server)
        settings = server.get("/v2/models/matmul/config").json()
        self.assertEqual(settings["instance_group"][0]["count"], 2)
        self.assertEqual(settings["parameters"]["queue_limit"]["string_value"], "7")
        self.configure()
        self.reload(server)
        self.assertEqual(server.infer("scale", request).status, 400)

    def test_many_signals(self):
        """None ends the server, none disturbs a request, not even while it leaves."""
        self.configure(drain_seconds=2)
        server = self.started()
        for i in range(60):
            server.process.send_signal(signal.SIGHUP)
            if i % 3 == 0:
                self.assertEqual(server.infer("scale", one(2.0)).outputs()["y"].tolist(), [[6]])
        server.wait_for(("reloaded",), RELOAD_SECONDS)
        server.process.send_signal(signal.SIGTERM)
        for _ in range(10):
            server.process.send_signal(signal.SIGHUP)
            time.sleep(0.05)
            self.assertEqual(server.infer("scale", one(2.0)).status, 200)
        self.assertEqual(server.stop(), 0, server.log())


if __name__ == "__main__":
    unittest.main()
