"""Shares of versions, versions on trial, limits and breakers, as clients meet them."""
import collections
import concurrent.futures
import json
import math
import subprocess
import time
import unittest

import numpy as np
import onnx
import tritonclient.grpc as triton
from onnx import TensorProto

import make_models
from harness import MASS, SLOW_SECONDS, ServingCase, serving
from tensors import one

MODEL = "table"


def table(size, factor):
    """Looks `x` up among `size` numbers, multiples of `factor`; fails in running where there is none."""
    node, values = make_models.node, np.arange(size, dtype=np.float32) * factor
    return make_models.model(
        [node("Cast", ["x"], ["i"], to=TensorProto.INT64), node("Gather", ["values", "i"], ["y"])],
        [("x", TensorProto.FLOAT, ["N", "M"])], [("y", TensorProto.FLOAT, ["N", "M"])], [("values", values)])


def slow_table(size, factor, extent=256, products=12):
    """As `table`, after products of matrices that take some milliseconds and hardly change the result."""
    node, values = make_models.node, np.arange(size, dtype=np.float32) * factor
    nodes = [
        node("Cast", ["x"], ["i"], to=TensorProto.INT64), node("Gather", ["values", "i"], ["found"]),
        node("Add", ["w", "x"], ["m0"])]
    for i in range(products):
        nodes += [node("MatMul", [f"m{i}", f"m{i}"], [f"p{i}"]), node("Tanh", [f"p{i}"], [f"m{i + 1}"])]
    nodes += [
        node("ReduceMean", [f"m{products}"], ["mean"], axes=[0, 1], keepdims=1), node("Mul", ["mean", "small"], ["rest"]),
        node("Add", ["found", "rest"], ["y"])]
    weights = np.random.default_rng(5).standard_normal((extent, extent)).astype(np.float32) / extent
    return make_models.model(
        nodes, [("x", TensorProto.FLOAT, [1, 1])], [("y", TensorProto.FLOAT, [1, 1])],
        [("values", values), ("w", weights), ("small", np.array(1e-6, np.float32))])


class TrafficCase(unittest.TestCase):
    """A server of its own for each test, with version v of the model giving v times x."""

    succeed, refuse = ServingCase.succeed, ServingCase.refuse

    def serve(self, traffic, sizes=(100, 100), **settings):
        server = self.enterContext(serving(()))
        for version, size in enumerate(sizes, 1):
            place = server.repository / MODEL / str(version)
            place.mkdir(parents=True)
            onnx.save(table(size, version), place / "model.onnx")
        self.configure(server, traffic, **settings)
        self.succeed(self.load(server))
        return server

    def configure(self, server, traffic, **settings):
        settings = {"version_policy": "all", "threads": 1, "traffic": traffic, **settings}
        (server.repository / MODEL / "model.json").write_text(json.dumps(settings))

    def load(self, server):
        return server.post(f"/v2/repository/models/{MODEL}/load", timeout=SLOW_SECONDS)

    def version(self, connection, value=1.0, headers=()):
        body = json.dumps(one(value)).encode()
        answer = self.succeed(connection.request("POST", f"/v2/models/{MODEL}/infer", headers, body))
        version = int(answer.json()["model_version"])
        self.assertEqual(answer.outputs()["y"].item(), version * value)
        return version


