#!/usr/bin/env python3
"""Runs models through `mass` and compares what comes out with stored outputs.

    scripts/python-env conformance benchmarks/accuracy.py [FOLDER] [--set net] [--only REGEX] [--threads N]

FOLDER (by default ../shared/models/real beside the checkout) holds NAME.onnx with NAME.inputs.npz and NAME.expected.npz,
perhaps the same as NAME.real.*, perhaps NAME.stream.npz: a stateful model over many frames. Which set a model belongs
to stands in MANIFEST.md in the folder or above it; without that file all models are run. Each model is compiled to a
plan once. Keys that begin with '#' are remarks. Exits with 1 when an output is missing, has another shape or type, or
lies outside the tolerance. Needs: numpy.
"""
import argparse
import json
import pathlib
import re
import subprocess
import sys
import tempfile

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parent.parent
TOLERANCE, HALF_TOLERANCE = (1e-3, 1e-4), (1e-2, 1e-2)


class Failure(Exception):
    """What went wrong with one model, in one line."""


def sets(folder: pathlib.Path) -> dict:
    """Model name → set, from the table of the manifest."""
    for manifest in (folder / "MANIFEST.md", folder.parent / "MANIFEST.md"):
        if manifest.exists():
            rows = [[cell.strip() for cell in line.split("|")] for line in manifest.read_text().splitlines()]
            return {row[1]: row[2] for row in rows if len(row) > 4}
    return {}


def run(*command) -> str:
    ran = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    if ran.returncode != 0:
        lines = (ran.stderr or ran.stdout).strip().splitlines() or [f"status {ran.returncode}"]
        raise Failure(lines[-1])
    return ran.stdout


def arrays(path: pathlib.Path) -> dict:
    with np.load(path, allow_pickle=False) as file:
        return {name: file[name] for name in file.files if not name.startswith("#")}


class Plan:
    """One compiled model, in a folder that its owner removes."""

    def __init__(self, model: pathlib.Path, folder: pathlib.Path, options):
        self.path, self.folder = folder / f"{model.stem}.plan", folder
        self.command = [options.mass, "run", self.path, "--threads", options.threads]
        strict = ["--strict"] if options.strict else []
        run(options.mass, "compile", model, "-o", self.path, "--threads", options.threads, "--quiet", *strict)

    def __call__(self, inputs: dict) -> dict:
        given, got = self.folder / "inputs.npz", self.folder / "outputs.npz"
        np.savez(given, **inputs)
        got.unlink(missing_ok=True)
        run(*self.command, "--inputs", given, "--output", got, "--quiet")
        return arrays(got)


def difference(name: str, got, want, tolerance) -> float:
    """The largest absolute difference of one output, or a failure that names it."""
    if got is None:
        raise Failure(f"output '{name}' is missing")
    if got.shape != want.shape or got.dtype != want.dtype:
        raise Failure(f"output '{name}': expected {want.dtype}{list(want.shape)}, got {got.dtype}{list(got.shape)}")
    if want.dtype.kind not in "fc":
        if not np.array_equal(got, want):
            raise Failure(f"output '{name}': {np.count_nonzero(got != want)} of {want.size} elements differ")
        return 0.0
    a, b = got.astype(np.float64), want.astype(np.float64)
    if a.size == 0:
        return 0.0
    apart = np.abs(np.where((a == b) | (np.isnan(a) & np.isnan(b)), 0, a - b))
    worst = float(np.max(apart))
    close = np.isclose(a, b, rtol=tolerance[0], atol=tolerance[1], equal_nan=True)
    if not close.all():
        raise Failure(f"output '{name}': {np.count_nonzero(~close)} of {close.size} elements off, by up to {worst:.3g}")
    return worst


def compare(got: dict, want: dict, tolerance) -> float:
    return max((difference(name, got.get(name), value, tolerance) for name, value in want.items()), default=0.0)


