"""What clients must not do: every request here is wrong, huge, slow or cut off, and the server has to outlive it.

Every answer must be a success, a client's error or 501, come within the time a client waits, and leave the server
answering correctly on other connections.
"""
import contextlib
import json
import socket
import zlib

import numpy as np

from harness import ServingCase
from tensors import binary, encode, json_input
from wire import ANSWER_SECONDS, Closed, Hang, infer_path

MEBIBYTE = 1 << 20
GOOD = json.dumps({"inputs": [json_input("x", np.array([[1, 2]], np.float32))]}).encode()
PATH = infer_path("identity_fp32")
HEAD = b"POST " + PATH.encode() + b" HTTP/1.1\r\nHost: x\r\n"
MODELS = ("identity_fp32", "identity_bytes", "identity_int64", "identity_bool", "add_sub", "scale", "fixed", "slow")


class HostileCase(ServingCase):
    def tearDown(self):
        super().tearDown()
        self.still_serves()

    def still_serves(self, seconds=ANSWER_SECONDS):
        """A good request on a connection of its own gets the right answer."""
        array = np.arange(8, dtype=np.float32).reshape(2, 4)
        sent = [("A", array), ("B", np.ones((2, 4), np.float32))]
        answer = self.succeed(self.server.infer("add_sub", encode(sent, binary("SUM", "DIFF")), timeout=seconds))
        self.assert_same(answer.outputs()["SUM"], array + 1)
        self.assert_same(answer.outputs()["DIFF"], array - 1)

    def tolerate(self, answer, what):
        """What does not parse as HTTP may be refused without a message; everything else says what is wrong."""
        self.assertTrue(200 <= answer.status < 500 or answer.status == 501, f"{what}: {answer}")
        if answer.header("Content-Encoding"):
            answer.body = zlib.decompress(answer.body, 47)
        if answer.status >= 400 and answer.body:
            self.assertTrue(answer.error(), what)
        return answer

    def attempt(self, data, what, half_close=False, timeout=ANSWER_SECONDS):
        """Sends bytes on a connection of its own; gives the answer, or nothing if the connection was closed."""
        with self.server.connect(timeout) as connection:
            connection.send(data)
            if half_close:
                with contextlib.suppress(OSError):
                    connection.socket.shutdown(socket.SHUT_WR)
            try:
                return self.tolerate(connection.read(), what)
            except Closed:
                return None
            except Hang as error:
                raise Hang(f"{what}: {error}") from None

    def refuse_raw(self, data, statuses, what):
        answer = self.attempt(data, what)
        self.assertIsNotNone(answer, f"{what}: closed without an answer")
        self.assertIn(answer.status, statuses, f"{what}: {answer}")