class Split(TrafficCase):
    def test_shares(self):
        server = self.serve({"split": {"1": 90, "2": 10}})
        with server.connect() as connection:
            seen = collections.Counter(self.version(connection) for _ in range(4000))
        # Chi-square with one degree of freedom: a value above 15.1 has a probability of 1e-4.
        square = sum((seen[version] - share) ** 2 / share for version, share in ((1, 3600), (2, 400)))
        self.assertLess(square, 15.1, seen)

    def test_shares_of_a_hundred_thousand(self):
        server = self.serve({"split": {"1": 90, "2": 10}})
        counts = {"1": 0, "2": 0}
        for _ in range(20):
            subprocess.run(
                [MASS, "load", f"http://{server.http}/v2/models/{MODEL}", "--closed", "16", "--duration", "4", "--quiet",
                 "--shape", "x=1x1"], capture_output=True, timeout=60)
            stats = self.succeed(server.get(f"/v2/models/{MODEL}/stats")).json()["model_stats"]
            counts = {entry["version"]: int(entry["inference_stats"]["success"]["count"]) for entry in stats}
            if sum(counts.values()) >= 100_000:
                break
        total = sum(counts.values())
        self.assertGreaterEqual(total, 100_000, counts)
        # One degree of freedom: a value above 15.1 has a probability of 1e-4.
        square = sum((counts[version] - total * share) ** 2 / (total * share) for version, share in (("1", 0.9), ("2", 0.1)))
        self.assertLess(square, 15.1, counts)

    def test_who_asks_for_a_version_gets_it(self):
        server = self.serve({"split": {"1": 1, "2": 0}})
        with server.connect() as connection:
            self.assertEqual({self.version(connection) for _ in range(50)}, {1})
        self.assertEqual(self.succeed(server.infer(MODEL, one(), version=2)).json()["model_version"], "2")

    def test_a_key_sticks_in_every_protocol(self):
        server = self.serve({"split": {"1": 50, "2": 50}, "sticky_header": "X-User"})
        image = triton.InferInput("x", [1, 1], "FP32")
        image.set_data_from_numpy(np.ones((1, 1), np.float32))
        versions = {}
        with server.connect() as connection, triton.InferenceServerClient(server.grpc) as client:
            for user in map(str, range(60)):
                seen = {self.version(connection, headers=[("X-User", user)]) for _ in range(3)}
                seen.add(int(client.infer(MODEL, [image], headers={"x-user": user}).get_response().model_version))
                body = json.dumps({"instances": [[1.0]]}).encode()
                path = f"/v1/models/{MODEL}:predict"
                answer = self.succeed(connection.request("POST", path, [("x-user", user)], body)).json()
                seen.add(round(answer["predictions"][0][0]))
                self.assertEqual(len(seen), 1, user)
                versions[user] = seen.pop()
            self.assertEqual(set(versions.values()), {1, 2})
            # Keys move only to the version that got more.
            self.configure(server, {"split": {"1": 30, "2": 70}, "sticky_header": "x-user"})
            self.succeed(self.load(server))
            for user, version in versions.items():
                now = self.version(connection, headers=[("X-User", user)])
                self.assertIn((version, now), {(1, 1), (1, 2), (2, 2)})

    def test_a_version_that_is_gone_gets_nothing(self):
        server = self.serve({"split": {"1": 50, "2": 50}}, version_policy={"specific": [1]})
        with server.connect() as connection:
            self.assertEqual({self.version(connection) for _ in range(50)}, {1})


