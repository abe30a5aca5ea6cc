"""TLS on both ports: what is let in, what is not, and certificates that are renewed while the server runs."""
import concurrent.futures
import contextlib
import http.server
import json
import os
import pathlib
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import threading
import time
import unittest

import grpc
import numpy as np
import tritonclient.grpc
import tritonclient.http

from certificates import Authority, openssl, serial
from harness import MASS, Server, ServingCase, serving
from tensors import one
from wire import ANSWER_SECONDS, Connection, infer_path

RELOAD_SECONDS = 15
HANDSHAKE_SECONDS = 10
COMMAND_SECONDS = 60
LIVE = "/v2/health/live"


class SecureConnection(Connection):
    """A `Connection` over TLS."""

    def __init__(self, address, context, timeout=ANSWER_SECONDS):
        super().__init__(address, timeout)
        self.socket = context.wrap_socket(self.socket, server_hostname="localhost", suppress_ragged_eofs=False)

    @property
    def serial(self):
        return int(self.socket.getpeercert()["serialNumber"], 16)


class Certificates:
    """A folder with an authority and what it issued; `server` and `client` are certificates with their keys."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.authority = Authority(folder)
        self.server = self.authority.issue("server")
        self.client = self.authority.issue("client")
        other = self.folder / "other"
        other.mkdir()
        self.stranger = Authority(other).issue("stranger")

    def context(self, client=None, protocols=("http/1.1",)):
        context = ssl.create_default_context(cafile=str(self.authority.path))
        context.set_alpn_protocols(list(protocols))
        if client:
            context.load_cert_chain(*client)
        return context

    def options(self, *, mutual=False):
        words = ["--tls-certificate", self.server[0], "--tls-key", self.server[1]]
        return words + (["--tls-client-authorities", self.authority.path] if mutual else [])

    def credentials(self, client=None):
        key, chain = (client[1].read_bytes(), client[0].read_bytes()) if client else (None, None)
        return grpc.ssl_channel_credentials(self.authority.path.read_bytes(), key, chain)


@contextlib.contextmanager
def secured(*arguments, mutual=False):
    with tempfile.TemporaryDirectory() as folder:
        certificates = Certificates(folder)
        with serving(("scale",), *certificates.options(mutual=mutual), *arguments) as server:
            server.certificates = certificates
            yield server


def ask(server, context=None, path=LIVE):
    """One request over a connection of its own."""
    with SecureConnection(server.http, context or server.certificates.context()) as connection:
        return connection.request("GET", path)


def port(address):
    return address.rsplit(":", 1)[1]


def live(server, client=None, seconds=ANSWER_SECONDS):
    """Asks over gRPC whether the server is live."""
    target = f"localhost:{port(server.grpc)}"
    with grpc.secure_channel(target, server.certificates.credentials(client)) as channel:
        method = channel.unary_unary("/inference.GRPCInferenceService/ServerLive")
        return method(b"", timeout=seconds)


def grpc_serial(server):
    context = server.certificates.context(protocols=("h2",))
    host, number = server.grpc.rsplit(":", 1)
    with socket.create_connection((host, int(number)), ANSWER_SECONDS) as plain:
        with context.wrap_socket(plain, server_hostname="localhost") as secure:
            assert secure.selected_alpn_protocol() == "h2"
            return int(secure.getpeercert()["serialNumber"], 16)


class Secured(ServingCase):
    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(secured())
        cls.certificates = cls.server.certificates

    def test_a_request(self):
        with SecureConnection(self.server.http, self.certificates.context()) as connection:
            self.assertEqual(connection.socket.version(), "TLSv1.3")
            self.assertEqual(connection.socket.selected_alpn_protocol(), "http/1.1")
            for _ in range(3):
                self.assertEqual(self.succeed(connection.request("GET", LIVE)).json(), {"live": True})
            body = json.dumps(one(2.0)).encode()
            answer = self.succeed(connection.request("POST", infer_path("scale"), (), body))
            self.assertEqual(answer.outputs()["y"].tolist(), [[6]])

    def test_a_large_request(self):
        array = np.arange(1 << 20, dtype=np.float32).reshape(-1, 1)
        value = {"name": "x", "shape": list(array.shape), "datatype": "FP32", "data": array.ravel().tolist()}
        body = json.dumps({"inputs": [value]}).encode()
        with SecureConnection(self.server.http, self.certificates.context(), 60) as connection:
            answer = self.succeed(connection.request("POST", infer_path("scale"), (), body))
        self.assertEqual(answer.outputs()["y"].shape, array.shape)

    def test_a_connection_that_ends(self):
        """The last answer is whole, and TLS says that it was the last."""
        with SecureConnection(self.server.http, self.certificates.context()) as connection:
            self.succeed(connection.request("GET", LIVE, [("Connection", "close")]))
            self.assertEqual(connection.socket.recv(1), b"")

    def test_the_older_version(self):
        for address in (self.server.http, self.server.grpc):
            context = self.certificates.context(protocols=("http/1.1", "h2"))
            context.maximum_version = ssl.TLSVersion.TLSv1_2
            with self.subTest(address), self.assertRaises((ssl.SSLError, ConnectionError)):
                SecureConnection(address, context).close()

    def test_clients_of_triton(self):
        value = tritonclient.http.InferInput("x", [1, 1], "FP32")
        value.set_data_from_numpy(np.full((1, 1), 2, np.float32))
        with tritonclient.http.InferenceServerClient(
            f"localhost:{port(self.server.http)}", ssl=True,
            ssl_options={"ca_certs": str(self.certificates.authority.path)}) as client:
            self.assertEqual(client.infer("scale", [value]).as_numpy("y").tolist(), [[6]])
        value = tritonclient.grpc.InferInput("x", [1, 1], "FP32")
        value.set_data_from_numpy(np.full((1, 1), 2, np.float32))
        with tritonclient.grpc.InferenceServerClient(
            f"localhost:{port(self.server.grpc)}", ssl=True,
            root_certificates=str(self.certificates.authority.path)) as client:
            self.assertEqual(client.infer("scale", [value]).as_numpy("y").tolist(), [[6]])

    def test_what_is_not_encrypted(self):
        """It is turned away, and nobody else notices."""
        with SecureConnection(self.server.http, self.certificates.context()) as other:
            for address in (self.server.http, self.server.grpc):
                for data in (
                    b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", bytes(4096), b"\x16"):
                    with self.subTest(address=address, data=data[:8]), Connection(address) as connection:
                        connection.send(data)
                        connection.socket.shutdown(socket.SHUT_WR)
                        received = b""
                        with contextlib.suppress(ConnectionError):
                            while more := connection.socket.recv(4096):
                                received += more
                        self.assertNotIn(b"HTTP", received)
            self.succeed(other.request("GET", LIVE))
        self.assertTrue(live(self.server) is not None)

    def test_handshakes_that_do_not_end(self):
        """They are cut off after a while, whether they are silent or drip; meanwhile others are answered."""
        start = time.monotonic()
        with contextlib.ExitStack() as stack:
            waiting = [
                stack.enter_context(Connection(address, HANDSHAKE_SECONDS + 10))
                for address in (self.server.http, self.server.grpc) for _ in range(2)]
            hello = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"
            for i, byte in enumerate(hello):
                for connection in waiting[1::2]:
                    connection.send(bytes([byte]))
                if i % 4 == 0:
                    self.succeed(ask(self.server))
            for connection in waiting:
                with contextlib.suppress(ConnectionError):
                    while connection.socket.recv(4096):
                        pass
        passed = time.monotonic() - start
        self.assertGreater(passed, HANDSHAKE_SECONDS / 2)
        self.assertLess(passed, HANDSHAKE_SECONDS + 5)

    def test_clients_that_vanish(self):
        """Without a word of TLS, in the midst of a request or of the handshake."""
        before = self.server.open_files()
        for i in range(40):
            with Connection(self.server.http) as plain:
                if i % 2:
                    secure = self.certificates.context().wrap_socket(plain.socket, server_hostname="localhost")
                    secure.sendall(b"POST /v2/models/scale/infer HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\n{")
                    secure.close()
        deadline = time.monotonic() + 10
        while self.server.open_files() > before and time.monotonic() < deadline:
            time.sleep(0.1)
        self.assertLessEqual(self.server.open_files(), before)

    def test_many_at_once(self):
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            answers = list(pool.map(lambda _: ask(self.server).status, range(200)))
        self.assertEqual(set(answers), {200})


class Commands(ServingCase):
    """The clients of `mass` over https."""

    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(secured(mutual=True))
        cls.certificates = cls.server.certificates
        cls.url = f"https://localhost:{port(cls.server.http)}"
        cls.trust = ["--ca", cls.certificates.authority.path]
        cls.identity = ["--client-certificate", cls.certificates.client[0], "--client-key", cls.certificates.client[1]]

    def mass(self, *arguments, environment=None):
        return subprocess.run(
            [MASS, *map(str, arguments)], capture_output=True, text=True, timeout=COMMAND_SECONDS,
            env={**os.environ, **(environment or {})})

    def test_commands(self):
        model = f"{self.url}/v2/models/scale"
        for words in (
            ("load", model, "--rate", 50, "--duration", 1, "--json"),
            ("load", model, "--closed", 4, "--duration", 1, "--client-threads", 2, "--json"),
            ("model", "list", "--server", self.url),
        ):
            with self.subTest(words[0]):
                ran = self.mass(*words, *self.trust, *self.identity)
                # A busy machine may be too slow for a schedule.
                self.assertIn(ran.returncode, (0, 1) if "--rate" in words else (0,), ran.stderr)
                if words[0] == "load":
                    result = json.loads(ran.stdout)
                    self.assertGreater(result["succeeded"], 10, result)
                    self.assertEqual((result["failed"], result["connection_failures"]), (0, 0), result)

    def test_a_number_in_place_of_a_name(self):
        url = f"https://127.0.0.1:{port(self.server.http)}"
        ran = self.mass("load", f"{url}/v2/models/scale", "--closed", 1, "--duration", 0.5, *self.trust, *self.identity)
        self.assertEqual(ran.returncode, 0, ran.stderr)

    def test_refusals(self):
        model = f"{self.url}/v2/models/scale"
        certificates = self.certificates
        stranger = ["--client-certificate", certificates.stranger[0], "--client-key", certificates.stranger[1]]
        for what, pattern, words in (
            ("an authority that is not trusted", "not from an authority that is trusted.*--ca", self.identity),
            ("no certificate", "certificate", self.trust),
            ("a stranger's certificate", "certificate|closed", [*self.trust, *stranger]),
            ("a key without its certificate", "go together", [*self.trust, "--client-key", certificates.client[1]]),
            ("a key of another certificate", "does not belong", [
                *self.trust, "--client-certificate", certificates.client[0], "--client-key", certificates.server[1]]),
            ("authorities that are none", "PEM", ["--ca", certificates.client[1], *self.identity]),
            ("a file that is not there", "nowhere", ["--ca", "/nowhere", *self.identity]),
        ):
            for command in (("load", model, "--rate", 10, "--duration", 0.2), ("model", "list", "--server", self.url)):
                with self.subTest(what, command=command[0]):
                    start = time.monotonic()
                    ran = self.mass(*command, *words)
                    self.assertGreater(ran.returncode, 0)
                    self.assertRegex(ran.stderr, f"(?s){pattern}")
                    self.assertLess(time.monotonic() - start, 5)

    def test_another_name(self):
        url = f"https://ip6-localhost:{port(self.server.http)}/v2/models/scale"
        with contextlib.suppress(OSError):
            socket.create_connection(("ip6-localhost", int(port(self.server.http))), 1).close()
            ran = self.mass("load", url, "--rate", 10, *self.trust, *self.identity)
            self.assertRegex(ran.stderr, "another host")

    def test_a_key(self):
        """It is sent as it should be, by every client, from the command line and from the environment."""
        heard = []

        class Listener(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                heard.append(self.headers["Authorization"])
                self.send_error(401)

            def log_message(self, *_):
                pass

        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Listener) as listener:
            threading.Thread(target=listener.serve_forever, daemon=True).start()
            url = f"http://127.0.0.1:{listener.server_port}"
            self.mass("model", "list", "--server", url, "--api-key", "mass_a_b")
            self.mass("load", f"{url}/v2/models/m", "--rate", 1, environment={"MASS_API_KEY": "mass_c_d"})
            self.mass("predict", f"{url}/v2/models/m", "--api-key", "mass_e_f")
            listener.shutdown()
        self.assertEqual(heard, ["Bearer mass_a_b", "Bearer mass_c_d", "Bearer mass_e_f"])
        ran = self.mass("model", "list", "--server", self.url, "--api-key", "a\r\nb")
        self.assertRegex(ran.stderr, "printable")

    def test_who_is_let_in(self):
        certificates = self.certificates
        self.succeed(ask(self.server, certificates.context(certificates.client)))
        live(self.server, certificates.client)
        for what, client in (("nobody", None), ("a stranger", certificates.stranger)):
            with self.subTest(what):
                # A client of TLS 1.3 hears of it when it reads.
                with self.assertRaises((ssl.SSLError, OSError, AssertionError)):
                    ask(self.server, certificates.context(client))
                with self.assertRaises(grpc.RpcError):
                    live(self.server, client, 2)


class Renewal(ServingCase):
    def setUp(self):
        self.server = self.enterContext(secured())
        self.certificates = self.server.certificates

    def replace(self, certificate, key):
        """Puts other files where the server's are."""
        for new, place in zip((certificate, key), self.certificates.server):
            aside = place.with_suffix(".aside")
            shutil.copy(new, aside)
            os.replace(aside, place)

    def test_a_renewed_certificate(self):
        certificates = self.certificates
        first = serial(certificates.server[0])
        with SecureConnection(self.server.http, certificates.context()) as old:
            self.assertEqual(old.serial, first)
            self.assertEqual(grpc_serial(self.server), first)
            self.replace(*certificates.authority.issue("renewed"))
            self.server.wait_for(("certificate reloaded",), RELOAD_SECONDS)
            second = serial(certificates.server[0])
            with SecureConnection(self.server.http, certificates.context()) as new:
                self.assertEqual(new.serial, second)
                self.succeed(new.request("GET", LIVE))
            self.assertEqual(grpc_serial(self.server), second)
            live(self.server)
            self.assertEqual(old.serial, first)
            self.succeed(old.request("GET", LIVE))

    def test_renewal_under_load(self):
        """SIGHUP after SIGHUP; no connection fails."""
        pairs = [self.certificates.authority.issue(f"renewed-{i}") for i in range(3)]
        known = {serial(certificate) for certificate, _ in [self.certificates.server, *pairs]}
        over = threading.Event()

        def keep_asking():
            seen = set()
            while not over.is_set():
                with SecureConnection(self.server.http, self.certificates.context(), 30) as connection:
                    seen.add(connection.serial)
                    self.assertEqual(connection.request("GET", LIVE).status, 200)
            return seen

        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            running = [pool.submit(keep_asking) for _ in range(4)]
            for pair in pairs:
                self.replace(*pair)
                self.server.process.send_signal(signal.SIGHUP)
                time.sleep(1)
            over.set()
            seen = set().union(*(task.result() for task in running))
        self.assertLessEqual(seen, known)
        self.assertGreater(len(seen), 2)

    def test_the_end(self):
        """Connections that stay open do not keep the server from leaving."""
        target = f"localhost:{port(self.server.grpc)}"
        with SecureConnection(self.server.http, self.certificates.context()) as idle:
            self.succeed(idle.request("GET", LIVE))
            with grpc.secure_channel(target, self.certificates.credentials()) as channel:
                channel.unary_unary("/inference.GRPCInferenceService/ServerLive")(b"", timeout=ANSWER_SECONDS)
                self.assertEqual(self.server.stop(20), 0)

    def tearDown(self):
        if self._testMethodName != "test_the_end":
            super().tearDown()

    def test_files_of_no_use(self):
        """The server goes on with what it has, says why, and takes the next that is good."""
        certificates = self.certificates
        first = serial(certificates.server[0])
        renewed = certificates.authority.issue("renewed")
        empty = certificates.folder / "empty"
        empty.write_bytes(b"")
        for what, files, pattern in (
            ("a key of another", (renewed[0], certificates.client[1]), "server.key.*belong"),
            ("an expired one", certificates.authority.issue_expired("old"), "server.pem.*expired on 2020-01-02"),
            ("nothing", (empty, renewed[1]), "server.pem.*PEM"),
        ):
            with self.subTest(what):
                self.replace(*files)
                while not any(event["event"] == "certificate not reloaded" for event in self.server.events):
                    self.server.wait_for(("certificate not reloaded",), RELOAD_SECONDS)
                time.sleep(2.5)
                reasons = [e["reason"] for e in self.server.events if e["event"] == "certificate not reloaded"]
                self.assertRegex(reasons[-1], pattern)
                with SecureConnection(self.server.http, certificates.context()) as connection:
                    self.assertEqual(connection.serial, first)
        self.replace(*renewed)
        self.server.wait_for(("certificate reloaded",), RELOAD_SECONDS)
        self.assertEqual(grpc_serial(self.server), serial(renewed[0]))


