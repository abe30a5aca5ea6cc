"""Calls over gRPC that last, that end early, and that are many: streams, deadlines, cancellation, clients at once."""
import concurrent.futures
import contextlib
import queue
import re
import threading
import time
import unittest

import grpc
import numpy as np
import tritonclient.grpc as triton
from tritonclient.grpc import service_pb2 as pb
from tritonclient.grpc import service_pb2_grpc

import make_models
from harness import ServingCase, to_bytes
from test_grpc import (
    CALL_SECONDS, MEBIBYTE, NO_MODEL, SEED, Code, GRPCCase, one, open_channel, outputs_of, raw, typed, varint)

INFERENCE = "inference.GRPCInferenceService"
EXPIRED = "Request timeout expired"


def setUpModule():
    ServingCase.share(("identity_fp32", "scale", "slow", "add_sub", "matmul"))


def slow(**members):
    return raw("slow", [("x", one())], **members)


def failed_and_executed(stub, name="slow"):
    stats = stub.ModelStatistics(pb.ModelStatisticsRequest(name=name)).model_stats[0]
    return np.array([stats.inference_stats.fail.count, stats.execution_count])


class Feed:
    """The requests of a stream, which a test sends one by one."""

    def __init__(self):
        self.entries = queue.Queue()

    def send(self, *requests):
        for request in requests:
            self.entries.put(request)

    def close(self):
        self.entries.put(None)

    def __iter__(self):
        return iter(self.entries.get, None)


class Streams(GRPCCase):
    def stream(self, requests, **options):
        return self.stub.ModelStreamInfer(iter(requests), timeout=CALL_SECONDS, **options)

    def test_many_requests_are_answered_in_their_order(self):
        """More than the server works on at once, of two models of which one is a thousand times slower."""
        requests = [
            slow(id=str(i)) if i in (0, 60) else raw("scale", [("x", one(i))], id=str(i)) for i in range(200)]
        answers = list(self.stream(requests))
        self.assertEqual([answer.infer_response.id for answer in answers], [str(i) for i in range(200)])
        for i, answer in enumerate(answers):
            self.assertEqual(answer.error_message, "")
            if i not in (0, 60):
                self.assert_same(outputs_of(answer.infer_response)["y"], one(3 * i))

    def test_an_answer_comes_before_the_next_request(self):
        feed = Feed()
        answers = self.stub.ModelStreamInfer(iter(feed), timeout=CALL_SECONDS)
        for i in range(5):
            feed.send(raw("scale", [("x", one(i))], id=str(i)))
            self.assertEqual(next(answers).infer_response.id, str(i))
        feed.close()
        self.assertEqual(list(answers), [])
        self.assertEqual(answers.code(), Code.OK)

    def test_a_stream_of_nothing(self):
        self.assertEqual(list(self.stream([])), [])

    def test_errors_do_not_end_a_stream(self):
        short = raw("scale", [("x", one())], id="short")
        short.raw_input_contents[0] = b"abc"
        half = raw("add_sub", [("A", np.ones((1, 4), np.float32))], id="half")
        requests = [
            raw("scale", [("x", one())], id="first"), raw("nobody", [("x", one())], id="nobody"), short, half,
            raw("scale", [("x", one())], id="version", version=7), slow(id="late", timeout=1),
            raw("scale", [("x", one())], id="bad", timeout="soon"), typed("scale", [("x", one())], id="last")]
        answers = list(self.stream(requests))
        self.assertEqual([answer.infer_response.id for answer in answers], [request.id for request in requests])
        self.assertEqual([answer.infer_response.model_name for answer in answers], [r.model_name for r in requests])
        patterns = (
            "^$", f"^{NO_MODEL}$", "^unexpected size for input 'x': .* got 3$", "input 'B' is missing$",
            "'scale' version 7 is not found$", f"^{EXPIRED}$", "'timeout'", "^$")
        for answer, pattern in zip(answers, patterns):
            with self.subTest(answer.infer_response.id):
                self.assertRegex(answer.error_message, pattern)
                self.assertEqual(len(answer.infer_response.outputs), int(pattern == "^$"))
        self.assertEqual(len(answers[0].infer_response.raw_output_contents), 1)
        self.assertEqual(len(answers[-1].infer_response.raw_output_contents), 0)

    def test_bytes_that_are_no_request_end_a_stream(self):
        call = self.channel.stream_stream(f"/{INFERENCE}/ModelStreamInfer")
        good = raw("scale", [("x", one())]).SerializeToString()
        answers = call(iter([good, b"\xff", good]), timeout=CALL_SECONDS)
        with self.assertRaises(grpc.RpcError) as caught:
            list(answers)
        self.assertEqual(caught.exception.code(), Code.INVALID_ARGUMENT)
        self.assertEqual(caught.exception.details(), "the bytes are not a message inference.ModelInferRequest")

    def test_every_answer_says_that_it_is_the_last_to_its_request(self):
        """Asked for or not: what a request can ask for are empty answers, which models here never give."""
        for values in ({}, {"triton_enable_empty_final_response": True}):
            requests = [raw("scale", [("x", one())], **values), raw("nobody", [], **values)]
            for answer in self.stream(requests):
                with self.subTest(f"{values} {answer.error_message}"):
                    self.assertIs(answer.infer_response.parameters["triton_final_response"].bool_param, True)
            self.assertEqual(len(self.infer(requests[0]).parameters), 0)

    def test_an_answer_that_nobody_reads_does_not_fill_the_memory(self):
        array = np.zeros((MEBIBYTE,), np.float32).reshape(1024, 1024)
        before, sent = self.server.peak_memory(), []

        def requests():
            for i in range(200):
                sent.append(i)
                yield raw("identity_fp32", [("x", array)], id=str(i))

        answers = self.stub.ModelStreamInfer(requests(), timeout=2 * CALL_SECONDS)
        time.sleep(3)
        self.assertLess(len(sent), 200, "the server read requests whose answers nobody takes")
        self.assertLess(self.server.peak_memory() - before, 700 * MEBIBYTE)
        self.assertEqual([int(answer.infer_response.id) for answer in answers], list(range(200)))

    def test_leaving_a_stream_frees_its_place(self):
        for _ in range(10):
            answers = self.stub.ModelStreamInfer(iter([slow(id=str(i)) for i in range(4)]), timeout=CALL_SECONDS)
            time.sleep(0.05)
            answers.cancel()
        start = time.monotonic()
        self.infer(slow())
        self.assertLess(time.monotonic() - start, 8, "requests of streams that were cancelled were run")

    def test_streams_at_once(self):
        def run(i):
            values = [one(1000 * i + j) for j in range(200)]
            answers = self.stream([raw("scale", [("x", value)]) for value in values])
            return all(
                outputs_of(answer.infer_response)["y"][0, 0] == 3 * value[0, 0]
                for answer, value in zip(answers, values, strict=True))

        with concurrent.futures.ThreadPoolExecutor(6) as pool:
            self.assertEqual(list(pool.map(run, range(6))), [True] * 6)