class Canary(TrafficCase):
    TRIAL = {"split": {"1": 70, "2": 30}, "canary": {"version": 2, "minimum_requests": 20, "window_s": 30}}

    def ask(self, server, count, value=50.0):
        """How often each status came."""
        with server.connect() as connection:
            body, path = json.dumps(one(value)).encode(), f"/v2/models/{MODEL}/infer"
            return collections.Counter(connection.request("POST", path, (), body).status for _ in range(count))

    def test_one_that_fails_is_rolled_back(self):
        server = self.serve(self.TRIAL, sizes=(100, 10))
        failed = self.ask(server, 300)
        self.assertGreater(failed[400], 50, failed)
        event = server.wait_for(("rolled back",), 10)
        self.assertEqual((event["model"], event["version"]), (MODEL, "2"))
        self.assertIn("failures", event["reason"])
        self.assertEqual(self.ask(server, 300), {200: 300})

    def test_one_that_takes_too_long_is_rolled_back(self):
        server = self.serve({"split": {"1": 1}})
        place = server.repository / MODEL / "2/model.onnx"
        onnx.save(slow_table(100, 2), place)
        self.configure(server, self.TRIAL)
        self.succeed(self.load(server))
        self.assertEqual(self.ask(server, 600), {200: 600})
        event = server.wait_for(("rolled back",), 10)
        self.assertEqual((event["model"], event["version"]), (MODEL, "2"))
        self.assertRegex(event["reason"], "percentile|latency|ms")
        with server.connect() as connection:
            self.assertEqual({self.version(connection) for _ in range(100)}, {1})

    def test_the_registry_hears_of_it(self):
        server = self.serve(self.TRIAL, sizes=(100, 10))
        path = f"/v2/registry/models/{MODEL}"
        self.succeed(server.post(f"{path}/activate", {"version": 1}, timeout=SLOW_SECONDS))
        self.succeed(server.post(f"{path}/activate", {"version": 2, "current": False}, timeout=SLOW_SECONDS))
        self.ask(server, 300)
        server.wait_for(("rolled back",), 10)
        server.wait_for(("unloaded",), 10)
        model = self.succeed(server.get(path)).json()
        self.assertEqual((model["current"], model["active"]), (1, [1]))
        event = self.succeed(server.get(f"{path}/events?limit=1")).json()["events"][0]
        self.assertEqual((event["user"], event["action"], event["version"]), ("canary guard", "deactivate", 2))
        self.assertEqual(self.ask(server, 100), {200: 100})

    def test_one_that_is_only_watched_goes_on(self):
        canary = {**self.TRIAL["canary"], "on_failure": "report"}
        server = self.serve({**self.TRIAL, "canary": canary}, sizes=(100, 10))
        self.ask(server, 300)
        server.wait_for(("canary fails",), 10)
        self.assertGreater(self.ask(server, 300)[400], 50)

    def test_clients_mistakes_are_not_its_failures(self):
        server = self.serve(self.TRIAL)
        bad = json.dumps({"inputs": [{"name": "z", "shape": [1], "datatype": "FP32", "data": [1]}]}).encode()
        with server.connect() as connection:
            for _ in range(300):
                self.refuse(connection.request("POST", f"/v2/models/{MODEL}/infer", (), bad), 400)
        time.sleep(2.2)
        with server.connect() as connection:
            self.assertEqual({self.version(connection) for _ in range(200)}, {1, 2})


