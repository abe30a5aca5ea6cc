"""The gRPC side as a server: its health, its limits, what does not belong on its port, and how it leaves."""
import contextlib
import queue
import random
import re
import socket
import struct
import threading
import time
import unittest

import grpc
import numpy as np
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from tritonclient.grpc import service_pb2 as pb
from tritonclient.grpc import service_pb2_grpc

from harness import ANSWER_SECONDS, ServingCase, serving
from test_grpc import CALL_SECONDS, MEBIBYTE, SEED, Code, GRPCCase, one, open_channel, outputs_of, raw, varint
from test_grpc_stream import failed_and_executed, slow

SERVING, NOT_SERVING, SERVICE_UNKNOWN = 1, 2, 3
INFERENCE = "inference.GRPCInferenceService"
HEALTH = "grpc.health.v1.Health"
LIMIT = MEBIBYTE
# Room that messages have beside the tensors of a body.
ROOM = MEBIBYTE


def setUpModule():
    ServingCase.share(("identity_fp32", "scale", "slow"))


class HealthClient:
    """`grpc.health.v1`, from its published numbers of fields."""

    def __init__(self, channel):
        file = descriptor_pb2.FileDescriptorProto(name="health_of_the_tests.proto", package="tests", syntax="proto3")
        for message, field, kind in (("Ask", "service", "TYPE_STRING"), ("Answer", "status", "TYPE_INT32")):
            file.message_type.add(name=message).field.add(
                name=field, number=1, type=getattr(descriptor_pb2.FieldDescriptorProto, kind), label="LABEL_OPTIONAL")
        pool = descriptor_pool.DescriptorPool()
        pool.Add(file)
        ask, answer = (
            message_factory.GetMessageClass(pool.FindMessageTypeByName(f"tests.{name}")) for name in ("Ask", "Answer"))
        codecs = {"request_serializer": lambda name: ask(service=name).SerializeToString(),
                  "response_deserializer": lambda data: answer.FromString(data).status}
        self.check = channel.unary_unary(f"/{HEALTH}/Check", **codecs)
        self.watch = channel.unary_stream(f"/{HEALTH}/Watch", **codecs)


class Watcher:
    """What a watch has said; `end` is the error that ended it."""

    def __init__(self, client, name):
        self.call, self.arrived, self.end = client.watch(name), queue.Queue(), None
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self):
        try:
            for status in self.call:
                self.arrived.put(status)
        except grpc.RpcError as error:
            self.end = error

    def take(self):
        return self.arrived.get(timeout=ANSWER_SECONDS)

    def wait(self):
        self._thread.join(CALL_SECONDS)
        return self.end


class Health(GRPCCase):
    """On a server of its own, of whose models one is broken."""

    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(serving(("scale", "broken", "slow")))
        super().setUpClass()
        cls.health = HealthClient(cls.channel)

    def load(self, name):
        self.stub.RepositoryModelLoad(pb.RepositoryModelLoadRequest(model_name=name), timeout=CALL_SECONDS)

    def unload(self, name):
        self.stub.RepositoryModelUnload(pb.RepositoryModelUnloadRequest(model_name=name), timeout=CALL_SECONDS)

    def test_names(self):
        for name in ("", INFERENCE):
            self.assertIn(self.health.check(name, timeout=5), (SERVING, NOT_SERVING), name)
        for name in ("nobody", "scale", "inference", HEALTH, INFERENCE.lower(), " ", "x" * 5000):
            with self.subTest(name[:20]):
                pattern = re.compile(f"^unknown service '{re.escape(name[:400])}")
                self.must_fail(Code.NOT_FOUND, pattern, self.health.check, name)
                watcher = Watcher(self.health, name)
                self.assertEqual(watcher.take(), SERVICE_UNKNOWN)
                time.sleep(0.3)
                self.assertIsNone(watcher.end, "a watch of a service that may appear later has ended")
                self.assertTrue(watcher.arrived.empty())
                watcher.call.cancel()
                self.assertEqual(watcher.wait().code(), Code.CANCELLED)

    def test_transitions(self):
        """A model that cannot serve counts until somebody takes it out of service, or repairs it."""
        watchers = [Watcher(self.health, name) for name in ("", INFERENCE)]

        def expect(status):
            for watcher, name in zip(watchers, ("", INFERENCE)):
                self.assertEqual(watcher.take(), status)
                self.assertEqual(self.health.check(name, timeout=5), status)
            self.assertIs(self.stub.ServerReady(pb.ServerReadyRequest()).ready, status == SERVING)

        expect(NOT_SERVING)
        self.unload("broken")
        expect(SERVING)
        self.unload("scale")
        self.load("scale")
        time.sleep(0.5)
        self.assertTrue(all(watcher.arrived.empty() for watcher in watchers), "a model that left on request is missed")
        for watcher in watchers:
            watcher.call.cancel()
            self.assertEqual(watcher.wait().code(), Code.CANCELLED)