class TritonStreams(ServingCase):
    """Streams as NVIDIA's client opens them."""

    def setUp(self):
        self.client = triton.InferenceServerClient(self.server.grpc)
        self.addCleanup(self.client.close)
        self.arrived = queue.Queue()

    def start(self, **options):
        self.client.start_stream(lambda result, error: self.arrived.put((result, error)), **options)

    def ask(self, model="scale", value=1.0, **options):
        given = triton.InferInput("x", [1, 1], "FP32").set_data_from_numpy(one(value))
        self.client.async_stream_infer(model, [given], **options)

    def take(self):
        return self.arrived.get(timeout=CALL_SECONDS)

    def test_requests(self):
        self.start()
        for i in range(50):
            self.ask(value=i, request_id=str(i), enable_empty_final_response=i % 2 == 0, parameters={"mine": i})
        for i in range(50):
            result, error = self.take()
            self.assertIsNone(error)
            self.assertEqual(result.get_response().id, str(i))
            self.assert_same(result.as_numpy("y"), one(3 * i))
        self.client.stop_stream()
        self.assertTrue(self.arrived.empty(), "more answers than requests")

    def test_the_final_answer(self):
        self.start()
        for asked in (False, True):
            self.ask(enable_empty_final_response=asked)
            result, error = self.take()
            self.assertIsNone(error)
            with self.subTest(asked):
                self.assertIs(result.get_response().parameters["triton_final_response"].bool_param, True)
                self.assertEqual(len(result.get_response().outputs), 1)
        self.client.stop_stream()
        self.assertTrue(self.arrived.empty(), "an empty answer after the last one")

    def test_an_error_leaves_the_stream_open(self):
        self.start()
        self.ask("nobody")
        result, error = self.take()
        self.assertIsNone(result)
        self.assertEqual(error.message(), NO_MODEL)
        self.ask()
        self.assertIsNone(self.take()[1])
        self.client.stop_stream()

    def test_stopping_waits_for_answers(self):
        self.start()
        for _ in range(3):
            self.ask("slow")
        self.client.stop_stream()
        self.assertEqual([self.arrived.get_nowait()[1] for _ in range(3)], [None] * 3)

    def test_cancelling(self):
        self.start()
        for _ in range(3):
            self.ask("slow")
        time.sleep(0.1)
        self.client.stop_stream(cancel_requests=True)
        last = None
        while not self.arrived.empty():
            last = self.arrived.get_nowait()[1]
        self.assertEqual(last.status(), "StatusCode.CANCELLED")
        self.start(compression_algorithm="gzip")
        self.ask()
        self.assertIsNone(self.take()[1])
        self.client.stop_stream()

    def test_a_deadline_of_the_stream(self):
        self.start(stream_timeout=0.3)
        self.ask("slow", parameters={"mine": 1})
        self.ask("slow")
        errors = [self.take()[1]]
        while errors[-1] is None or errors[-1].status() is None:
            errors.append(self.take()[1])
        self.assertEqual(errors[-1].status(), "StatusCode.DEADLINE_EXCEEDED")

    def test_cancelling_one_call(self):
        given = triton.InferInput("x", [1, 1], "FP32").set_data_from_numpy(one())
        context = self.client.async_infer("slow", [given], lambda result, error: self.arrived.put((result, error)))
        time.sleep(0.1)
        context.cancel()
        result, error = self.take()
        self.assertIsNone(result)
        self.assertEqual(error.status(), "StatusCode.CANCELLED")