class Limits(TrafficCase):
    def test_rate(self):
        server = self.serve({"limit": {"rate": 0.5, "burst": 5}})
        answers = [server.infer(MODEL, one()) for _ in range(8)]
        self.assertEqual([answer.status for answer in answers], [200] * 5 + [429] * 3)
        self.assertIn(int(answers[5].header("Retry-After")), (1, 2))
        self.assertIn("rate is limited", answers[5].error())
        metrics = server.get("/metrics").body.decode()
        self.assertIn('mass_rate_limited_requests_total{model="table"} 3\n', metrics)
        image = triton.InferInput("x", [1, 1], "FP32")
        image.set_data_from_numpy(np.ones((1, 1), np.float32))
        with triton.InferenceServerClient(server.grpc) as client, self.assertRaises(Exception) as caught:
            client.infer(MODEL, [image])
        self.assertIn("RESOURCE_EXHAUSTED", str(caught.exception))
        time.sleep(2.1)
        self.succeed(server.infer(MODEL, one()))

    def test_rate_of_many_clients(self):
        server = self.serve({"limit": {"rate": 50, "burst": 10}})

        def ask(_):
            with server.connect() as connection:
                end, count = start + 2, 0
                while time.monotonic() < end:
                    answer = connection.request("POST", f"/v2/models/{MODEL}/infer", (), json.dumps(one()).encode())
                    count += answer.status == 200
                return count

        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            start = time.monotonic()
            admitted = sum(pool.map(ask, range(4)))
            spent = time.monotonic() - start
        self.assertGreaterEqual(admitted, 10 + math.floor(50 * 2) - 2)
        self.assertLessEqual(admitted, 10 + math.ceil(50 * spent) + 1)

    def test_breaker(self):
        server = self.serve({"breaker": {"consecutive_failures": 5, "cool_down_s": 1}}, sizes=(100, 10))
        with server.connect() as connection:
            path, bad = f"/v2/models/{MODEL}/infer", json.dumps(one(50.0)).encode()
            statuses = [connection.request("POST", path, (), bad).status for _ in range(7)]
            self.assertEqual(statuses, [400] * 5 + [503] * 2)
            refused = connection.request("POST", path, (), json.dumps(one()).encode())
            self.refuse(refused, 503, "failed too often")
            self.assertEqual(refused.header("Retry-After"), "1")
            self.succeed(server.infer(MODEL, one(50.0), version=1))
            time.sleep(1.1)
            for _ in range(3):
                self.version(connection, 2.0)
            self.assertEqual([self.version(connection, 2.0) for _ in range(10)], [2] * 10)

    def test_a_wait_that_is_too_long(self):
        server = self.enterContext(serving(("slow",)))
        settings = {"instances": 1, "threads": 1, "queue_limit": 100, "traffic": {"queue": {"longest_wait_ms": 1}}}
        (server.repository / "slow" / "model.json").write_text(json.dumps(settings))
        self.succeed(server.post("/v2/repository/models/slow/load", timeout=SLOW_SECONDS))
        self.succeed(server.infer("slow", one(), timeout=SLOW_SECONDS))
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            running = pool.submit(server.infer, "slow", one(), timeout=SLOW_SECONDS)
            time.sleep(0.15)
            start = time.monotonic()
            answer = server.infer("slow", one())
            self.refuse(answer, 503, "wait too long")
            self.assertLess(time.monotonic() - start, 0.2)
            self.assertGreaterEqual(int(answer.header("Retry-After")), 1)
            self.succeed(running.result())


class Priorities(unittest.TestCase):
    succeed, refuse = ServingCase.succeed, ServingCase.refuse

    def setUp(self):
        self.server = self.enterContext(serving(("slow",)))
        queue = {"levels": 3, "default_priority": 2, "ageing_ms": 60_000}
        settings = {"instances": 1, "threads": 1, "queue_limit": 2, "traffic": {"queue": queue}}
        (self.server.repository / "slow" / "model.json").write_text(json.dumps(settings))
        self.succeed(self.server.post("/v2/repository/models/slow/load", timeout=SLOW_SECONDS))
        self.order = []

    def ask(self, priority):
        request = one() if priority is None else {**one(), "parameters": {"priority": priority}}
        answer = self.server.infer("slow", request, timeout=SLOW_SECONDS)
        self.order.append((priority, answer.status))
        return answer

    def test_the_urgent_overtake_and_displace(self):
        with concurrent.futures.ThreadPoolExecutor(5) as pool:
            answers = []
            for priority in (None, 3, 3, 1, 2):
                answers.append(pool.submit(self.ask, priority))
                time.sleep(0.1)
            answers = [answer.result() for answer in answers]
        # The first runs; the two of level 3 wait, and lose their places to those of 1 and 2, the newer one first.
        self.assertEqual([answer.status for answer in answers], [200, 503, 503, 200, 200])
        self.assertIn("higher priority", answers[1].error())
        self.assertEqual(self.order, [(3, 503), (3, 503), (None, 200), (1, 200), (2, 200)])

    def test_no_priorities(self):
        for priority in (-1, 1.5, "high", True):
            with self.subTest(priority):
                self.refuse(self.ask(priority), 400, "priority")


