"""Updates lose nothing: versions change while clients ask without pause, and servers are killed while they change."""
import collections
import concurrent.futures
import contextlib
import itertools
import json
import pathlib
import random
import tempfile
import threading
import time
import unittest

import numpy as np
import tritonclient.grpc as triton

import make_models
from harness import SLOW_SECONDS, Server, ServingCase, serving
from tensors import one
from test_model_cli import TAKEOVER_SECONDS, run, version_digest
from wire import Closed, Malformed, infer_path

MODEL = "multiply"
REGISTERED = f"/v2/registry/models/{MODEL}"
LABEL = "stable"
UPDATES = 10
HTTP_CLIENTS = 2
# Between updates, so that clients ask for a while with nothing going on.
PAUSE_SECONDS = 0.05
KILLS = 10
KILL_SECONDS = 0.6
RANDOM_SEED = 31


def factor(version):
    """What a version multiplies by, which no other does."""
    return version + 1


def scale_bytes(version):
    return make_models.scale(float(factor(version))).SerializeToString()


# Each way to ask gives the version that an answer names, none if it names none, and the product in it.


def post(server, connection, path, value):
    answer = connection.request("POST", path, (), json.dumps(value).encode())
    if answer.status != 200:
        raise AssertionError(f"{answer!r}; the log:\n{server.log()}")
    return answer


def ask(server, connection, value, model=MODEL, version=None):
    answer = post(server, connection, infer_path(model, version), one(value))
    return int(answer.json()["model_version"]), float(answer.outputs()["y"].item())


@contextlib.contextmanager
def by_http(server):
    with server.connect(SLOW_SECONDS) as connection:
        yield lambda value: ask(server, connection, value)


@contextlib.contextmanager
def by_label(server):
    path = f"/v1/models/{MODEL}/labels/{LABEL}:predict"
    with server.connect(SLOW_SECONDS) as connection:
        yield lambda value: (
            None, post(server, connection, path, {"instances": [[value]]}).json()["predictions"][0][0])


@contextlib.contextmanager
def by_grpc(server):
    with triton.InferenceServerClient(server.grpc) as client:
        def infer(value):
            given = triton.InferInput("x", [1, 1], "FP32")
            given.set_data_from_numpy(np.array([[value]], np.float32))
            result = client.infer(MODEL, [given], client_timeout=SLOW_SECONDS)
            return int(result.get_response().model_version), float(result.as_numpy("y").item())

        yield infer


# When a request was sent, when its answer had come, and the version that gave it.
Observation = collections.namedtuple("Observation", "sent came version")


def observe(server, way, done):
    """Asks without pause until `done`; every answer must be that of the version it names."""
    seen = []
    with way(server) as ask_it:
        for i in itertools.count():
            if done.is_set():
                return seen
            value, sent = float(i % 97 + 1), time.monotonic()
            named, product = ask_it(value)
            came, version = time.monotonic(), round(product / value) - 1
            if product != value * factor(version) or named not in (None, version):
                raise AssertionError(f"version {named} gave {product} for {value}")
            seen.append(Observation(sent, came, version))


class Timeline:
    """Which version is to answer, and from when: pairs of times between which a change took place."""

    def __init__(self, version):
        self.changes = [(0.0, 0.0, version)]

    @contextlib.contextmanager
    def change_to(self, version):
        before = time.monotonic()
        yield
        self.changes.append((before, time.monotonic(), version))

    @property
    def version(self):
        return self.changes[-1][2]

    def misplaced(self, seen):
        """The observations of one client, in their order, that follow from no order of events."""
        at, wrong = 0, []
        for one_of in seen:
            found = next((i for i in range(at, len(self.changes)) if self._allows(i, one_of)), None)
            if found is None:
                wrong.append(one_of)
            else:
                at = found
        return wrong

    def _allows(self, i, seen):
        begun, _, version = self.changes[i]
        is_over = i + 1 < len(self.changes) and seen.sent > self.changes[i + 1][1]
        return seen.version == version and seen.came >= begun and not is_over


def publish(server, data, version, **members):
    """The answer to publishing a model of these bytes."""
    upload = server.post("/v2/registry/uploads").json()["upload"]
    path = f"/v2/registry/uploads/{upload}"
    server.request("PUT", f"{path}/model.onnx", (), data)
    request = {"upload": upload, "version": version, **members}
    answer = server.post(f"{REGISTERED}/versions", request, timeout=SLOW_SECONDS)
    if answer.status != 201:
        server.request("DELETE", path)
    return answer


