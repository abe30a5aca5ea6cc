"""Updates lose nothing: versions change while clients ask without pause, and servers are killed while they change."""
import collections
import concurrent.futures
import contextlib
import itertools
import json
import math
import random
import threading
import time
import unittest

import numpy as np
import tritonclient.grpc as triton

import make_models
from harness import SLOW_SECONDS, Server, ServingCase, serving
from tensors import one
from test_model_cli import TAKEOVER_SECONDS, ModelCase, run
from wire import Closed, Malformed, infer_path

MODEL = "multiply"
REGISTERED = f"/v2/registry/models/{MODEL}"
BY_LABEL = f"/v1/models/{MODEL}/labels/stable:predict"
UPDATES = 10
PAUSE_SECONDS = 0.05
KILLS, KILL_SECONDS = 10, 0.6
RANDOM_SEED = 31


def factor(version):
    """What a version multiplies by, which no other does."""
    return version + 1


def scale_bytes(version):
    return make_models.scale(float(factor(version))).SerializeToString()


def publish(server, data, version, **members):
    """The answer to publishing a model of these bytes."""
    upload = server.post("/v2/registry/uploads").json()["upload"]
    server.request("PUT", f"/v2/registry/uploads/{upload}/model.onnx", (), data)
    request = {"upload": upload, "version": version, **members}
    return server.post(f"{REGISTERED}/versions", request, timeout=SLOW_SECONDS)


# Each way to ask gives the version that an answer names, none if it names none, and the product in it.


def post(connection, path, value):
    answer = connection.request("POST", path, (), json.dumps(value).encode())
    if answer.status != 200:
        raise AssertionError(repr(answer))
    return answer


def ask_http(connection, value, model=MODEL, version=None):
    answer = post(connection, infer_path(model, version), one(value))
    return int(answer.json()["model_version"]), answer.outputs()["y"].item()


def ask_label(connection, value):
    return None, post(connection, BY_LABEL, {"instances": [[value]]}).json()["predictions"][0][0]


def ask_grpc(client, value):
    given = triton.InferInput("x", [1, 1], "FP32")
    given.set_data_from_numpy(np.array([[value]], np.float32))
    result = client.infer(MODEL, [given], client_timeout=SLOW_SECONDS)
    return int(result.get_response().model_version), result.as_numpy("y").item()


def observe(server, ask, done):
    """Asks without pause until `done`: when each request was sent, when its answer had come, and from which version."""
    seen = []
    with triton.InferenceServerClient(server.grpc) if ask is ask_grpc else server.connect() as connection:
        for i in itertools.count():
            if done.is_set():
                return seen
            value, sent = float(i % 97 + 1), time.monotonic()
            named, product = ask(connection, value)
            version = round(product / value) - 1
            if product != value * factor(version) or named not in (None, version):
                raise AssertionError(f"version {named} gave {product} for {value}")
            seen.append((sent, time.monotonic(), version))


@contextlib.contextmanager
def changing(timeline, version):
    """Adds to a timeline which version is to answer, with the times between which that took place."""
    begun = time.monotonic()
    yield
    timeline.append((begun, time.monotonic(), version))


def misplaced(timeline, seen):
    """The first answer one client got that fits no order of events: from a version too early, too late or again."""
    at, ends = 0, [over for _, over, _ in timeline[1:]] + [math.inf]
    for sent, came, version in seen:
        places = (i for i in range(at, len(timeline)) if timeline[i][2] == version)
        at = next((i for i in places if timeline[i][0] <= came and sent <= ends[i]), None)
        if at is None:
            return sent, came, version


