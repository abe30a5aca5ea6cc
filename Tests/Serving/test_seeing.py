"""What a server lets be seen of itself: names of requests and traces, the log of requests, health and metrics."""
import ctypes
import json
import os
import pathlib
import re
import signal
import tempfile
import threading
import time
import unittest

import grpc
import numpy as np
import tritonclient.grpc as triton

from harness import SLOW_SECONDS, ServingCase, Server, serving, write_models
from tensors import one
from wire import infer_path

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
PARENT = f"00-{TRACE}-{SPAN}-01"
LIVE = "/v2/health/live"


def configured(case, names, configuration, *arguments):
    """A server of these models and of a configuration file; it goes with the test."""
    folder = pathlib.Path(case.enterContext(tempfile.TemporaryDirectory(prefix="mass-seeing-")))
    (folder / "models").mkdir()
    write_models(folder / "models", names)
    (folder / "server.json").write_text(json.dumps(configuration))
    return case.enterContext(
        Server(folder / "models", "--cache", folder / "plans", "--config", folder / "server.json", *arguments))


def requests_of(server, count=1, seconds=10):
    """The lines of the log about requests, once there are so many."""
    end = time.monotonic() + seconds
    while True:
        lines = [event for event in server.events if event.get("event") == "request"]
        if len(lines) >= count:
            return lines
        if time.monotonic() > end:
            raise AssertionError(f"{len(lines)} lines about requests, not {count}; the log:\n{server.log()}")
        time.sleep(0.02)


def triton_input(value=1.0):
    tensor = triton.InferInput("x", [1, 1], "FP32")
    tensor.set_data_from_numpy(np.full((1, 1), value, np.float32))
    return tensor


def too_late():
    """A request whose deadline has passed when it comes to its turn."""
    return {**one(), "parameters": {"timeout": 1}}


class Names(ServingCase):
    """Requests that name themselves and their trace, to a server that logs failures."""

    @classmethod
    def setUpClass(cls):
        cls.share(("scale", "slow"))

    def ask(self, *headers, path="/v2/models/scale"):
        return self.server.get(path, headers=headers)

    def test_an_id_comes_back(self):
        for name in ("a", "7f3-" * 32, "!~"):
            self.assertEqual(self.ask(("X-Request-Id", name)).header("X-Request-Id"), name)

    def test_other_ids_are_ignored(self):
        for name in ("", "x" * 129, "a b", "\xe9"):
            answer = self.succeed(self.ask(("X-Request-Id", name)))
            self.assertIsNone(answer.header("X-Request-Id"))

    def test_who_gave_none_gets_none(self):
        answer = self.succeed(self.ask())
        self.assertIsNone(answer.header("X-Request-Id"))
        self.assertIsNone(answer.header("traceresponse"))

    def test_errors_of_clients_have_the_id_too(self):
        answer = self.ask(("X-Request-Id", "mine"), path="/v2/models/none")
        self.assertEqual((answer.status, answer.header("X-Request-Id")), (404, "mine"))

    def test_a_trace_is_continued(self):
        spans = set()
        for flags in ("00", "01", "02", "03"):
            answer = self.succeed(self.ask(("traceparent", f"00-{TRACE}-{SPAN}-{flags}"), ("tracestate", "a=1")))
            match = re.fullmatch(rf"00-{TRACE}-([0-9a-f]{{16}})-{flags}", answer.header("traceresponse"))
            self.assertTrue(match, answer.header("traceresponse"))
            spans.add(match[1])
        self.assertEqual(len(spans | {SPAN, "0" * 16}), 6)

    def test_a_trace_of_a_later_version_is_continued(self):
        answer = self.succeed(self.ask(("traceparent", f"cc-{TRACE}-{SPAN}-01-what-comes")))
        self.assertIn(TRACE, answer.header("traceresponse"))

    def test_a_malformed_trace_begins_anew(self):
        rows = ("x", f"ff-{TRACE}-{SPAN}-01", f"00-{TRACE.upper()}-{SPAN}-01", f"00-{'0' * 32}-{SPAN}-01",
                f"00-{TRACE}-{'0' * 16}-01", f"{PARENT}-more")
        for row in rows:
            response = self.succeed(self.ask(("traceparent", row))).header("traceresponse")
            self.assertRegex(response, r"^00-[0-9a-f]{32}-[0-9a-f]{16}-02$")
            self.assertNotIn(TRACE, response)
        twice = self.succeed(self.ask(("traceparent", PARENT), ("traceparent", PARENT)))
        self.assertNotIn(TRACE, twice.header("traceresponse"))

    def test_a_failure_is_named_and_logged(self):
        count = len([event for event in self.server.events if event.get("event") == "request"])
        answer = self.server.infer("slow", too_late(), headers=(("traceparent", PARENT),))
        self.refuse(answer, 503, "expired")
        self.assertRegex(answer.header("X-Request-Id"), "^[0-9a-f]{32}$")
        line = requests_of(self.server, count + 1)[-1]
        expected = {
            "level": "warning", "protocol": "http", "method": "POST", "path": infer_path("slow"), "model": "slow",
            "status": 503, "error": answer.error(), "request_id": answer.header("X-Request-Id"), "trace_id": TRACE,
            "span_id": answer.header("traceresponse").split("-")[2], "parent_span_id": SPAN, "peer": "127.0.0.1",
            "bytes_out": len(answer.body)}
        self.assertEqual({key: line.get(key) for key in expected}, expected)
        self.assertGreater(line["bytes_in"], 0)
        self.assertGreaterEqual(line["duration_ms"], 0)

    def test_grpc_names(self):
        with grpc.insecure_channel(self.server.grpc) as channel:
            call = channel.unary_unary("/inference.GRPCInferenceService/ServerLive")
            _, done = call.with_call(b"", metadata=(("traceparent", PARENT), ("x-request-id", "mine")), timeout=10)
            metadata = dict(done.initial_metadata())
            self.assertRegex(metadata["traceresponse"], rf"^00-{TRACE}-[0-9a-f]{{16}}-01$")
            self.assertEqual(metadata["x-request-id"], "mine")
            _, done = call.with_call(b"", timeout=10)
            self.assertFalse({"traceresponse", "x-request-id"} & set(dict(done.initial_metadata())))
            with self.assertRaises(grpc.RpcError) as caught:
                channel.unary_unary("/inference.GRPCInferenceService/ModelReady")(
                    b"\xff", metadata=(("traceparent", PARENT),), timeout=10)
            self.assertIn(TRACE, dict(caught.exception.trailing_metadata())["traceresponse"])

    def test_what_a_request_causes_bears_its_name(self):
        load = self.server.post(
            "/v2/repository/models/scale/unload", headers=(("X-Request-Id", "u-1"), ("traceparent", PARENT)))
        self.succeed(load)
        self.succeed(self.server.post("/v2/repository/models/scale/load", timeout=SLOW_SECONDS))
        line = [event for event in self.server.events if event.get("event") == "unloaded"][-1]
        self.assertEqual((line.get("request_id"), line.get("trace_id")), ("u-1", TRACE))