class Updates(unittest.TestCase):
    """Every way to change what serves, under constant load."""

    refuse, succeed = ServingCase.refuse, ServingCase.succeed

    def setUp(self):
        self.server = self.enterContext(serving((), "--threads", "1"))
        self.directly = collections.Counter()
        self.publish(1, activate=True)
        self.publish(2)
        self.activate(2, current=False)
        self.label(1)
        self.current, self.labeled = Timeline(1), Timeline(1)

    def post(self, verb, **members):
        return self.server.post(f"{REGISTERED}/{verb}", members, timeout=SLOW_SECONDS)

    def publish(self, version, **members):
        answer = publish(self.server, scale_bytes(version), version, **members)
        self.assertEqual(answer.status, 201, answer)

    def activate(self, version, **members):
        answer = self.succeed(self.post("activate", version=version, **members)).json()
        self.assertEqual((answer["state"], answer["serving"]), ("active", True))

    def label(self, version):
        body = json.dumps({"version": version}).encode()
        self.succeed(self.server.request("PUT", f"{REGISTERED}/labels/{LABEL}", (), body))

    def state(self, version):
        return self.succeed(self.server.get(f"{REGISTERED}/versions/{version}")).json()["state"]

    def ask_version(self, version):
        with self.server.connect() as connection:
            self.assertEqual(ask(self.server, connection, 3.0, version=version), (version, 3.0 * factor(version)))
        self.directly[version] += 1

    def test_nothing_is_lost_while_versions_change(self):
        done = threading.Event()
        ways = [(by_http, self.current)] * HTTP_CLIENTS + [(by_grpc, self.current), (by_label, self.labeled)]
        with concurrent.futures.ThreadPoolExecutor(len(ways)) as pool:
            clients = [(pool.submit(observe, self.server, way, done), timeline) for way, timeline in ways]
            try:
                self.change_everything(clients)
            finally:
                done.set()
        answers = collections.Counter(self.directly)
        for client, timeline in clients:
            seen = client.result()
            self.assertGreater(len(seen), UPDATES)
            self.assertEqual(timeline.misplaced(seen)[:3], [], timeline.changes)
            answers.update(one_of.version for one_of in seen)
        self.assertEqual({version for _, _, version in self.current.changes} - set(answers), set())
        self.assert_counted(answers)

    def assert_counted(self, answers):
        """The registry has counted what the clients were answered, whatever became of the versions."""
        self.assertEqual(self.server.stop(), 0)
        shown = run("show", MODEL, "--repository", self.server.repository, "--json")
        self.assertEqual((shown.returncode, shown.stderr), (0, ""))
        versions = json.loads(shown.stdout)["versions"]
        counted = {version["version"]: version["requests"] for version in versions if version["requests"]}
        self.assertEqual(counted, dict(answers))
        self.assertEqual(sum(version["failures"] for version in versions), 0)

    def change_everything(self, clients):
        changes = [
            self.move_label, *[self.update] * (UPDATES // 2), self.upload_garbage, self.activate_damaged,
            self.break_settings, self.roll_back, self.serve_beside, self.change_by_another_process,
            *[self.update] * (UPDATES - UPDATES // 2), self.remove_retired]
        self.highest = 2
        for change in changes:
            with self.subTest(change.__name__):
                change()
                self.succeed(self.server.get("/v2/health/ready"))
            time.sleep(PAUSE_SECONDS)
            if any(client.done() for client, _ in clients):
                return

    def new_version(self):
        self.highest += 1
        return self.highest

    def update(self):
        version = self.new_version()
        self.publish(version)
        with self.current.change_to(version):
            self.activate(version)

    def move_label(self):
        with self.labeled.change_to(2):
            self.label(2)

    def upload_garbage(self):
        for data in (b"garbage", b"", scale_bytes(self.highest)[:-20], make_models.broken().SerializeToString()):
            self.refuse(publish(self.server, data, self.highest + 1, activate=True), 400)

    def activate_damaged(self):
        version = self.new_version()
        self.publish(version)
        path = self.server.repository / MODEL / str(version) / "model.onnx"
        path.write_bytes(scale_bytes(version + 1))
        self.refuse(self.post("activate", version=version), (400, 409, 500, 503), "SHA-256|digest")
        self.assertEqual(self.state(version), "published")

    def break_settings(self):
        path = self.server.repository / MODEL / "model.json"
        path.write_text('{"instances":')
        load = f"/v2/repository/models/{MODEL}/load"
        try:
            self.refuse(self.server.post(load), 400, "model.json")
            self.refuse(self.post("activate", version=1), 400, "model.json")
            self.assertEqual(self.state(1), "retired")
        finally:
            path.unlink()
        self.succeed(self.server.post(load))

    def roll_back(self):
        version = self.current.changes[-2][2]
        with self.current.change_to(version):
            answer = self.succeed(self.post("rollback")).json()
        self.assertEqual((answer["version"], answer["current"]), (version, True))

    def serve_beside(self):
        version = self.new_version()
        self.publish(version)
        self.activate(version, current=False)
        self.ask_version(version)
        self.assertEqual(self.succeed(self.post("deactivate", version=version)).json()["state"], "retired")
        self.refuse(self.server.infer(MODEL, one(), version=version), (404, 503))

    def change_by_another_process(self):
        version, place = self.new_version(), ("--repository", self.server.repository)
        self.publish(version)
        with self.current.change_to(version):
            ran = run("activate", MODEL, version, *place, "--quiet")
            self.assertEqual((ran.returncode, ran.stderr), (0, ""))
            end = time.monotonic() + TAKEOVER_SECONDS
            while self.server.get(f"/v2/models/{MODEL}").json()["versions"] != ["2", str(version)]:
                self.assertLess(time.monotonic(), end, self.server.log())
                time.sleep(0.02)

    def remove_retired(self):
        self.assertEqual(self.state(1), "retired")
        self.succeed(self.server.request("DELETE", f"{REGISTERED}/versions/1"))
        self.assertEqual(self.state(1), "removed")
        self.assertFalse((self.server.repository / MODEL / "1").exists())


class Killed(unittest.TestCase):
    """A server that was killed at any moment is whole when it is started again."""

    def setUp(self):
        folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory(prefix="mass-killed-")))
        self.repository, self.cache = folder / "models", folder / "plans"
        self.repository.mkdir()
        self.moments = random.Random(RANDOM_SEED)
        # What was acknowledged: published versions, which may be current, and factors of models put there by hand.
        self.published, self.possible, self.placed, self.numbers = [], {1}, {}, itertools.count(1)

    def start(self):
        return Server(self.repository, "--cache", self.cache, "--threads", "1")

    def test_killed_while_versions_change(self):
        with self.start() as server:
            self.publish_one(server, activate=True)
        for i in range(KILLS):
            with self.subTest(i), self.start() as server, concurrent.futures.ThreadPoolExecutor(3) as pool:
                self.check(server)
                changes = (self.publish_one, self.activate_one, self.load_one)
                changing = [pool.submit(self.repeat, change, server) for change in changes]
                time.sleep(self.moments.uniform(0.01, KILL_SECONDS))
                server.process.kill()
                server.process.wait()
                for one_of in changing:
                    one_of.result()
        with self.start() as server:
            self.check(server)
        self.assertGreater(min(len(self.published), len(self.placed)), KILLS)

    def repeat(self, change, server):
        with contextlib.suppress(Closed, Malformed, OSError):
            while True:
                change(server)

    def publish_one(self, server, **members):
        version = next(self.numbers)
        answer = publish(server, scale_bytes(version), version, **members)
        self.assertEqual(answer.status, 201, answer)
        self.published.append(version)

    def activate_one(self, server):
        version = self.moments.choice(self.published)
        self.possible.add(version)
        answer = server.post(f"{REGISTERED}/activate", {"version": version}, timeout=SLOW_SECONDS)
        self.assertEqual(answer.status, 200, answer)
        self.possible = {version}

    def load_one(self, server):
        """The first load of a model, whose plan is written to the cache then."""
        name, version = f"placed_{len(self.placed)}", 1000 + len(self.placed)
        self.placed[name] = factor(version)
        (self.repository / name / "1").mkdir(parents=True)
        (self.repository / name / "1/model.onnx").write_bytes(scale_bytes(version))
        answer = server.post(f"/v2/repository/models/{name}/load", timeout=SLOW_SECONDS)
        self.assertEqual(answer.status, 200, answer)

    def check(self, server):
        self.assertEqual(server.get("/v2/health/ready").status, 200, server.log())
        model = server.get(REGISTERED).json()
        listed = {version["version"]: version for version in model["versions"]}
        self.assertLessEqual(set(self.published), set(listed))
        self.assertEqual({int(path.name) for path in (self.repository / MODEL).glob("[0-9]*")}, set(listed))
        for number, version in listed.items():
            data = (self.repository / MODEL / str(number) / "model.onnx").read_bytes()
            self.assertEqual((data, version["digest"]), (scale_bytes(number), version_digest({"model.onnx": data})))
        self.assertEqual(list((self.repository / ".mass/staging").glob("*")), [])
        current = model["current"]
        self.assertIn(current, self.possible)
        self.possible = {current}
        serving = [number for number, version in listed.items() if version["serving"]]
        self.assertEqual((model["active"], serving), ([current], [current]))
        with server.connect() as connection:
            self.assertEqual(ask(server, connection, 3.0), (current, 3.0 * factor(current)))
            for name, by in self.placed.items():
                self.assertEqual(ask(server, connection, 3.0, name), (1, 3.0 * by))


if __name__ == "__main__":
    unittest.main()