class Updates(unittest.TestCase):
    """Every way to change what serves, under constant load."""

    refuse, succeed = ServingCase.refuse, ServingCase.succeed

    def setUp(self):
        self.server = self.enterContext(serving(()))
        self.highest, self.directly = 0, collections.Counter()
        self.activate(self.publish())
        self.activate(self.publish(), current=False)
        self.label(1)
        self.current, self.labeled = [(0.0, 0.0, 1)], [(0.0, 0.0, 1)]

    def publish(self):
        self.highest += 1
        self.assertEqual(publish(self.server, scale_bytes(self.highest), self.highest).status, 201, self.server.log())
        return self.highest

    def change(self, verb, **members):
        return self.server.post(f"{REGISTERED}/{verb}", members, timeout=SLOW_SECONDS)

    def activate(self, version, **members):
        self.assertTrue(self.succeed(self.change("activate", version=version, **members)).json()["serving"])

    def label(self, version):
        self.succeed(self.server.request("PUT", f"{REGISTERED}/labels/stable", (), b'{"version": %d}' % version))

    def state(self, version):
        return self.succeed(self.server.get(f"{REGISTERED}/versions/{version}")).json()["state"]

    def test_nothing_is_lost_while_versions_change(self):
        done, timelines = threading.Event(), [self.current, self.current, self.current, self.labeled]
        with concurrent.futures.ThreadPoolExecutor(len(timelines)) as pool:
            ways = (ask_http, ask_http, ask_grpc, ask_label)
            clients = [pool.submit(observe, self.server, way, done) for way in ways]
            try:
                self.change_everything()
            finally:
                done.set()
        answers = collections.Counter(self.directly)
        for client, timeline in zip(clients, timelines):
            seen = client.result()
            self.assertIsNone(misplaced(timeline, seen), timeline)
            answers.update(version for _, _, version in seen)
        self.assertLessEqual({version for _, _, version in self.current}, set(answers))
        self.assert_counted(answers)

    def assert_counted(self, answers):
        """The registry has counted what the clients were answered, whatever became of the versions."""
        self.assertEqual(self.server.stop(), 0)
        shown = run("show", MODEL, "--repository", self.server.repository, "--json").stdout
        counts = {entry["version"]: (entry["requests"], entry["failures"]) for entry in json.loads(shown)["versions"]}
        self.assertEqual(counts, {version: (answers[version], 0) for version in counts})

    def change_everything(self):
        half = [self.update] * (UPDATES // 2)
        for change in (
            self.move_label, *half, self.publish_garbage, self.activate_damaged, self.break_settings, self.roll_back,
            self.serve_beside, self.change_by_another_process, *half, self.remove_retired,
        ):
            with self.subTest(change.__name__):
                change()
                self.succeed(self.server.get("/v2/health/ready"))
            time.sleep(PAUSE_SECONDS)

    def update(self):
        version = self.publish()
        with changing(self.current, version):
            self.activate(version)

    def move_label(self):
        with changing(self.labeled, 2):
            self.label(2)

    def publish_garbage(self):
        for data in (b"garbage", b"", scale_bytes(self.highest)[:-20], make_models.broken().SerializeToString()):
            self.refuse(publish(self.server, data, self.highest + 1, activate=True), 400)

    def activate_damaged(self):
        version = self.publish()
        (self.server.repository / f"{MODEL}/{version}/model.onnx").write_bytes(scale_bytes(version + 1))
        self.refuse(self.change("activate", version=version), (400, 409, 500, 503), "not the file that was published")
        self.assertEqual(self.state(version), "published")

    def break_settings(self):
        path, load = self.server.repository / MODEL / "model.json", f"/v2/repository/models/{MODEL}/load"
        path.write_text('{"instances":')
        try:
            self.refuse(self.server.post(load), 400, "model.json")
            self.refuse(self.change("activate", version=1), 400, "model.json")
        finally:
            path.unlink()
        self.succeed(self.server.post(load))

    def roll_back(self):
        with changing(self.current, self.current[-2][2]):
            self.succeed(self.change("rollback"))

    def serve_beside(self):
        version = self.publish()
        self.activate(version, current=False)
        with self.server.connect() as connection:
            self.assertEqual(ask_http(connection, 3.0, version=version), (version, 3.0 * factor(version)))
        self.directly[version] += 1
        self.assertEqual(self.succeed(self.change("deactivate", version=version)).json()["state"], "retired")
        self.refuse(self.server.infer(MODEL, one(), version=version), (404, 503))

    def change_by_another_process(self):
        version = self.publish()
        with changing(self.current, version):
            run("activate", MODEL, version, "--repository", self.server.repository, check=True)
            end = time.monotonic() + TAKEOVER_SECONDS
            while self.server.get(f"/v2/models/{MODEL}").json()["versions"] != ["2", str(version)]:
                self.assertLess(time.monotonic(), end, self.server.log())
                time.sleep(0.02)

    def remove_retired(self):
        self.succeed(self.server.request("DELETE", f"{REGISTERED}/versions/1"))
        self.assertEqual(self.state(1), "removed")


class Killed(ModelCase):
    """A server that was killed at any moment is whole when it is started again."""

    def setUp(self):
        super().setUp()
        self.repository, self.moments = self.folder / "models", random.Random(RANDOM_SEED)
        self.repository.mkdir()
        # Versions whose publication was acknowledged, those that may be current, and models put there by hand.
        self.published, self.possible, self.placed, self.numbers = [], {1}, {}, itertools.count(1)

    def start(self):
        return Server(self.repository, "--cache", self.folder / "plans", "--threads", "1")

    def test_killed_while_versions_change(self):
        with self.start() as server:
            self.publish_one(server, activate=True)
        for i in range(KILLS):
            with self.subTest(i), self.start() as server, concurrent.futures.ThreadPoolExecutor(3) as pool:
                self.check(server)
                work = [pool.submit(self.repeat, verb, server) for verb in ("publish_one", "activate_one", "load_one")]
                time.sleep(self.moments.uniform(0.01, KILL_SECONDS))
                server.process.kill()
                self.assertEqual([one_of.result() for one_of in work], [None] * len(work))
        with self.start() as server:
            self.check(server)
        self.assertGreater(min(len(self.published), len(self.placed)), KILLS)

    def repeat(self, verb, server):
        with contextlib.suppress(Closed, Malformed, OSError):
            while True:
                getattr(self, verb)(server)

    def publish_one(self, server, **members):
        version = next(self.numbers)
        self.assertEqual(publish(server, scale_bytes(version), version, **members).status, 201, server.log())
        self.published.append(version)

    def activate_one(self, server):
        version = self.moments.choice(self.published)
        self.possible.add(version)
        self.assertEqual(server.post(f"{REGISTERED}/activate", {"version": version}).status, 200, server.log())
        self.possible = {version}

    def load_one(self, server):
        """The first load of a model, whose plan is written to the cache then."""
        name, version = f"placed_{len(self.placed)}", 1000 + len(self.placed)
        self.placed[name] = factor(version)
        (self.repository / f"{name}/1").mkdir(parents=True)
        (self.repository / f"{name}/1/model.onnx").write_bytes(scale_bytes(version))
        self.assertEqual(server.post(f"/v2/repository/models/{name}/load").status, 200, server.log())

    def check(self, server):
        self.assertEqual(server.get("/v2/health/ready").status, 200, server.log())
        self.place = ["--server", f"http://{server.http}"]
        self.check_whole(MODEL)
        self.assertEqual(self.staged(), [])
        model = server.get(REGISTERED).json()
        listed = {version["version"]: version for version in model["versions"]}
        self.assertLessEqual(set(self.published), set(listed))
        for number in listed:
            self.assertEqual((self.repository / f"{MODEL}/{number}/model.onnx").read_bytes(), scale_bytes(number))
        current, serving = model["current"], [number for number in listed if listed[number]["serving"]]
        self.assertIn(current, self.possible)
        self.possible = {current}
        self.assertEqual((model["active"], serving), ([current], [current]))
        with server.connect() as connection:
            self.assertEqual(ask_http(connection, 3.0), (current, 3.0 * factor(current)))
            for name, by in self.placed.items():
                self.assertEqual(ask_http(connection, 3.0, name), (1, 3.0 * by))


if __name__ == "__main__":
    unittest.main()