class Starting(unittest.TestCase):
    def test_files_of_no_use(self):
        with tempfile.TemporaryDirectory() as folder:
            certificates = Certificates(folder)
            (certificate, key), (_, other) = certificates.server, certificates.client
            expired = certificates.authority.issue_expired("old")
            locked = certificates.folder / "locked.key"
            openssl("pkey", "-in", key, "-aes256", "-passout", "pass:secret", "-out", locked)
            for what, words, pattern in (
                ("a key of another", (certificate, other), "client.key.*does not belong to.*server.pem"),
                ("a key that is encrypted", (certificate, locked), "locked.key.*not encrypted"),
                ("no certificate", (key, key), "server.key: expected certificates"),
                ("no file", (certificate, "/nowhere.key"), "/nowhere.key"),
                ("an expired certificate", expired, "old.pem.*expired on 2020-01-02; renew it"),
            ):
                with self.subTest(what):
                    command = [
                        MASS, "serve", "--repository", folder, "--http-port", 0, "--grpc-port", 0, "--tls-certificate",
                        words[0], "--tls-key", words[1]]
                    ran = subprocess.run([str(w) for w in command], capture_output=True, text=True, timeout=20)
                    self.assertEqual(ran.returncode, 1, ran.stderr)
                    self.assertRegex(ran.stderr, pattern)


if __name__ == "__main__":
    unittest.main()
