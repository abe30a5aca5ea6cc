#!/usr/bin/env python3
"""Runs the ONNX node tests through `mass verify` and prints the score by operator.

    scripts/conformance [--filter REGEX] [--failures] [--json FILE] [--expect PASSED]

Exits with 0 when every case ran to a verdict (and at least --expect passed): unsupported operators are a score here,
not an error. The cases are made once per version of onnx and kept in the cache (`node_tests.py`).
"""
import argparse
import collections
import json
import pathlib
import re
import subprocess
import sys

import node_tests

VERSION = "1.23.2"
ROOT = pathlib.Path(__file__).resolve().parent.parent
STATES = ("passed", "failed", "unsupported", "crashed")


def verify(mass: str, folders: list[pathlib.Path], timeout: float) -> list[dict]:
    """The verdict on each folder. A run that dies is halved until the case that kills it stands alone."""
    command = [mass, "verify", *map(str, folders), "--json"]
    try:
        ran = subprocess.run(command, capture_output=True, text=True, timeout=timeout)
        tests = json.loads(ran.stdout)["tests"]
        if len(tests) == len(folders):
            return tests
        reason = f"{len(tests)} verdicts for {len(folders)} cases"
    except subprocess.TimeoutExpired:
        reason = f"no end within {timeout:g} s"
    except (json.JSONDecodeError, KeyError):
        reason = f"ended with status {ran.returncode}: {ran.stderr.strip()[-200:]}"
    if len(folders) == 1:
        return [{"name": folders[0].name, "status": "crashed", "reason": reason}]
    middle = len(folders) // 2
    return verify(mass, folders[:middle], timeout) + verify(mass, folders[middle:], timeout)


def by_operator(tests: list[dict], index: dict) -> dict:
    """Operator → how many cases ended in each state."""
    scores = collections.defaultdict(collections.Counter)
    for test in tests:
        entry = index[test["name"]]
        scores[".".join(filter(None, (entry["domain"], entry["operator"])))][test["status"]] += 1
    return scores


def table(scores: dict) -> str:
    """One line an operator: those with most to gain first, the complete ones in one line at the end."""
    def open_cases(item):
        return sum(item[1].values()) - item[1]["passed"]

    lines = [f"{'operator':34} passed   of  failed  unsupported  crashed"]
    for name, score in sorted(scores.items(), key=lambda item: (-open_cases(item), item[0])):
        if open_cases((name, score)):
            lines.append(
                f"{name:34} {score['passed']:6} {sum(score.values()):4}  {score['failed']:6}  {score['unsupported']:11}"
                f"  {score['crashed']:7}"
            )
    complete = sorted(name for name, score in scores.items() if not open_cases((name, score)))
    lines.append(f"complete ({len(complete)}): {', '.join(complete)}")
    return "\n".join(lines)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mass", default=str(ROOT / ".build/release/mass"), help="the mass to test")
    parser.add_argument("--filter", default="", help="only cases whose name this regular expression finds")
    parser.add_argument("--failures", action="store_true", help="print each failed or crashed case with its reason")
    parser.add_argument("--json", type=pathlib.Path, help="write verdicts and scores to this file")
    parser.add_argument("--expect", type=int, default=0, help="fail when fewer cases pass")
    parser.add_argument("--timeout", type=float, default=600, help="seconds for one run of mass")
    parser.add_argument("--generate-only", action="store_true", help="make the cases, run nothing")
    return parser.parse_args()


def main() -> int:
    options = arguments()
    folder = node_tests.ensure(VERSION)
    index = node_tests.load_index(folder)
    names = sorted(name for name in index if re.search(options.filter, name))
    if options.generate_only:
        print(f"{len(index)} cases in {folder}")
        return 0
    if not names:
        sys.exit(f"conformance: no case matches {options.filter!r}")
    tests = verify(options.mass, [folder / name for name in names], options.timeout)
    total = collections.Counter(test["status"] for test in tests)
    scores = by_operator(tests, index)
    print(table(scores))
    if options.failures:
        for test in tests:
            if test["status"] in ("failed", "crashed"):
                print(f"{test['status']} {test['name']}: {test.get('reason', '')}")
    print(f"onnx {VERSION} node tests: " + ", ".join(f"{total[state]} {state}" for state in STATES) + f" of {len(tests)}")
    if options.json:
        report = {"onnx": VERSION, "total": len(tests), **{state: total[state] for state in STATES}}
        report |= {"operators": {name: dict(score) for name, score in sorted(scores.items())}, "tests": tests}
        options.json.write_text(json.dumps(report, indent=1) + "\n")
    return 0 if total["passed"] >= options.expect and not total["crashed"] else 1


if __name__ == "__main__":
    sys.exit(main())