class ServerDeadlines(GRPCCase):
    """Deadlines that the server ends calls at, because the client itself waits longer."""

    def expire(self, call):
        """What came before the end."""
        answers = []
        # A call that the server forgets fails here instead of hanging.
        watch = threading.Timer(CALL_SECONDS, call.cancel)
        watch.start()
        self.addCleanup(watch.cancel)
        with self.assertRaises(grpc.RpcError) as caught:
            for answer in call:
                answers.append(answer)
        self.assertEqual((caught.exception.code(), caught.exception.details()), (Code.DEADLINE_EXCEEDED, EXPIRED))
        return answers

    def stream(self, *requests, timeout="300m", is_half_closed=False):
        feed = Feed()
        feed.send(*requests)
        if is_half_closed:
            feed.close()
        else:
            self.addCleanup(feed.close)
        return self.stub.ModelStreamInfer(iter(feed), timeout=None, metadata=[("grpc-timeout", timeout)])

    def test_a_silent_stream(self):
        # Eight digits are what the protocol allows, and what clients in Go send.
        for timeout in ("300m", "300000u", "29999850n", "00000300m"):
            with self.subTest(timeout):
                self.assertEqual(self.expire(self.stream(timeout=timeout)), [])

    def test_a_busy_stream(self):
        spent = []
        for _ in range(3):
            start = time.monotonic()
            self.infer(slow())
            spent.append(time.monotonic() - start)
        # For one or two of the four.
        timeout = f"{max(300, int(1500 * min(spent)))}m"
        for is_half_closed in (False, True):
            with self.subTest(is_half_closed):
                requests = [raw("scale", [("x", one())])] + [slow() for _ in range(4)]
                stream = self.stream(*requests, timeout=timeout, is_half_closed=is_half_closed)
                errors = [answer.error_message for answer in self.expire(stream)]
                self.assertEqual(errors[0], "")
                self.assertEqual(sorted(errors), errors, "what is answered behind one that came too late")
                self.assertEqual(set(errors[1:]) - {"", EXPIRED}, set())

    def test_a_stream_that_is_in_time(self):
        stream = self.stream(raw("scale", [("x", one())]), timeout="30S", is_half_closed=True)
        self.assertEqual([answer.error_message for answer in stream], [""])
        self.assertEqual(stream.code(), Code.OK)

    def test_a_message_that_does_not_come(self):
        for method in f"{INFERENCE}/ModelInfer", f"{INFERENCE}/ServerLive", "grpc.health.v1.Health/Watch":
            for timeout in ("300m", "00000300m"):
                with self.subTest(f"{method}, {timeout}"), open_channel(self.server) as channel:
                    feed = Feed()
                    self.addCleanup(feed.close)
                    call = channel.stream_stream(f"/{method}")
                    self.assertEqual(self.expire(call(iter(feed), metadata=[("grpc-timeout", timeout)])), [])

    def test_a_message_that_comes_late_but_in_time(self):
        """The deadline is the call's, not that of its message."""
        with open_channel(self.server) as channel:
            feed = Feed()
            call = channel.stream_unary(f"/{INFERENCE}/ModelInfer").future(
                iter(feed), metadata=[("grpc-timeout", "30S")])
            time.sleep(0.3)
            feed.send(raw("scale", [("x", one())]).SerializeToString())
            feed.close()
            self.assertEqual(pb.ModelInferResponse.FromString(call.result(CALL_SECONDS)).model_name, "scale")

    def test_a_watch(self):
        for timeout in ("1S", "00001000m"):
            with self.subTest(timeout), open_channel(self.server) as channel:
                watch = channel.unary_stream("/grpc.health.v1.Health/Watch")
                self.assertEqual(self.expire(watch(b"", metadata=[("grpc-timeout", timeout)])), [b"\x08\x01"])


