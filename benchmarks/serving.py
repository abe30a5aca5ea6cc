#!/usr/bin/env python3
"""Measures `mass serve` and other servers of the Open Inference Protocol on the same machine, in turns.

    scripts/python-env serving benchmarks/serving.py [--seconds 4] [--rounds 3] [--json FILE]

- small: an identity of 4 floats, JSON, 1 and 16 connections (wrk): mass, FastAPI with ONNX Runtime, MLServer with ONNX Runtime;
  and, for mass alone, binary tensors, and a request that runs no model, which is what the HTTP library can do here.
- large: an identity of 8 MB as bytes against a server that only sends back the bytes it receives.
- overload: an open loop at twice the throughput, with `longest_wait_ms`: what is answered in time, against the most there can be.
- models: throughput with two connections per instance (wrk, binary tensors) against `mass bench`, same threads: the ratio is the
  median of those of the rounds.
"""
import argparse
import contextlib
import json
import operator
import os
import pathlib
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

import numpy as np
import onnx
from onnx import TensorProto, helper

from compare import ROOT, SHAPES, resolved

MASS = ROOT / ".build/release/mass"
PEERS = pathlib.Path(__file__).with_name("peers")


def identity(path, shape):
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name in "xy"]
    graph = helper.make_graph([helper.make_node("Identity", ["x"], ["y"])], "identity", ends[:1], ends[1:])
    path.parent.mkdir(parents=True)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def running(command, port, environment=None, folder=None, path=None):
    """A server, from when its port is open on, or from when it answers for `path`."""
    log = tempfile.TemporaryFile()
    process = subprocess.Popen([str(part) for part in command], env={**os.environ, **(environment or {})},
                               cwd=folder, stdout=log, stderr=subprocess.STDOUT)
    try:
        for _ in range(600):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            if process.poll() is not None:
                break
            time.sleep(0.1)
        time.sleep(1)
        for _ in range(600 if path else 0):
            with contextlib.suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5):
                break
            time.sleep(0.1)
        if process.poll() is not None:
            log.seek(0)
            raise RuntimeError(f"{command[0]}: {log.read()[-600:].decode(errors='replace')}")
        yield process
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()


def mass(repository, port, threads=1, instances=1):
    return running([MASS, "serve", "--repository", repository, "--http-port", port, "--grpc-port", 0,
                    "--threads", threads, "--instances", instances], port)