class Log(unittest.TestCase):
    succeed = ServingCase.succeed

    def test_every_request(self):
        server = configured(self, ("scale",), {"log": {"requests": "all"}})
        self.succeed(server.infer("scale", one(2.0), version=3))
        self.succeed(server.post("/v1/models/scale/versions/1:predict", {"instances": [[1.0]]}))
        self.assertEqual(server.get("/nothing").status, 404)
        with triton.InferenceServerClient(server.grpc) as client:
            client.infer("scale", [triton_input()], model_version="1")
            with self.assertRaises(Exception):
                client.infer("none", [triton_input()])
        lines = requests_of(server, 5)
        self.assertEqual(
            [(line["protocol"], line["status"], line.get("model"), line.get("version")) for line in lines],
            [("http", 200, "scale", 3), ("http", 200, "scale", 1), ("http", 404, None, None),
             ("grpc", "OK", "scale", 1), ("grpc", "NOT_FOUND", "none", None)])
        for line in lines[0], lines[1], lines[3]:
            stages = [line[f"{stage}_ms"] for stage in ("queue", "input", "compute", "output")]
            self.assertLessEqual(sum(stages), line["duration_ms"] + 0.1)
            self.assertNotIn("error", line)
        self.assertEqual(lines[3]["rpc"], "inference.GRPCInferenceService/ModelInfer")
        self.assertGreater(min(lines[3]["bytes_in"], lines[3]["bytes_out"]), 0)
        self.assertIn("not found", lines[4]["error"])
        self.assertEqual(len({line["request_id"] for line in lines}), 5)
        self.assertEqual({line["peer"] for line in lines}, {"127.0.0.1"})

    def test_calls_that_their_clients_cancel(self):
        """With a deadline that is far, which is not why they ended."""
        server = configured(self, ("scale",), {"log": {"requests": "all"}})
        with grpc.insecure_channel(server.grpc) as channel:
            end = threading.Event()
            self.addCleanup(end.set)
            stream = channel.stream_stream("/inference.GRPCInferenceService/ModelStreamInfer")
            call = stream(self.nothing_and_wait(end), timeout=30)
            self.assertIn(b"model", next(call))
            call.cancel()
            requests_of(server, 1)
            call = channel.unary_stream("/grpc.health.v1.Health/Watch")(b"", timeout=30)
            self.assertEqual(next(call), b"\x08\x01")
            call.cancel()
        lines = requests_of(server, 2)
        self.assertEqual([line["status"] for line in lines], ["CANCELLED", "CANCELLED"])
        self.assertEqual([line["rpc"].split("/")[1] for line in lines], ["ModelStreamInfer", "Watch"])

    @staticmethod
    def nothing_and_wait(end):
        """An empty message, which is a request without a model."""
        yield b""
        end.wait()

    def test_no_request(self):
        server = configured(self, ("slow",), {"log": {"requests": "none"}})
        self.assertEqual(server.infer("slow", too_late()).status, 503)
        time.sleep(0.2)
        self.assertEqual(requests_of(server, 0), [])

    def test_hostile_texts_stay_in_their_line(self):
        server = configured(self, ("scale",), {"log": {"requests": "all"}})
        self.assertEqual(server.get("/%22%7D%0A" + "x" * 3000).status, 400)
        line = requests_of(server)[0]
        self.assertLess(len(line["path"]), 300)

    def test_a_flood_of_failures_is_bounded(self):
        with serving(("slow",)) as server, server.connect() as connection:
            body, count = json.dumps(too_late()).encode(), 600
            start = time.monotonic()
            for _ in range(count):
                self.assertEqual(connection.request("POST", infer_path("slow"), (), body).status, 503)
            spent = time.monotonic() - start
            time.sleep(2.5)
            told = [event for event in server.events if event["event"] in ("request", "requests left out")]
            lines = [event for event in told if event["event"] == "request"]
            self.assertLessEqual(len(lines), 100 * (int(spent) + 2))
            self.assertEqual(len(lines) + sum(event.get("left_out", 0) for event in told), count)


