"""Runs `mass` as the files in deploy/ would, with their paths moved into a folder of the test."""
import contextlib
import functools
import json
import pathlib
import re
import shutil
import signal
import subprocess
import threading
import urllib.error
import urllib.request

from manifests import MASS, ROOT

MODEL = ROOT / "models/digits.onnx"


def mass(*arguments, **options) -> subprocess.CompletedProcess:
    return subprocess.run([MASS, *map(str, arguments)], capture_output=True, text=True, timeout=300, **options)


@functools.cache
def known_options() -> set:
    return set(re.findall(r"--[a-z][a-z-]*", mass("serve", "--help").stdout))


def knows(*names: str) -> bool:
    return known_options().issuperset(names)


def has_keys() -> bool:
    return re.search(r"^  key ", mass("--help").stdout, re.MULTILINE) is not None


def make_repository(folder: pathlib.Path) -> pathlib.Path:
    version = folder / "digits/1"
    version.mkdir(parents=True)
    shutil.copy(MODEL, version / "model.onnx")
    return folder


def make_key(access: pathlib.Path, *grants: str) -> str:
    """A new key in an access file."""
    options = [part for grant in grants for part in ("--grant", grant)]
    ran = mass("key", "create", "--access", access, "--name", f"test-{'-'.join(grants)}", *options)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.strip()


@contextlib.contextmanager
def serving(arguments: list, folder: pathlib.Path):
    """A server and the address of its HTTP port; it is ended as a cluster ends it."""
    process = subprocess.Popen(
        [MASS, *map(str, arguments)], cwd=folder, stderr=subprocess.PIPE, text=True, env={"PATH": "/usr/bin:/bin"})
    ready, lines, address = threading.Event(), [], {}

    def read():
        for line in process.stderr:
            lines.append(line)
            event = json.loads(line) if line.startswith("{") else {}
            if event.get("event") == "listening":
                address[event["protocol"]] = event["address"]
            if event.get("event") == "serving":
                ready.set()
        ready.set()

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    try:
        assert ready.wait(120) and "http" in address, "".join(lines)
        yield f"http://{address['http'].replace('0.0.0.0', '127.0.0.1')}"
    finally:
        process.send_signal(signal.SIGTERM)
        status = process.wait(90)
        reader.join()
        process.stderr.close()
    assert status == 0, f"status {status}: {''.join(lines)}"


def get(url: str, key: str = None, body: dict = None):
    """Status and body of an answer."""
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    data = json.dumps(body).encode() if body is not None else None
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data, headers), timeout=60) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()