def wrk(url, connections, seconds, script):
    """Requests a second and the median latency in microseconds; an answer that is no success ends the measurement."""
    ran = subprocess.run(["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "-s", script, url],
                         capture_output=True, text=True, check=True)
    result = json.loads(ran.stdout.splitlines()[-1])
    if result["errors"]:
        raise RuntimeError(f"{url}: {result['errors']} answers were errors")
    return result["rate"], result["p50"]


def script(path, body=None, headers={}):
    """What wrk sends: the body, or a GET if there is none."""
    lines = []
    if body is not None:
        escaped = "".join(f"\\{byte}" if not 32 <= byte < 127 or byte in b'"\\' else chr(byte) for byte in body)
        lines.append(f'wrk.method = "POST"\nwrk.body = "{escaped}"')
    lines += [f'wrk.headers["{name}"] = "{value}"' for name, value in headers.items()]
    lines.append("""
function done(summary, latency)
  local e = summary.errors
  print(string.format('{"rate":%f,"p50":%f,"errors":%d}', summary.requests / summary.duration * 1e6,
    latency:percentile(50), e.status + e.connect + e.read + e.write + e.timeout))
end""")
    path.write_text("\n".join(lines))
    return path


def small(folder, options):
    repository = folder / "small"
    identity(repository / "identity/1/model.onnx", [1, 4])
    model = repository / "identity/1/model.onnx"
    tensor = {"name": "x", "shape": [1, 4], "datatype": "FP32"}
    text = json.dumps({"inputs": [{**tensor, "data": [0.1, 0.2, 0.3, 0.4]}]}).encode()
    head = json.dumps({"inputs": [{**tensor, "parameters": {"binary_data_size": 16}}],
                       "outputs": [{"name": "y", "parameters": {"binary_data": True}}]}).encode()
    as_text = script(folder / "text.lua", text, {"Content-Type": "application/json"})
    as_bytes = script(folder / "bytes.lua", head + bytes(16), {"Inference-Header-Content-Length": len(head)})
    nothing = script(folder / "nothing.lua")
    infer, live = "/v2/models/identity/infer", "/v2/health/live"
    ports = [free_port() for _ in range(6)]
    settings = folder / "mlserver"
    settings.mkdir()
    (settings / "settings.json").write_text(json.dumps({
        "host": "127.0.0.1", "http_port": ports[2], "grpc_port": ports[3], "metrics_port": ports[4], "debug": False,
        "parallel_workers": 0}))
    (settings / "model-settings.json").write_text(json.dumps({
        "name": "identity", "implementation": "mlserver_runtime.OnnxRuntimeModel",
        "parameters": {"uri": str(model)}}))
    python = pathlib.Path(sys.executable)
    environment = {"MODEL": str(model), "THREADS": "1", "PYTHONPATH": str(PEERS)}
    servers = {
        "mass": (mass(repository, ports[0]), ports[0], infer, as_text),
        "mass, binary": (None, ports[0], infer, as_bytes),
        "mass, health": (None, ports[0], live, nothing),
        "FastAPI": (running([python, "-m", "uvicorn", "fastapi_server:app", "--port", ports[1], "--log-level", "error",
                             "--no-access-log"], ports[1], environment, PEERS), ports[1], infer, as_text),
        "MLServer": (running([python.with_name("mlserver"), "start", settings], ports[2], environment), ports[2], infer,
                     as_text),
    }
    results = {}
    with contextlib.ExitStack() as stack:
        for server, *_ in servers.values():
            if server:
                stack.enter_context(server)
        for _ in range(options.rounds):
            for name, (_, port, path, lua) in servers.items():
                for connections in (1, 16):
                    url = f"http://127.0.0.1:{port}{path}"
                    results.setdefault((name, connections), []).append(wrk(url, connections, options.seconds, lua))
    # By itself: its processes take a part of the processors also while nobody asks.
    with running([python, PEERS / "ray_server.py", ports[5]], ports[5], environment, path="/"):
        for _ in range(options.rounds):
            for connections in (1, 16):
                url = f"http://127.0.0.1:{ports[5]}{infer}"
                results.setdefault(("Ray Serve", connections), []).append(wrk(url, connections, options.seconds, as_text))
    table = []
    for (name, connections), runs in results.items():
        rate, latency = (statistics.median(values) for values in zip(*runs))
        table.append({"server": name, "connections": connections, "requests_per_s": round(rate), "p50_us": round(latency)})
        print(f"small   {name:14} {connections:3} connections {rate:9.0f}/s   p50 {latency:8.0f} µs", flush=True)
    return table


def exchange(connection, request, count):
    connection.sendall(request)
    while count > 0:
        received = connection.recv_into(BUFFER, min(count, len(BUFFER)))
        if received == 0:
            raise RuntimeError("the server closed the connection")
        count -= received


BUFFER = bytearray(1 << 20)


def head_of(connection):
    data = b""
    while b"\r\n\r\n" not in data:
        data += connection.recv(65536)
    head, rest = data.split(b"\r\n\r\n", 1)
    length = int(next(line.split(b":")[1] for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")))
    return head, length - len(rest)


def echo(listener, size):
    while True:
        with contextlib.suppress(OSError):
            connection, _ = listener.accept()
            data = memoryview(bytearray(size))
            while True:
                have = 0
                while have < size:
                    count = connection.recv_into(data[have:], size - have)
                    if count == 0:
                        break
                    have += count
                if have < size:
                    break
                connection.sendall(data)


def large(folder, options):
    size = 8 << 20
    repository = folder / "large"
    identity(repository / "identity/1/model.onnx", ["n"])
    head = json.dumps({"inputs": [{"name": "x", "shape": [size // 4], "datatype": "FP32",
                                   "parameters": {"binary_data_size": size}}],
                       "parameters": {"binary_data_output": True}}).encode()
    body = head + os.urandom(size // 2) + bytes(size // 2)
    port = free_port()
    request = (f"POST /v2/models/identity/infer HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n"
               f"Inference-Header-Content-Length: {len(head)}\r\n\r\n").encode() + body
    listener = socket.create_server(("127.0.0.1", 0))
    child = os.fork()
    if child == 0:
        echo(listener, len(body))
    times = {"mass": [], "copy": []}
    try:
        with mass(repository, port), socket.create_connection(("127.0.0.1", port)) as served, \
                socket.create_connection(listener.getsockname()) as copied:
            for i in range(60):
                start = time.perf_counter()
                served.sendall(request)
                head_bytes, rest = head_of(served)
                exchange(served, b"", rest)
                middle = time.perf_counter()
                exchange(copied, body, len(body))
                end = time.perf_counter()
                assert head_bytes.startswith(b"HTTP/1.1 200"), head_bytes
                if i >= 10:
                    times["mass"].append(middle - start)
                    times["copy"].append(end - middle)
    finally:
        os.kill(child, 9)
        os.waitpid(child, 0)
    medians = {name: statistics.median(values) * 1e3 for name, values in times.items()}
    print(f"large   8 MB there and back: mass {medians['mass']:.2f} ms, copy {medians['copy']:.2f} ms, "
          f"ratio {medians['mass'] / medians['copy']:.2f}", flush=True)
    return medians


def binary_inputs(port, name, shapes, path):
    """A script of wrk that sends inputs of ones, in the shapes given as NAME=1x2x3."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/v2/models/{name}", timeout=5) as answer:
        datatypes = {entry["name"]: entry["datatype"] for entry in json.load(answer)["inputs"]}
    entries, body = [], b""
    for tensor, text in (shape.split("=") for shape in shapes):
        shape = [int(extent) for extent in text.split("x")]
        data = np.ones(shape, {"FP32": "<f4", "INT64": "<i8"}[datatypes[tensor]]).tobytes()
        entries.append({"name": tensor, "shape": shape, "datatype": datatypes[tensor],
                        "parameters": {"binary_data_size": len(data)}})
        body += data
    head = json.dumps({"inputs": entries, "parameters": {"binary_data_output": True}}).encode()
    return script(path, head + body, {"Inference-Header-Content-Length": len(head)})


def served(folder, options):
    """Each number of threads as one instance's team and, beside it, as instances of one thread each."""
    table = []
    for name in options.models:
        model = resolved(name)
        flags = [part for shape in SHAPES[model.stem] for part in ("--shape", shape)]
        for threads in options.threads:
            arrangements = [(1, threads)] if threads == 1 else [(1, threads), (threads, 1)]
            with contextlib.ExitStack() as servers:
                served = {}
                for instances, each in arrangements:
                    repository = folder / f"{name}-{instances}-{each}"
                    target = repository / name / "1"
                    target.mkdir(parents=True)
                    subprocess.run([MASS, "compile", model, "-o", target / "model.plan", "--threads", str(each), "--quiet",
                                    *flags], check=True)
                    port = free_port()
                    servers.enter_context(mass(repository, port, each, instances))
                    served[instances, each] = (f"http://127.0.0.1:{port}/v2/models/{name}/infer", [])
                inputs = binary_inputs(port, name, SHAPES[model.stem], folder / f"{name}.lua")
                plan, bench = folder / f"{name}-1-{threads}" / name / "1/model.plan", []
                for _ in range(options.rounds):
                    ran = subprocess.run([MASS, "bench", plan, *flags, "--threads", str(threads), "--duration",
                                          str(options.seconds), "--json"], capture_output=True, text=True, check=True)
                    bench.append(1000 / json.loads(ran.stdout)["latency_ms"]["mean"])
                    for (instances, _), (url, rates) in served.items():
                        rates.append(wrk(url, 2 * instances, options.seconds, inputs)[0])
            for (instances, each), (_, rates) in served.items():
                row = {"model": name, "instances": instances, "threads": each, "bench_threads": threads,
                       "bench_per_s": statistics.median(bench), "served_per_s": statistics.median(rates),
                       "ratio": statistics.median(map(operator.truediv, rates, bench))}
                table.append(row)
                print(f"models  {name:10} {instances} × {each} threads: bench with {threads} {row['bench_per_s']:.1f}/s, "
                      f"served {row['served_per_s']:.1f}/s, ratio {row['ratio']:.3f}", flush=True)
    return table


def batched(folder, options):
    """What joining requests gains with 16 connections, by length, in one server for both, turn about."""
    model, table = resolved("minilm_l6"), []
    for length in (8, 128):
        inputs = {"ids": [1, length], "mask": [1, length]}
        flags = [part for name in inputs for part in ("--shape", f"{name}=1x{length}")]
        repository = folder / f"batched-{length}"
        for name, batching in (("single", None), ("batched", {"max_size": 8, "max_delay_ms": 2})):
            target = repository / name / "1"
            target.mkdir(parents=True)
            subprocess.run([MASS, "compile", model, "-o", target / "model.plan", "--threads", "1", "--quiet", *flags],
                           check=True)
            settings = {"warm_up": {"shapes": [inputs]}, **({"batching": batching} if batching else {})}
            (target.parent / "model.json").write_text(json.dumps(settings))
        port, rates = free_port(), {}
        with mass(repository, port):
            for _ in range(options.rounds):
                for name in ("single", "batched"):
                    ran = subprocess.run([MASS, "load", f"http://127.0.0.1:{port}/v2/models/{name}", "--closed", "16",
                                          "--duration", str(options.seconds), *flags, "--json"],
                                         capture_output=True, text=True)
                    rates.setdefault(name, []).append(json.loads(ran.stdout)["achieved_rate"])
        row = {"length": length, **{f"{name}_per_s": statistics.median(values) for name, values in rates.items()}}
        table.append(row)
        print(f"batches minilm_l6 (1×{length}), 16 connections: single {row['single_per_s']:.1f}/s, "
              f"batched {row['batched_per_s']:.1f}/s", flush=True)
    return table


def overload(folder, options):
    """SqueezeNet on one thread, so that the client has a core of its own."""
    name, wait, slo = "squeezenet", 50, 100
    repository = folder / "overload"
    target = repository / name / "1"
    target.mkdir(parents=True)
    flags = [part for shape in SHAPES[name] for part in ("--shape", shape)]
    subprocess.run([MASS, "compile", resolved(name), "-o", target / "model.plan", "--threads", "1", "--quiet", *flags],
                   check=True)
    settings = {"traffic": {"queue": {"longest_wait_ms": wait}}}
    (repository / name / "model.json").write_text(json.dumps(settings))
    port = free_port()
    load = [MASS, "load", f"http://127.0.0.1:{port}/v2/models/{name}", *flags, "--duration", str(options.seconds * 2),
            "--slo", str(slo), "--json"]
    rows = []
    with mass(repository, port):
        for _ in range(options.rounds):
            peak = json.loads(subprocess.run([*load, "--closed", "2"], capture_output=True, text=True, check=True).stdout)
            ran = subprocess.run([*load, "--rate", str(2 * peak["achieved_rate"]), "--connections", "256"],
                                 capture_output=True, text=True)
            rows.append((peak, json.loads(ran.stdout)))
    peak, over = rows[len(rows) // 2]
    result = {"peak_per_s": peak["achieved_rate"], "overload": over}
    print(f"overload {name}: peak {peak['achieved_rate']:.1f}/s; at twice that {over['achieved_rate']:.1f}/s answered, "
          f"{over.get('goodput')} within {slo} ms, p99 {over['response_ms']['p99']:.1f} ms", flush=True)
    return result


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--models", nargs="+", default=["minilm_l6", "resnet50"])
    parser.add_argument("--only", choices=("small", "large", "overload", "models", "batches"))
    parser.add_argument("--json", type=pathlib.Path)
    options = parser.parse_args()
    if not shutil.which("wrk"):
        sys.exit("serving: wrk is missing; apt-get install wrk")
    parts = {"small": small, "large": large, "overload": overload, "models": served, "batches": batched}
    results = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, measure in parts.items():
            if options.only in (None, name):
                results[name] = measure(pathlib.Path(folder), options)
    if options.json:
        options.json.write_text(json.dumps(results, indent=2))


if __name__ == "__main__":
    main()