class HealthOfOthers(GRPCCase):
    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(serving(("scale", "slow")))
        super().setUpClass()

    def test_a_model_that_leaves_on_request_is_not_missed_while_it_leaves(self):
        health, name = HealthClient(self.channel), "slow"
        running = [self.stub.ModelInfer.future(slow(), timeout=CALL_SECONDS) for _ in range(2)]
        time.sleep(0.15)
        left = self.stub.RepositoryModelUnload.future(pb.RepositoryModelUnloadRequest(model_name=name))
        statuses = set()
        while not left.done():
            statuses.add(health.check("", timeout=5))
            time.sleep(0.02)
        left.result()
        for call in running:
            call.result()
        self.assertEqual(statuses, {SERVING})


class Limits(GRPCCase):
    """On a server of its own, whose limit is low."""

    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(serving(("identity_fp32", "scale"), "--max-body-bytes", LIMIT))
        super().setUpClass()

    def test_sizes(self):
        for count in (LIMIT // 4, (LIMIT + ROOM) // 4 - 100):
            array = np.ones((1, count), np.float32)
            self.assert_same(outputs_of(self.infer(raw("identity_fp32", [("x", array)])))["y"], array)
        before = self.server.peak_memory()
        for size in (LIMIT + ROOM, 2 * (LIMIT + ROOM), 200 * MEBIBYTE):
            with self.subTest(size):
                request = raw("identity_fp32", [("x", np.ones((1, size // 4), np.float32))])
                self.refuse(request, re.compile("(?i)size|large|limit|max"), Code.RESOURCE_EXHAUSTED)
        self.assertLess(self.server.peak_memory() - before, 100 * MEBIBYTE)
        self.assert_same(outputs_of(self.infer(raw("scale", [("x", one())])))["y"], one(3))

    def test_sizes_in_a_stream(self):
        good, large = raw("scale", [("x", one())]), raw("scale", [("x", np.ones((1, LIMIT), np.float32))])
        answers = self.stub.ModelStreamInfer(iter([good, large, good]), timeout=CALL_SECONDS)
        with self.assertRaises(grpc.RpcError) as caught:
            list(answers)
        self.assertEqual(caught.exception.code(), Code.RESOURCE_EXHAUSTED)

    def test_messages_that_grow(self):
        """Small on the wire, large when they are inflated."""
        before = self.server.peak_memory()
        request = raw("identity_fp32", [("x", np.zeros((1, 64 * MEBIBYTE), np.float32))])
        for kind in (grpc.Compression.Gzip, grpc.Compression.Deflate):
            with self.subTest(kind):
                self.must_fail(
                    Code.RESOURCE_EXHAUSTED, re.compile("."), self.stub.ModelInfer, request, compression=kind)
        self.assertLess(self.server.peak_memory() - before, 100 * MEBIBYTE)
        array = np.zeros((1, LIMIT // 4), np.float32)
        answer = self.infer(raw("identity_fp32", [("x", array)]), compression=grpc.Compression.Gzip)
        self.assert_same(outputs_of(answer)["y"], array)

    def test_long_headers(self):
        for size in (1000, 100_000, 10 * MEBIBYTE):
            with self.subTest(size):
                with contextlib.suppress(grpc.RpcError):
                    self.stub.ServerLive(pb.ServerLiveRequest(), metadata=[("x-long", "x" * size)], timeout=10)
        self.assertTrue(self.stub.ServerLive(pb.ServerLiveRequest(), timeout=10, wait_for_ready=True).live)


# ---- HTTP/2 by hand -------------------------------------------------------------------------------

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY, WINDOW_UPDATE = 0, 1, 3, 4, 6, 7, 8
END_STREAM, END_HEADERS = 1, 4


def frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def header_block(*fields):
    """Fields as literals that no table keeps."""
    def text(value):
        head = bytes([len(value)]) if len(value) < 127 else b"\x7f" + varint(len(value) - 127)
        return head + value

    return b"".join(b"\0" + text(name.encode()) + text(value.encode()) for name, value in fields)


def call_headers(path=f"/{INFERENCE}/ModelInfer", *more, method="POST", kind="application/grpc", scheme="http"):
    fields = [(":method", method), (":scheme", scheme), (":path", path), (":authority", "x"), ("te", "trailers"),
              ("content-type", kind)]
    return header_block(*fields, *more)


def message(data, compressed=0, length=None):
    return struct.pack(">BI", compressed, len(data) if length is None else length) + data


def call(headers, body, stream=1, flags=END_STREAM):
    return frame(HEADERS, END_HEADERS, stream, headers) + frame(DATA, flags, stream, body)


START = PREFACE + frame(SETTINGS, 0, 0)
GOOD = raw("scale", [("x", one())]).SerializeToString()


class Foreign(GRPCCase):
    """Bytes that no client of gRPC sends. The server may close the connection; it must not hang, crash or grow."""

    def tearDown(self):
        super().tearDown()
        with open_channel(self.server) as channel:
            answer = service_pb2_grpc.GRPCInferenceServiceStub(channel).ModelInfer(
                raw("scale", [("x", one(2))]), timeout=ANSWER_SECONDS)
        self.assert_same(outputs_of(answer)["y"], one(6))

    def connect(self):
        host, port = self.server.grpc.rsplit(":", 1)
        return socket.create_connection((host, int(port)), ANSWER_SECONDS)

    def exchange(self, data, seconds=ANSWER_SECONDS, half_close=False):
        """Frames that come in answer, until the first stream or the connection ends: pairs of a kind and a payload."""
        with self.connect() as connection:
            with contextlib.suppress(OSError):
                connection.sendall(data)
                if half_close:
                    connection.shutdown(socket.SHUT_WR)
            connection.settimeout(seconds)
            received, frames = b"", []
            while True:
                try:
                    piece = connection.recv(1 << 16)
                except socket.timeout:
                    self.fail(f"neither answered nor closed within {seconds} s; frames {frames}, {received[:100]}")
                except OSError:
                    return frames + [(None, b"")]
                if not piece:
                    return frames + [(None, b"")]
                received += piece
                while len(received) >= 9 and len(received) >= 9 + (size := int.from_bytes(received[:3], "big")):
                    kind, flags, stream = struct.unpack(">BBI", received[3:9])
                    frames.append((kind, received[9 : 9 + size]))
                    received = received[9 + size :]
                    if kind in (RST_STREAM, GOAWAY) or stream == 1 and kind in (HEADERS, DATA) and flags & END_STREAM:
                        return frames

    def test_the_hand_made_call_is_one(self):
        """So that what the other tests say of variations of it means something."""
        frames = self.exchange(START + call(call_headers(), message(GOOD)))
        data = b"".join(payload for kind, payload in frames if kind == DATA)
        answer = pb.ModelInferResponse.FromString(data[5:])
        self.assert_same(outputs_of(answer)["y"], one(3))

    def test_what_is_not_http_2(self):
        noise = random.Random(SEED)
        for what, data in (
            ("HTTP/1.1", b"GET /v2/health/live HTTP/1.1\r\nHost: x\r\n\r\n"),
            ("TLS", bytes.fromhex("1603010200010001fc0303") + bytes(506)), ("zeros", bytes(100)),
            ("noise", noise.randbytes(4096)), ("much noise", noise.randbytes(MEBIBYTE)),
            ("a preface and noise", PREFACE + noise.randbytes(4096)), ("text", b"hello\n" * 10),
            ("a preface with a mistake", PREFACE[:-1] + b"x" + frame(SETTINGS, 0, 0)),
        ):
            with self.subTest(what):
                self.assertIn(self.exchange(data)[-1][0], (None, GOAWAY))

    def test_what_is_cut_off(self):
        whole = START + call(call_headers(), message(GOOD))
        for cut in list(range(0, len(whole), 7)):
            with self.subTest(cut):
                self.exchange(whole[:cut], half_close=True)

    def test_frames_that_break_the_rules(self):
        for what, data in (
            ("a frame of 16 MiB", b"\xff\xff\xff" + frame(DATA, 0, 1)[3:]),
            ("data for no stream", frame(DATA, 0, 0, b"x")), ("data for an idle stream", frame(DATA, 0, 5, b"x")),
            ("an even stream", call(call_headers(), message(GOOD), stream=2)),
            ("a broken header block", frame(HEADERS, END_HEADERS, 1, b"\xff" * 30)),
            ("settings of 5 bytes", frame(SETTINGS, 0, 0, bytes(5))), ("a ping of 4", frame(PING, 0, 0, bytes(4))),
            ("a window of 0", frame(WINDOW_UPDATE, 0, 0, bytes(4))),
            ("a window that overflows", frame(WINDOW_UPDATE, 0, 0, b"\x7f\xff\xff\xff") * 2),
            ("a goaway", frame(GOAWAY, 0, 0, bytes(8))),
        ):
            with self.subTest(what):
                last = self.exchange(START + data, half_close=what == "a goaway")[-1][0]
                self.assertIn(last, (None, GOAWAY, RST_STREAM))

    def test_calls_that_break_the_rules(self):
        good, path = message(GOOD), f"/{INFERENCE}/ModelInfer"
        tolerated = ("a flag of 7", "binary metadata that is none")
        for what, data in (
            ("GET", call(call_headers(method="GET"), good)), ("no content type", call(header_block(
                (":method", "POST"), (":scheme", "http"), (":path", path), (":authority", "x")), good)),
            ("JSON", call(call_headers(kind="application/json"), good)), ("no path", call(call_headers(""), good)),
            ("a path of one part", call(call_headers("/x"), good)), ("no message", call(call_headers(), b"")),
            ("two messages", call(call_headers(), good * 2)), ("half a message", call(call_headers(), good[:-3])),
            ("half a length", call(call_headers(), good[:3])),
            ("a length of 4 GiB", call(call_headers(), message(GOOD, length=2**32 - 1), flags=0)),
            ("compressed, not said how", call(call_headers(), message(GOOD, compressed=1))),
            ("compressed with nothing", call(call_headers(path, ("grpc-encoding", "x")), good)),
            ("gzip that is none", call(call_headers(path, ("grpc-encoding", "gzip")), message(GOOD, compressed=1))),
            ("a flag of 7", call(call_headers(), message(GOOD, compressed=7))),
            ("binary metadata that is none", call(call_headers(path, ("x-bin", "%%%")), good)),
            ("a stream of half a message", call(call_headers(f"/{INFERENCE}/ModelStreamInfer"), good[:-3])),
        ):
            with self.subTest(what):
                kinds = [kind for kind, _ in self.exchange(START + data)]
                self.assertIn(kinds[-1], (None, HEADERS, RST_STREAM, GOAWAY))
                self.assertTrue(DATA not in kinds or what in tolerated, "it was answered with a message")

    def test_deadlines_that_are_none(self):
        for path in (f"/{INFERENCE}/ModelInfer", f"/{INFERENCE}/ModelStreamInfer", f"/{HEALTH}/Watch"):
            for text in ("-1S", "S", "", "1", "1x", "999999999S", "1.5S", "+1S", "٣S", "0x1S", "-99999999H"):
                with self.subTest(f"{path} {text}"):
                    data = call(call_headers(path, ("grpc-timeout", text)), message(b""))
                    kinds = [kind for kind, _ in self.exchange(START + data)]
                    self.assertNotIn(DATA, kinds)
        for method in ("ModelInfer", "ModelStreamInfer"):
            for text in ("0n", "1n", "9999999H", "99999999H", "99999999M"):
                with self.subTest(f"{method} {text}"):
                    headers = call_headers(f"/{INFERENCE}/{method}", ("grpc-timeout", text))
                    kinds = [kind for kind, _ in self.exchange(START + call(headers, message(GOOD)))]
                    if text[-1] != "n":
                        self.assertIn(DATA, kinds)

    def test_frames_at_random(self):
        noise = random.Random(SEED)
        for i in range(300):
            data = bytearray(START + call(call_headers(), message(GOOD)))
            for _ in range(noise.randrange(1, 6)):
                data[noise.randrange(len(PREFACE), len(data))] = noise.randrange(256)
            with self.subTest(f"{i}: {data.hex()}"):
                self.exchange(bytes(data), half_close=True)

    def test_a_connection_that_breaks(self):
        """Its requests leave the queue."""
        start = failed_and_executed(self.stub)
        first = [self.stub.ModelInfer.future(slow(), timeout=CALL_SECONDS) for _ in range(2)]
        time.sleep(0.15)
        connection = self.connect()
        connection.sendall(START + call(call_headers(), message(slow().SerializeToString())))
        time.sleep(0.15)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()
        for running in first:
            running.result()
        time.sleep(1.5)
        self.assertEqual(list(failed_and_executed(self.stub) - start), [1, 2])

    def test_streams_that_are_reset_at_once(self):
        """A flood of calls that are cancelled as soon as they are made."""
        body = message(raw("scale", [("x", one())]).SerializeToString())
        with self.connect() as connection:
            connection.sendall(START)
            with contextlib.suppress(OSError):
                for i in range(20_000):
                    stream = 2 * i + 1
                    reset = frame(RST_STREAM, 0, stream, bytes(4))
                    connection.sendall(call(call_headers(), body, stream, flags=0) + reset)
            begin = time.monotonic()
            self.infer(raw("scale", [("x", one())]))
            self.assertLess(time.monotonic() - begin, 2)

    def test_idle_connections_do_not_stop_others(self):
        with contextlib.ExitStack() as stack:
            connections = [stack.enter_context(self.connect()) for _ in range(200)]
            for i, connection in enumerate(connections):
                connection.sendall((START + call(call_headers(), message(GOOD)))[: i % 100])
            self.infer(raw("scale", [("x", one())]))


class Leaving(unittest.TestCase):
    def test_what_was_asked_is_answered(self):
        with serving(("slow", "scale")) as server, open_channel(server) as channel, open_channel(server) as idle:
            stub, health = service_pb2_grpc.GRPCInferenceServiceStub(channel), HealthClient(channel)
            service_pb2_grpc.GRPCInferenceServiceStub(idle).ServerLive(pb.ServerLiveRequest())
            watcher = Watcher(health, "")
            self.assertEqual(watcher.take(), SERVING)
            calls = [stub.ModelInfer.future(slow(), timeout=CALL_SECONDS) for _ in range(2)]
            requests = queue.Queue()
            requests.put(raw("scale", [("x", one())], id="stream"))
            stream = stub.ModelStreamInfer(iter(requests.get, None), timeout=CALL_SECONDS)
            self.assertEqual(next(stream).infer_response.id, "stream")
            time.sleep(0.15)
            start = time.monotonic()
            self.assertEqual(server.stop(), 0, server.log())
            self.assertLess(time.monotonic() - start, 10)
            for call in calls:
                self.assertEqual(call.result().model_name, "slow")
            with self.assertRaises(grpc.RpcError) as caught:
                next(stream)
            self.assertEqual(
                (caught.exception.code(), caught.exception.details()), (Code.UNAVAILABLE, "the server is exiting"))
            self.assertEqual(watcher.take(), NOT_SERVING)
            self.assertEqual(watcher.wait().code(), Code.UNAVAILABLE)
            requests.put(None)

    def test_idle_connections_and_half_calls_do_not_delay_it(self):
        with serving(("scale",)) as server, contextlib.ExitStack() as stack:
            host, port = server.grpc.rsplit(":", 1)
            whole = START + call(call_headers(), message(GOOD))
            for cut in (0, 10, len(START), len(START) + 20, len(whole) - 20):
                connection = stack.enter_context(socket.create_connection((host, int(port)), ANSWER_SECONDS))
                connection.sendall(whole[:cut])
            time.sleep(0.3)
            start = time.monotonic()
            self.assertEqual(server.stop(), 0, server.log())
            self.assertLess(time.monotonic() - start, 20)


if __name__ == "__main__":
    unittest.main()
