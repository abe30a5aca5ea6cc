"""HTTP over plain sockets, byte for byte, so that nothing is hidden by a lenient client."""
import contextlib
import json
import re
import socket

from tensors import HEADER, Tensor

ANSWER_SECONDS = 5


class Hang(AssertionError):
    """Nothing came for as long as a client would wait."""


class Closed(AssertionError):
    """The server closed the connection where an answer was due."""


class Malformed(AssertionError):
    """What came is not HTTP."""


class Answer:
    """One HTTP response."""

    def __init__(self, status, headers, body, interim=()):
        self.status, self.headers, self.body, self.interim = status, headers, body, list(interim)

    def __repr__(self):
        return f"{self.status} {self.headers} {self.body[:400]!r}"

    def values(self, name):
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def header(self, name):
        found = self.values(name)
        return found[0] if found else None

    def json(self):
        return self._parse(self.body)

    def _parse(self, text):
        def refuse(token):
            raise ValueError(f"{token} is not JSON")

        try:
            return json.loads(text, parse_constant=refuse)
        except ValueError as error:
            raise AssertionError(f"not JSON ({error}): {self!r}") from None

    def error(self):
        """The message of an error answer, which must have the protocol's form."""
        value = self.json()
        if not isinstance(value, dict) or not isinstance(value.get("error"), str) or not value["error"]:
            raise AssertionError(f"not an error object: {self!r}")
        return value["error"]

    def outputs(self):
        """The tensors of an inference's answer by name, as arrays."""
        return {tensor.name: tensor.array for tensor in self.tensors()}

    def tensors(self):
        length = self.header(HEADER)
        head, tail = (self.body, b"") if length is None else (self.body[: int(length)], self.body[int(length) :])
        value = self._parse(head)
        if "outputs" not in value:
            raise AssertionError(f"an answer without outputs: {self!r}")
        tensors, offset = [], 0
        for entry in value["outputs"]:
            count = entry.get("parameters", {}).get("binary_data_size")
            tensors.append(Tensor(entry, None if count is None else tail[offset : offset + count]))
            offset += count or 0
        if offset != len(tail):
            raise AssertionError(f"{len(tail)} bytes follow the JSON part where {offset} were announced: {head!r}")
        return tensors


class Connection:
    """A connection that sends what it is told, byte for byte."""

    def __init__(self, address, timeout=ANSWER_SECONDS):
        host, port = address.rsplit(":", 1)
        self.address, self.timeout, self._received = address, timeout, b""
        self.socket = socket.create_connection((host.strip("[]"), int(port)), timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def send(self, data):
        """Sends all of `data`; a server that has stopped listening shows when the answer is read."""
        try:
            self.socket.sendall(data)
        except socket.timeout:
            raise Hang(f"the server took none of {len(data)} bytes for {self.timeout} s") from None
        except OSError:
            pass

    def request(self, method, path, headers=(), body=None):
        self.send(request_bytes(method, path, headers, body))
        return self.read(method)

    def read(self, method="GET"):
        """The next answer on this connection, which answers a request of `method`."""
        interim = []
        while True:
            status, headers = self._head()
            if status >= 200 or status == 101:
                break
            interim.append(status)
        try:
            return Answer(status, headers, self._body(method, status, headers), interim)
        except Closed as error:
            raise Malformed(f"an answer that was cut off: {status} {headers}: {error}") from None

    def _fill(self):
        try:
            data = self.socket.recv(1 << 18)
        except socket.timeout:
            raise Hang(f"no answer within {self.timeout} s; so far {self._received[:200]!r}") from None
        except OSError as error:
            raise Closed(f"{error}; so far {self._received[:200]!r}") from None
        if not data:
            raise Closed(f"the connection was closed; so far {self._received[:200]!r}")
        self._received += data

    def _head(self):
        while b"\r\n\r\n" not in self._received:
            self._fill()
        head, self._received = self._received.split(b"\r\n\r\n", 1)
        first, *lines = head.decode("latin-1").split("\r\n")
        found = re.fullmatch(r"HTTP/1\.[01] (\d{3})(?: .*)?", first)
        if not found:
            raise Malformed(f"not a status line: {first!r}")
        if not all(re.match(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+:", line) for line in lines):
            raise Malformed(f"not a header among {lines}")
        return int(found[1]), [(line.split(":", 1)[0], line.split(":", 1)[1].strip()) for line in lines]

    def _body(self, method, status, headers):
        lengths = [value for key, value in headers if key.lower() == "content-length"]
        codings = [value for key, value in headers if key.lower() == "transfer-encoding"]
        if len(lengths) + len(codings) > 1:
            raise Malformed(f"a body with two lengths: {headers}")
        if method == "HEAD" or status in (204, 304):
            return b""
        if codings:
            return self._chunks()
        if lengths:
            return self._take(int(lengths[0]))
        return self._rest()

    def _take(self, count):
        parts, held = [self._received], len(self._received)
        self._received = b""
        while held < count:
            self._fill()
            parts.append(self._received)
            held += len(self._received)
            self._received = b""
        data = b"".join(parts)
        self._received = data[count:]
        return data[:count]

    def _rest(self):
        with contextlib.suppress(Closed):
            while True:
                self._fill()
        data, self._received = self._received, b""
        return data

    def _line(self):
        while b"\r\n" not in self._received:
            self._fill()
        line, self._received = self._received.split(b"\r\n", 1)
        return line

    def _chunks(self):
        body = b""
        while count := int(self._line().split(b";")[0], 16):
            body += self._take(count)
            self._line()
        while self._line():
            pass
        return body

    def is_closed(self, seconds=ANSWER_SECONDS):
        """Whether the server closes the connection without sending anything more."""
        self.socket.settimeout(seconds)
        try:
            return not self._received and not self.socket.recv(1)
        except socket.timeout:
            return False
        except OSError:
            return True
        finally:
            self.socket.settimeout(self.timeout)


def request_bytes(method, path, headers=(), body=None):
    """A request with `Host` and, if there is a body, its length, unless the headers say otherwise."""
    named = {name.lower() for name, _ in headers}
    lines = [f"{method} {path} HTTP/1.1"]
    if "host" not in named:
        lines.append("Host: test")
    lines += [f"{name}: {value}" for name, value in headers]
    if body is not None and not named & {"content-length", "transfer-encoding"}:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode("utf-8") + b"\r\n\r\n" + (body or b"")


def chunked(pieces):
    """A chunked body of these chunks."""
    return b"".join(f"{len(piece):x}\r\n".encode() + piece + b"\r\n" for piece in pieces) + b"0\r\n\r\n"


def infer_path(model, version=None):
    return f"/v2/models/{model}/infer" if version is None else f"/v2/models/{model}/versions/{version}/infer"