class Cache(TrafficCase):
    def counts(self, server):
        stats = self.succeed(server.get(f"/v2/models/{MODEL}/versions/2/stats")).json()["model_stats"][0]
        values = stats["inference_stats"]
        return [values[name]["count"] for name in ("success", "cache_hit", "cache_miss")] + [stats["execution_count"]]

    def test_hits_and_misses(self):
        server = self.serve({"cache": True})
        with server.connect() as connection:
            for value in (1.0, 2.0, 1.0, 1.0, 2.0):
                self.assertEqual(self.version(connection, value), 2)
            self.assertEqual(self.counts(server), [5, 3, 2, 2])
            # Another version has answers of its own.
            body = json.dumps(one(1.0)).encode()
            answer = connection.request("POST", f"/v2/models/{MODEL}/versions/1/infer", (), body)
            self.assertEqual(self.succeed(answer).outputs()["y"].item(), 1.0)
            # Errors are not kept.
            for _ in range(2):
                self.refuse(connection.request("POST", f"/v2/models/{MODEL}/infer", (), json.dumps(one(500.0)).encode()), 400)

    def test_a_new_load_forgets(self):
        server = self.serve({"cache": True})
        with server.connect() as connection:
            self.assertEqual(self.version(connection), 2)
            onnx.save(table(100, 5), server.repository / MODEL / "2" / "model.onnx")
            self.succeed(self.load(server))
            answer = self.succeed(server.infer(MODEL, one(1.0)))
            self.assertEqual(answer.outputs()["y"].item(), 5.0)

    def test_one_computes_for_all(self):
        server = self.enterContext(serving(("slow",)))
        settings = {"instances": 1, "threads": 1, "traffic": {"cache": True}}
        (server.repository / "slow" / "model.json").write_text(json.dumps(settings))
        self.succeed(server.post("/v2/repository/models/slow/load", timeout=SLOW_SECONDS))
        with concurrent.futures.ThreadPoolExecutor(6) as pool:
            answers = list(pool.map(lambda _: server.infer("slow", one(), timeout=SLOW_SECONDS), range(6)))
        self.assertEqual(len({self.succeed(answer).outputs()["y"].item() for answer in answers}), 1)
        stats = self.succeed(server.get("/v2/models/slow/stats")).json()["model_stats"][0]
        self.assertEqual((stats["execution_count"], stats["inference_stats"]["cache_hit"]["count"]), (1, 5))

    def test_random_numbers_are_not_kept(self):
        server = self.serve({})
        place = server.repository / MODEL / "3"
        place.mkdir()
        random = make_models.model(
            [make_models.node("RandomUniformLike", ["x"], ["y"])], [("x", TensorProto.FLOAT, ["N", "M"])],
            [("y", TensorProto.FLOAT, ["N", "M"])])
        onnx.save(random, place / "model.onnx")
        self.configure(server, {"cache": True})
        self.refuse(self.load(server), 400, "random numbers")


class Settings(TrafficCase):
    def test_what_is_refused(self):
        server = self.serve({})
        for traffic, pattern in (
            ({"splitt": {}}, "did you mean 'split'"), ({"split": {"1": 0}}, "positive"), ({"split": {"0": 1}}, "no version"),
            ({"split": {"1": -1}}, "at least 0"), ({"split": {"1": "x"}}, "expected a number"), ([], "expected an object"),
            ({"sticky_header": "a b"}, "name of a header"), ({"canary": {}}, "version is missing"),
            ({"canary": {"version": 2, "error_rate": 2}}, "error_rate.*0.0 to 1.0"),
            ({"canary": {"version": 2, "on_failure": "stop"}}, "rollback"), ({"limit": {}}, "rate is missing"),
            ({"limit": {"rate": 0}}, "limit.rate"), ({"breaker": {"cooldown": 1}}, "did you mean 'cool_down_s'"),
            ({"queue": {"longest_wait_ms": -1}}, "queue.longest_wait_ms"), ({"queue": {"levels": 0}}, "queue.levels"),
            ({"queue": {"levels": 2, "default_priority": 3}}, "default_priority: expected a number from 1 to 2"),
        ):
            with self.subTest(traffic):
                self.configure(server, traffic)
                self.refuse(self.load(server), 400, pattern)
        self.succeed(server.infer(MODEL, one()))