class Deadlines(GRPCCase):
    def setUp(self):
        self.start = failed_and_executed(self.stub)

    def running(self, count=3):
        calls = [self.stub.ModelInfer.future(slow(), timeout=CALL_SECONDS) for _ in range(count)]
        time.sleep(0.15)
        return calls

    def counted(self, failed, executed):
        """Waits until so many requests more have failed and were run."""
        end = time.monotonic() + CALL_SECONDS
        while (found := list(failed_and_executed(self.stub) - self.start)) != [failed, executed]:
            self.assertLess(time.monotonic(), end, f"{found} is not {[failed, executed]}")
            time.sleep(0.05)
        time.sleep(0.3)
        self.assertEqual(list(failed_and_executed(self.stub) - self.start), [failed, executed])

    def test_a_deadline_in_the_queue(self):
        first = self.running()
        start = time.monotonic()
        self.must_fail(Code.DEADLINE_EXCEEDED, re.compile("."), self.stub.ModelInfer, slow(), timeout=0.2)
        self.assertLess(time.monotonic() - start, 0.45)
        for call in first:
            self.assertEqual(call.result().model_name, "slow")
        self.counted(1, 3)

    def test_the_parameter_timeout(self):
        first = self.running()
        start = time.monotonic()
        self.must_fail(Code.DEADLINE_EXCEEDED, EXPIRED, self.stub.ModelInfer, slow(timeout=100_000))
        self.assertLess(time.monotonic() - start, 0.45)
        for call in first:
            call.result()
        self.counted(1, 3)

    def test_a_deadline_while_it_runs(self):
        self.must_fail(Code.DEADLINE_EXCEEDED, re.compile("."), self.stub.ModelInfer, slow(), timeout=0.1)
        self.assertEqual(self.infer(slow()).model_name, "slow")

    def test_deadlines_that_are_far_or_over(self):
        for seconds in (1e-9, 0.0, 1e-4):
            self.must_fail(Code.DEADLINE_EXCEEDED, re.compile("."), self.stub.ModelInfer, slow(), timeout=seconds)
        for seconds in (3600, 1e6, 1e9, None):
            answer = self.stub.ModelInfer(raw("scale", [("x", one())]), timeout=seconds)
            self.assert_same(outputs_of(answer)["y"], one(3))

    def test_cancelling_in_the_queue(self):
        first = self.running(2)
        queued = [self.stub.ModelInfer.future(slow(), timeout=CALL_SECONDS) for _ in range(3)]
        time.sleep(0.1)
        for call in queued:
            self.assertTrue(call.cancel())
        for call in first:
            call.result()
        self.counted(3, 2)

    def test_a_connection_that_is_closed(self):
        first = self.running(2)
        other = open_channel(self.server)
        running = service_pb2_grpc.GRPCInferenceServiceStub(other).ModelInfer.future(slow())
        time.sleep(0.15)
        other.close()
        self.assertEqual(running.code(), Code.CANCELLED)
        for call in first:
            call.result()
        self.counted(1, 2)

    def test_a_full_queue(self):
        calls = [self.stub.ModelInfer.future(slow(), timeout=CALL_SECONDS) for _ in range(make_models.SLOW_QUEUE + 8)]
        errors = [error for call in calls if (error := call.exception())]
        self.assertGreaterEqual(len(errors), 4)
        self.assertGreaterEqual(len(calls) - len(errors), make_models.SLOW_QUEUE)
        for error in errors:
            self.assertEqual((error.code(), error.details()), (Code.UNAVAILABLE, "Exceeds maximum queue size"))
            self.assertIn(("grpc-retry-pushback-ms", "1000"), list(error.trailing_metadata()))

    def test_others_are_served_meanwhile(self):
        first = self.running(4)
        for _ in range(50):
            self.stub.ModelInfer(raw("scale", [("x", one())]), timeout=1.5)
        self.assertFalse(all(call.done() for call in first), "the queue was empty")
        for call in first:
            call.result()


