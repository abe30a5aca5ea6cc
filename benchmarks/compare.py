#!/usr/bin/env python3
"""Measures ONNX Runtime and `mass bench` on the same model files, in turns, and prints medians and their ratio.

    scripts/python-env benchmarks benchmarks/compare.py [--threads 1 2] [--rounds 5] [--json F] [--markdown F] [-- MODEL…]

A MODEL is a path, or a name of ../shared/models/perf beside the checkout; without any, the project's own demo model and
all of those names that are there. Each round starts one process of each engine (A B A B …), so a change of the
machine's speed meets both. A plan is compiled once per model and number of threads; its time is not in the figures.
"""
import argparse
import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys

from node_tests import cache_folder

ROOT = pathlib.Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared/models"
WORKER = pathlib.Path(__file__).with_name("onnxruntime_bench.py")
ENGINES = ("onnxruntime", "mass")
SHAPES = {
    "resnet50": ["x=1x3x224x224"], "mobilenet_v2": ["x=1x3x224x224"], "vit_b_16": ["x=1x3x224x224"],
    "squeezenet": ["data_0=1x3x224x224"], "densenet121": ["data_0=1x3x224x224"],
    "bert_base": ["ids=1x128", "mask=1x128"], "minilm_l6": ["ids=1x128", "mask=1x128"],
    "digits": ["image=1x1x32x32"],
}


def resolved(name: str) -> pathlib.Path:
    """The file of a model; the weightless ones of the shared folder are filled into the cache first."""
    if name.endswith(".onnx"):
        return pathlib.Path(name)
    target = cache_folder() / "models"
    model = target / f"{name}.onnx"
    if not model.exists():
        if not (SHARED / "perf" / f"{name}.onnx").exists():
            sys.exit(f"compare: no model '{name}': give a path, or put the shared models beside the checkout")
        aside = target / "filling"
        subprocess.run([sys.executable, SHARED / "materialize.py", aside, name], check=True, stdout=subprocess.DEVNULL)
        (aside / model.name).rename(model)
    return model


def default_models() -> list[str]:
    return [str(ROOT / "models/digits.onnx"), *sorted(path.stem for path in (SHARED / "perf").glob("*.onnx"))]


def output_of(command: list) -> str:
    ran = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    if ran.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, command))}: {(ran.stderr or ran.stdout).strip()[-400:]}")
    return ran.stdout


def shape_options(model: pathlib.Path, options) -> list[str]:
    return [part for shape in options.shape or SHAPES.get(model.stem, []) for part in ("--shape", shape)]


def compiled(model: pathlib.Path, threads: int, options) -> pathlib.Path:
    plan = cache_folder() / "plans" / f"{model.stem}-{threads}.plan"
    plan.parent.mkdir(parents=True, exist_ok=True)
    strict = ["--strict"] if options.strict else []
    command = [options.mass, "compile", model, "-o", plan, "--threads", threads, "--quiet", *strict]
    output_of(command + shape_options(model, options))
    return plan


def rounds(model: pathlib.Path, threads: int, options) -> dict:
    """Engine → the JSON of each of its runs."""
    common = ["--threads", threads, "--duration", options.duration, "--warmup", options.warmup]
    common += shape_options(model, options)
    commands = {
        "onnxruntime": [sys.executable, WORKER, model, *common],
        "mass": [options.mass, "bench", compiled(model, threads, options), *common, "--json"],
    }
    results = {engine: [] for engine in ENGINES}
    for _ in range(options.rounds):
        for engine in ENGINES:
            results[engine].append(json.loads(output_of(commands[engine])))
    return results


def row(model: pathlib.Path, threads: int, results: dict) -> dict:
    """Medians over the rounds: of the median latency, of opening plus first inference, of peak memory."""
    summary = {"model": model.stem, "threads": threads}
    for engine, runs in results.items():
        summary[engine] = {
            "latency_ms": statistics.median(run["latency_ms"]["median"] for run in runs),
            "start_ms": statistics.median(run["load_ms"] + run["first_run_ms"] for run in runs),
            "peak_rss_mb": statistics.median(run["peak_rss_mb"] for run in runs),
            "rounds": runs,
        }
    for key in ("latency_ms", "start_ms", "peak_rss_mb"):
        summary[key.rsplit("_", 1)[0] + "_ratio"] = summary["mass"][key] / summary["onnxruntime"][key]
    return summary


HEADER = ("model", "threads", "ORT ms", "mass ms", "ratio", "ORT start", "mass start", "ORT MB", "mass MB")


def cells(entry: dict) -> tuple:
    a, b = entry["onnxruntime"], entry["mass"]
    return (
        entry["model"], str(entry["threads"]), f"{a['latency_ms']:.3f}", f"{b['latency_ms']:.3f}",
        f"{entry['latency_ratio']:.2f}", f"{a['start_ms']:.0f}", f"{b['start_ms']:.0f}",
        f"{a['peak_rss_mb']:.0f}", f"{b['peak_rss_mb']:.0f}",
    )


def line(texts) -> str:
    return f"{texts[0]:18} {texts[1]:>7} " + " ".join(f"{text:>10}" for text in texts[2:])


def markdown(rows: list[dict], machine: str) -> str:
    lines = [f"{machine}. Milliseconds, medians; start is opening plus first inference; a ratio below 1 means mass is faster.", ""]
    lines += ["| " + " | ".join(HEADER) + " |", "|---|" + "---:|" * (len(HEADER) - 1)]
    lines += ["| " + " | ".join(cells(entry)) + " |" for entry in rows]
    return "\n".join(lines) + "\n"


def machine(rows: list[dict]) -> str:
    info = pathlib.Path("/proc/cpuinfo").read_text()
    cpu = next((text.split(":")[1].strip() for text in info.splitlines() if text.startswith("model name")), platform.machine())
    version = next((run["version"] for entry in rows for run in entry["onnxruntime"]["rounds"]), "?")
    return f"{cpu}, {os.cpu_count()} CPUs, ONNX Runtime {version}"


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", metavar="MODEL")
    parser.add_argument("--mass", default=str(ROOT / ".build/release/mass"))
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--duration", type=float, default=2, help="seconds measured per process")
    parser.add_argument("--warmup", type=float, default=0.5)
    parser.add_argument("--shape", action="append", default=[], help="NAME=1x3x224x224; known for the shared models")
    parser.add_argument("--strict", action="store_true", help="compile without approximate kernels")
    parser.add_argument("--json", type=pathlib.Path)
    parser.add_argument("--markdown", type=pathlib.Path)
    parser.add_argument("--limit", type=float, help="fail when a latency ratio is above this")
    return parser.parse_args()


def main() -> int:
    options = arguments()
    print(line(HEADER))
    rows, failed = [], 0
    for name in options.models or default_models():
        for threads in options.threads:
            model = resolved(name)
            try:
                rows.append(row(model, threads, rounds(model, threads, options)))
                print(line(cells(rows[-1])), flush=True)
            except (RuntimeError, json.JSONDecodeError, KeyError) as error:
                failed += 1
                print(f"{model.stem:18} {threads:7} {error}", file=sys.stderr, flush=True)
    if options.json:
        options.json.write_text(json.dumps({"machine": machine(rows), "rows": rows}, indent=1) + "\n")
    if options.markdown:
        options.markdown.write_text(markdown(rows, machine(rows)))
    slow = [entry for entry in rows if options.limit and entry["latency_ratio"] > options.limit]
    return 1 if failed or slow else 0


if __name__ == "__main__":
    sys.exit(main())