class Stopped:
    """Has the system stop one thread of a process for the length of a block."""

    ATTACH, DETACH, ALL = 16, 17, 0x40000000

    def __init__(self, thread):
        self.thread = thread
        self.libc = ctypes.CDLL(None, use_errno=True)
        self.libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p]

    def __enter__(self):
        if self.libc.ptrace(self.ATTACH, self.thread, None, None) != 0:
            raise unittest.SkipTest(f"a thread cannot be stopped here: {os.strerror(ctypes.get_errno())}")
        os.waitpid(self.thread, self.ALL)
        return self

    def __exit__(self, *_):
        self.libc.ptrace(self.DETACH, self.thread, None, None)


def threads(server, pattern):
    """Numbers of the threads whose names match."""
    folders = pathlib.Path(f"/proc/{server.pid}/task").iterdir()
    return [int(folder.name) for folder in folders if re.search(pattern, (folder / "comm").read_text())]


class Health(unittest.TestCase):
    """What hangs is noticed, and so is its end."""

    succeed = ServingCase.succeed

    def until_live(self, server, live, seconds=20):
        """The first answer that says so; connections that a stopped loop serves do not answer."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for _ in range(8):
                try:
                    answer = server.get(LIVE, timeout=0.5)
                except (AssertionError, OSError):
                    continue
                if answer.json()["live"] == live:
                    return answer
            time.sleep(0.2)
        raise AssertionError(f"not heard within {seconds} s that live is {live}; the log:\n{server.log()}")

    def test_a_model_that_hangs(self):
        server = configured(self, ("slow", "scale"), {"stuck_seconds": 2})
        self.succeed(server.infer("slow", one(), timeout=SLOW_SECONDS))
        answers = []
        asking = threading.Thread(
            target=lambda: answers.append(server.infer("slow", one(2.0), timeout=2 * SLOW_SECONDS)))
        asking.start()
        time.sleep(0.2)
        found = threads(server, "slow")
        self.assertEqual(len(found), 1, found)
        with Stopped(found[0]):
            answer = self.until_live(server, False)
            self.assertEqual(answer.status, 503)
            self.assertIn("model 'slow' version 1", answer.json()["error"])
            self.assertIn('mass_stuck_workers{kind="model"} 1\n', server.get("/metrics").body.decode())
            self.succeed(server.infer("scale", one()))
        self.assertEqual(self.until_live(server, True).status, 200)
        asking.join()
        self.succeed(answers[0])
        events = [event["event"] for event in server.events]
        self.assertEqual((events.count("stuck"), events.count("not stuck any more")), (1, 1))

    def test_an_event_loop_that_hangs(self):
        server = configured(self, ("scale",), {"stuck_seconds": 2})
        loops = threads(server, "^NIO-.*#")
        if len(loops) < 2:
            self.skipTest("one event loop: nobody is left to answer")
        # Of two loops, one accepts connections, and the other can be done without.
        heard = []
        for loop in loops[:2]:
            with Stopped(loop):
                try:
                    heard.append(self.until_live(server, False, 8))
                except AssertionError:
                    continue
            self.until_live(server, True)
        self.assertTrue(heard, server.log())
        self.assertRegex(heard[0].json()["error"], "event loop [0-9]")
        self.assertGreaterEqual(len([event for event in server.events if event["event"] == "stuck"]), 1)

    def test_a_process_that_was_stopped_is_live(self):
        server = configured(self, ("scale",), {"stuck_seconds": 2})
        os.kill(server.pid, signal.SIGSTOP)
        time.sleep(8)
        os.kill(server.pid, signal.SIGCONT)
        for _ in range(20):
            self.succeed(server.get(LIVE))
            time.sleep(0.1)
        self.assertNotIn("stuck", [event["event"] for event in server.events])


class Metrics(unittest.TestCase):
    def sample(self, server, name, **labels):
        """The one sample of this name and these labels, read by Prometheus' own parser."""
        try:
            from prometheus_client.parser import text_string_to_metric_families
        except ImportError:
            self.skipTest("no prometheus_client here")
        families = list(text_string_to_metric_families(server.get("/metrics").body.decode()))
        self.assertEqual(len(families), len({family.name for family in families}))
        found = [sample.value for family in families for sample in family.samples
                 if sample.name == name and labels.items() <= sample.labels.items()]
        self.assertEqual(len(found), 1, (name, labels, found))
        return found[0]

    def test_refusals(self):
        with serving(("slow", "scale"), "--max-body-bytes", 4096) as server:
            self.assertEqual(server.infer("slow", too_late()).status, 503)
            for _ in range(2):
                self.assertEqual(server.post(infer_path("scale"), b" " * 5000).status, 413)
            self.assertEqual(server.infer("none", one()).status, 404)
            with grpc.insecure_channel(server.grpc) as channel, self.assertRaises(grpc.RpcError):
                channel.unary_unary("/inference.GRPCInferenceService/ModelInfer")(b"\0" * (2 << 20), timeout=10)
            expected = {"deadline": 1, "body_too_large": 3, "rate_limited": 0, "overloaded": 0, "unauthenticated": 0,
                        "permission_denied": 0}
            for reason, count in expected.items():
                self.assertEqual(self.sample(server, "mass_requests_rejected_total", reason=reason), count, reason)
            self.assertNotIn('"none"', server.get("/metrics").body.decode())

    def test_a_full_queue(self):
        with serving(("slow",)) as server:
            pool = [threading.Thread(target=server.infer, args=("slow", one()), kwargs={"timeout": 60})
                    for _ in range(12)]
            for thread in pool:
                thread.start()
            for thread in pool:
                thread.join()
            self.assertGreaterEqual(self.sample(server, "mass_requests_rejected_total", reason="overloaded"), 1)

    def test_a_breaker(self):
        import test_traffic as traffic

        case = traffic.Limits()
        try:
            server = case.serve({"breaker": {"consecutive_failures": 5, "cool_down_s": 60}}, sizes=(100, 10))
            labels = {"model": traffic.MODEL, "version": "2"}

            def states():
                return {state: self.sample(server, "mass_circuit_breaker_state", state=state, **labels)
                        for state in ("closed", "open", "half_open")}

            self.assertEqual(states(), {"closed": 1, "open": 0, "half_open": 0})
            for _ in range(6):
                server.infer(traffic.MODEL, one(50.0))
            self.assertEqual(states(), {"closed": 0, "open": 1, "half_open": 0})
            self.assertEqual(self.sample(server, "mass_circuit_breaker_opens_total", **labels), 1)
            self.assertEqual(self.sample(server, "mass_requests_rejected_total", reason="overloaded"), 1)
        finally:
            case.doCleanups()

    def test_a_canary(self):
        import test_traffic as traffic

        case = traffic.Limits()
        try:
            canary = {"version": 2, "minimum_requests": 20}
            server = case.serve({"split": {"1": 50, "2": 50}, "canary": canary}, sizes=(100, 10))
            labels = {"model": traffic.MODEL, "version": "2"}
            self.assertEqual(self.sample(server, "mass_canary_rollbacks_total", **labels), 0)
            self.assertEqual(self.sample(server, "mass_canary_verdict", verdict="undecided", **labels), 1)
            with server.connect() as connection:
                for _ in range(300):
                    connection.request("POST", infer_path(traffic.MODEL), (), json.dumps(one(50.0)).encode())
            time.sleep(3)
            self.assertEqual(self.sample(server, "mass_canary_rollbacks_total", **labels), 1)
            self.assertEqual(self.sample(server, "mass_canary_failures_total", **labels), 1)
        finally:
            case.doCleanups()


if __name__ == "__main__":
    unittest.main()
