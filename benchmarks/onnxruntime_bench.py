#!/usr/bin/env python3
"""`mass bench` for ONNX Runtime: the same options, the same JSON, one process.

    onnxruntime_bench.py MODEL [--shape NAME=1x3x224x224]… [--threads N] [--duration S] [--warmup S]

`load_ms` is the creation of the session, `first_run_ms` the first inference after it. Needs: numpy, onnxruntime.
"""
import argparse
import json
import pathlib
import statistics
import time

import numpy as np
import onnxruntime

ELEMENTS = {
    "tensor(float)": np.float32, "tensor(double)": np.float64, "tensor(float16)": np.float16, "tensor(int64)": np.int64,
    "tensor(int32)": np.int32, "tensor(int16)": np.int16, "tensor(int8)": np.int8, "tensor(uint8)": np.uint8,
    "tensor(bool)": np.bool_,
}


def peak_rss_mb() -> float:
    """The most memory this process ever held. (`getrusage` would also count its parent's before `exec`.)"""
    for line in pathlib.Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("the kernel reports no VmHWM")


def shapes(options) -> dict:
    pairs = (entry.rpartition("=") for entry in options.shape)
    return {name: [int(extent) for extent in text.split("x")] for name, _, text in pairs}


def inputs(session, given: dict) -> dict:
    """Random floats and small integers: a one is a valid index, mask and length nearly everywhere."""
    random, feeds = np.random.default_rng(0), {}
    for entry in session.get_inputs():
        shape = given.get(entry.name) or [extent if isinstance(extent, int) and extent > 0 else 1 for extent in entry.shape]
        element = np.dtype(ELEMENTS[entry.type])
        feeds[entry.name] = random.standard_normal(shape).astype(element) if element.kind == "f" else np.ones(shape, element)
    return feeds


def timed(body) -> float:
    start = time.perf_counter()
    body()
    return (time.perf_counter() - start) * 1e3


def measured(body, seconds: float) -> list[float]:
    """Milliseconds of every call within `seconds`, three at least."""
    times, end = [], time.perf_counter() + seconds
    while len(times) < 3 or time.perf_counter() < end:
        times.append(timed(body))
    return times


def summary(times: list[float]) -> dict:
    ordered = sorted(times)
    at = lambda share: ordered[min(len(ordered) - 1, int(share * len(ordered)))]
    median, mean = statistics.median(ordered), statistics.fmean(ordered)
    return {"min": ordered[0], "median": median, "p90": at(0.90), "p99": at(0.99), "mean": mean}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--shape", action="append", default=[], metavar="NAME=1x3x224x224")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--duration", type=float, default=3)
    parser.add_argument("--warmup", type=float, default=0.5)
    options = parser.parse_args()

    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads, settings.inter_op_num_threads = options.threads, 1
    settings.log_severity_level = 3
    start = time.perf_counter()
    session = onnxruntime.InferenceSession(options.model, settings, providers=["CPUExecutionProvider"])
    load_ms = (time.perf_counter() - start) * 1e3
    feeds = inputs(session, shapes(options))
    body = lambda: session.run(None, feeds)
    first_run_ms = timed(body)
    measured(body, options.warmup)
    times = measured(body, options.duration)
    print(json.dumps({
        "model": options.model, "threads": options.threads, "precision": "f32", "load_ms": load_ms,
        "first_run_ms": first_run_ms, "latency_ms": summary(times), "runs": len(times), "peak_rss_mb": peak_rss_mb(),
        "version": onnxruntime.__version__,
    }))


if __name__ == "__main__":
    main()