def stream(plan: Plan, path: pathlib.Path, frames: int, tolerance) -> float:
    """Feeds the frames one by one, hands each state output back as the next state, compares the first output."""
    data = arrays(path)
    state = {key.removeprefix("init_"): data[key] for key in data if key.startswith("init_")}
    updates = [re.fullmatch(r"(.*)<-output (\d+)", str(line)).groups() for line in data["state_update"]]
    feeds = {key.removeprefix("frames_"): data[key] for key in data if key.startswith("frames_")}
    worst = 0.0
    for i in range(min(frames, len(data["out0"]))):
        got = plan({name: values[i] for name, values in feeds.items()} | state)
        names = list(got)  # the archive keeps the order of the model's outputs
        try:
            worst = max(worst, compare(got, {names[0]: data["out0"][i]}, tolerance))
        except Failure as failure:
            raise Failure(f"frame {i}: {failure}") from failure
        state |= {name: got[names[int(output)]] for name, output in updates}
    return worst


def checks(model: pathlib.Path, options, tolerance):
    """(what, function of a plan → error) for everything stored beside the model."""
    stem = model.with_suffix("")
    for kind in ("", ".real"):
        given, wanted = pathlib.Path(f"{stem}{kind}.inputs.npz"), pathlib.Path(f"{stem}{kind}.expected.npz")
        if given.exists() and wanted.exists():
            yield kind.removeprefix(".") or "plain", lambda plan, a=given, b=wanted: compare(plan(arrays(a)), arrays(b), tolerance)
    frames = pathlib.Path(f"{stem}.stream.npz")
    if frames.exists() and options.frames:
        yield "stream", lambda plan: stream(plan, frames, options.frames, tolerance)


def examine(model: pathlib.Path, options) -> list[tuple]:
    """(model, what, error or nothing, complaint) for every check of one model."""
    tolerance = HALF_TOLERANCE if "fp16" in model.stem or "f16" in model.stem else TOLERANCE
    rows = []
    with tempfile.TemporaryDirectory(prefix="mass-accuracy-") as folder:
        try:
            plan = Plan(model, pathlib.Path(folder), options)
        except Failure as failure:
            return [(model.stem, "compile", None, str(failure))]
        for what, check in checks(model, options, tolerance):
            try:
                rows.append((model.stem, what, check(plan), ""))
            except Failure as failure:
                rows.append((model.stem, what, None, str(failure)))
    return rows


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=pathlib.Path, default=ROOT.parent / "shared/models/real")
    parser.add_argument("--mass", default=str(ROOT / ".build/release/mass"))
    parser.add_argument("--set", default="net", help="the set to run; 'all' for every model")
    parser.add_argument("--only", default="", help="only models whose name this regular expression finds")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--frames", type=int, default=30, help="frames of a stream to run; 0 leaves streams out")
    parser.add_argument("--strict", action="store_true", help="compile without approximate kernels")
    parser.add_argument("--json", type=pathlib.Path, help="write the rows to this file")
    return parser.parse_args()


def main() -> int:
    options = arguments()
    known = sets(options.folder)
    models = [
        model for model in sorted(options.folder.glob("*.onnx"))
        if re.search(options.only, model.stem) and (options.set == "all" or known.get(model.stem, options.set) == options.set)
    ]
    if not models:
        sys.exit(f"accuracy: no model of set '{options.set}' in {options.folder}")
    rows = []
    for model in models:
        for row in examine(model, options):
            name, what, error, complaint = row
            print(f"{name:32} {what:8} " + (f"FAILED {complaint}" if complaint else f"{error:.2e}"), flush=True)
            rows.append(row)
    bad = [row for row in rows if row[3]]
    print(f"{len(models)} models, {len(rows)} checks, {len(bad)} failed")
    if options.json:
        keys = ("model", "check", "max_error", "complaint")
        options.json.write_text(json.dumps([dict(zip(keys, row)) for row in rows], indent=1) + "\n")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
