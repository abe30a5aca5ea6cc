#!/usr/bin/env python3
"""Serves under load for a long time, with a new version every few seconds, and says how memory, open files and threads move.

    scripts/python-env serving benchmarks/soak.py [--minutes 20] [--rate 300] [--every 10] [--json FILE]

The load is an open loop (`mass load`); each update publishes the demo model through the registry's interface and removes the
version before the last. The slopes are least squares over the second half of the time, when caches are full.
"""
import argparse
import json
import os
import pathlib
import re
import subprocess
import tempfile
import time
import urllib.request

import numpy as np

from compare import ROOT
from serving import MASS, free_port, mass


def call(method, url, body=None):
    request = urllib.request.Request(url, body, method=method)
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


def sample(pid):
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return (time.monotonic(), int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024, len(os.listdir(f"/proc/{pid}/fd")),
            int(re.search(r"Threads:\s+(\d+)", status)[1]))


def update(registry, data, versions):
    upload = call("POST", f"{registry}/uploads", b"")["upload"]
    call("PUT", f"{registry}/uploads/{upload}/model.onnx", data)
    request = json.dumps({"upload": upload, "activate": True}).encode()
    versions.append(call("POST", f"{registry}/models/digits/versions", request)["version"])
    if len(versions) > 2:
        call("DELETE", f"{registry}/models/digits/versions/{versions.pop(0)}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--rate", type=float, default=300)
    parser.add_argument("--every", type=float, default=10)
    parser.add_argument("--json", type=pathlib.Path)
    options = parser.parse_args()
    data = (ROOT / "models/digits.onnx").read_bytes()
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        registry = f"http://127.0.0.1:{port}/v2/registry"
        versions, samples = [], []
        with mass(folder, port) as server:
            update(registry, data, versions)
            load = subprocess.Popen(
                [MASS, "load", f"http://127.0.0.1:{port}/v2/models/digits", "--rate", str(options.rate), "--duration",
                 str(options.minutes * 60), "--connections", "8", "--quiet", "--json"], stdout=subprocess.PIPE, text=True)
            end = time.monotonic() + options.minutes * 60
            following = time.monotonic() + options.every
            while time.monotonic() < end and server.poll() is None:
                time.sleep(1)
                samples.append(sample(server.pid))
                if time.monotonic() >= following:
                    update(registry, data, versions)
                    following += options.every
            result = json.loads(load.communicate()[0])
            alive = server.poll() is None
    half = np.array(samples[len(samples) // 2:])
    minutes = (half[:, 0] - half[0, 0]) / 60
    report = {"updates": versions[-1], "server_alive": alive, "sent": result["sent"], "failures": result["failures"]}
    for i, (name, unit) in enumerate((("memory", "MiB"), ("files", "files"), ("threads", "threads")), 1):
        slope = np.polyfit(minutes, half[:, i], 1)[0]
        report[name] = {"first": half[0, i], "last": half[-1, i], "slope_per_minute": slope}
        print(f"{name:8} {half[0, i]:8.1f} → {half[-1, i]:8.1f} {unit}, {slope:+.4f} {unit} a minute")
    print(json.dumps({key: report[key] for key in ("updates", "server_alive", "sent", "failures")}))
    if options.json:
        options.json.write_text(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