class Clients(GRPCCase):
    def test_fifty_at_once(self):
        """Each with a connection of its own; half of them ask for large answers."""
        ready = threading.Barrier(50)

        def run(i):
            random = np.random.default_rng(SEED + i)
            extent = 300 if i % 2 else 3
            with open_channel(self.server) as channel:
                stub = service_pb2_grpc.GRPCInferenceServiceStub(channel)
                ready.wait()
                for j in range(20):
                    array = random.standard_normal((extent, 1 + j * extent // 20)).astype(np.float32)
                    request = (raw if j % 2 else typed)("identity_fp32", [("x", array)], id=f"{i} {j}")
                    answer = stub.ModelInfer(request, timeout=CALL_SECONDS)
                    if answer.id != f"{i} {j}" or to_bytes(outputs_of(answer)["y"]) != to_bytes(array):
                        return f"client {i}, request {j}: {answer.id}"

        with concurrent.futures.ThreadPoolExecutor(50) as pool:
            self.assertEqual(list(pool.map(run, range(50))), [None] * 50)

    def test_many_calls_on_one_connection(self):
        for i in range(10):
            requests = [raw("scale", [("x", one(1000 * i + j))]) for j in range(200)]
            calls = [self.stub.ModelInfer.future(request, timeout=CALL_SECONDS) for request in requests]
            for j, call in enumerate(calls):
                self.assert_same(outputs_of(call.result())["y"], one(3 * (1000 * i + j)))

    def test_messages_that_take_long_to_read_do_not_stop_others(self):
        """Four of 20 MB: millions of strings that are empty."""
        array = b"\x0a\x01x\x12\x05BYTES\x1a\x01\x01\x1a\x01\x01"
        strings = b"\x42\x00" * 10_000_000
        array += b"\x2a" + varint(len(strings)) + strings
        data = b"\x0a\x0didentity_fp32\x2a" + varint(len(array)) + array
        with contextlib.ExitStack() as stack:
            channels = [stack.enter_context(open_channel(self.server)) for _ in range(4)]
            calls = [
                channel.unary_unary(f"/{INFERENCE}/ModelInfer").future(data, timeout=2 * CALL_SECONDS)
                for channel in channels]
            longest = 0
            while not all(call.done() for call in calls):
                start = time.monotonic()
                self.stub.ServerLive(pb.ServerLiveRequest(), timeout=CALL_SECONDS)
                self.server.get("/v2/health/live", timeout=CALL_SECONDS)
                longest = max(longest, time.monotonic() - start)
                time.sleep(0.01)
            for call in calls:
                self.assertEqual(call.exception().code(), Code.INVALID_ARGUMENT)
                self.assertRegex(call.exception().details(), "^input 'x' .* needs 1 elements in bytes_contents, got")
        self.assertLess(longest, 1)

    def test_connections_are_closed_when_their_clients_leave(self):
        before = self.server.open_files()
        for _ in range(60):
            with open_channel(self.server) as channel:
                service_pb2_grpc.GRPCInferenceServiceStub(channel).ServerLive(pb.ServerLiveRequest())
        end = time.monotonic() + 10
        while self.server.open_files() > before:
            self.assertLess(time.monotonic(), end, f"{self.server.open_files()} files are open, {before} were")
            time.sleep(0.05)


if __name__ == "__main__":
    unittest.main()
