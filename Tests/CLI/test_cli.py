#!/usr/bin/env python3
"""Uses `mass` as people and programs would: every verb, its JSON, its errors and exit statuses.

    python3 Tests/CLI/test_cli.py [MASS]      by default .build/release/mass; needs numpy
"""
import contextlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
MASS = str(pathlib.Path(sys.argv.pop(1) if len(sys.argv) > 1 else ROOT / ".build/release/mass").resolve())
MODELS = ROOT / "models"
MODEL, INPUTS, EXPECTED = (MODELS / f"digits.{end}" for end in ("onnx", "inputs.npz", "expected.npz"))
LABELS = MODELS / "digits.labels.txt"


def mass(*arguments):
    return subprocess.run([MASS, *map(str, arguments)], capture_output=True, text=True, timeout=300)


def varint(value: int) -> bytes:
    out = bytearray()
    while value >= 128:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def tensor_proto(array: np.ndarray) -> bytes:
    """A float32 array as the protobuf TensorProto: dims, data_type, raw_data."""
    dims = b"".join(b"\x08" + varint(extent) for extent in array.shape)
    data = array.astype("<f4").tobytes()
    return dims + b"\x10\x01" + b"\x4a" + varint(len(data)) + data


class CommandLine(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="mass-cli-"))
        cls.plan = cls.folder / "digits.plan"
        ran = mass("compile", MODEL, "-o", cls.plan, "--shape", "image=1x1x32x32", "--threads", 1)
        assert ran.returncode == 0, ran.stderr
        cls.images, cls.expected = np.load(INPUTS)["image"], np.load(EXPECTED)["probabilities"]

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.folder)

    def succeed(self, *arguments) -> str:
        ran = mass(*arguments)
        self.assertEqual(ran.returncode, 0, ran.stderr)
        return ran.stdout

    def json(self, *arguments) -> dict:
        return json.loads(self.succeed(*arguments, "--json"))

    def fail(self, status: int, pattern: str, *arguments):
        ran = mass(*arguments)
        self.assertEqual(ran.returncode, status, ran.stdout + ran.stderr)
        self.assertRegex(ran.stderr.splitlines()[0], "^mass: .*" + pattern)

    def test_version_help_and_completion(self):
        self.assertRegex(self.succeed("--version"), r"^mass \d+\.\d+\.\d+\n$")
        self.assertIn("EXAMPLES", self.succeed("--help"))
        for verb in ("check", "compile", "run", "bench", "profile", "inspect", "verify"):
            self.assertIn("EXAMPLES", self.succeed(verb, "--help"))
            self.assertIn(verb, self.succeed("--generate-completion-script", "bash"))

    def test_check(self):
        report = self.json("check", MODEL)
        self.assertTrue(report["ok"])
        self.assertEqual(report["opsets"], {"ai.onnx": 17})
        self.assertEqual(report["inputs"], [{"name": "image", "type": "f32", "shape": ["N", 1, 32, 32]}])
        self.assertEqual({entry["name"]: entry["count"] for entry in report["operators"]}["Conv"], 2)
        broken = self.folder / "broken.onnx"
        broken.write_bytes(MODEL.read_bytes().replace(b"Softmax", b"Softmux"))
        ran = mass("check", broken, "--json")
        self.assertEqual(ran.returncode, 1)
        problem = json.loads(ran.stdout)["problems"][0]
        self.assertEqual((problem["kind"], problem["nodes"]), ("unsupported_operator", ["softmax"]))
        self.fail(1, r"broken\.onnx: node 'softmax' \(Softmux\): ", "compile", broken, "-o", self.folder / "none.plan")
        self.assertFalse((self.folder / "none.plan").exists())

    def test_compile(self):
        target = self.folder / "again.plan"
        report = self.json("compile", MODEL, "-o", target)
        self.assertEqual(report["plan_bytes"], target.stat().st_size)
        self.assertTrue(any(record["hits"] for record in report["passes"]))
        self.assertIn("fuse-activation", self.succeed("compile", MODEL, "-o", target, "--report"))
        self.assertEqual(self.succeed("compile", MODEL, "-o", target, "--quiet"), "")
        self.fail(1, "'picture', which is not an input", "compile", MODEL, "-o", target, "--shape", "picture=1")
        self.fail(64, "--shape", "compile", MODEL, "-o", target, "--shape", "image=1xx2")
        self.fail(64, "--threads: expected 1 to 1024, got 0", "compile", MODEL, "-o", target, "--threads", 0)

    def test_run_on_archives(self):
        for file in (self.plan, MODEL):
            got = self.folder / "got.npz"
            self.assertEqual(self.succeed("run", file, "--inputs", INPUTS, "--output", got, "--quiet"), "")
            with np.load(got) as outputs:
                self.assertEqual(outputs.files, ["probabilities"])
                np.testing.assert_allclose(outputs["probabilities"], self.expected, rtol=1e-3, atol=1e-5)

    def test_a_tuned_plan_runs_on_a_lesser_processor(self):
        for isa in ("AVX2", "SSE41"):
            out = self.folder / f"{isa}.npz"
            ran = subprocess.run(
                [MASS, "run", str(self.plan), "--inputs", str(INPUTS), "--output", str(out)], capture_output=True,
                text=True, timeout=300, env={**os.environ, "ONEDNN_MAX_CPU_ISA": isa})
            self.assertEqual(ran.returncode, 0, ran.stderr)
            np.testing.assert_allclose(np.load(out)["probabilities"], self.expected, rtol=1e-3, atol=1e-4)

    def test_run_on_arrays_and_protobufs(self):
        np.save(self.folder / "x.npy", np.asfortranarray(self.images))
        np.savez_compressed(self.folder / "x.npz", image=self.images, **{"#label": "a remark"})
        data = self.folder / "data"
        data.mkdir()
        (data / "input_0.pb").write_bytes(tensor_proto(self.images))
        ways = [("--input", f"image={self.folder}/x.npy"), ("--inputs", self.folder / "x.npz"), ("--input-dir", data)]
        for way in ways:
            output = self.json("run", self.plan, *way)["outputs"][0]
            self.assertEqual((output["name"], output["type"], output["shape"]), ("probabilities", "f32", [5, 10]))
            np.testing.assert_allclose(output["first"], self.expected.flat[:8], rtol=1e-3, atol=1e-5)
            self.assertAlmostEqual(output["max"], float(self.expected.max()), places=4)

    def test_run_on_pictures(self):
        for digit in (0, 2, 5, 7, 8):
            picture = MODELS / f"pictures/digit-{digit}.png"
            report = self.json("run", self.plan, "--input", f"image={picture}", "--top", 2, "--labels", LABELS)
            first, second = report["top"][0]["classes"]
            self.assertEqual((first["index"], first["label"]), (digit, str(digit)))
            self.assertGreater(first["score"], second["score"])
        self.assertRegex(
            self.succeed("run", self.plan, "--input", f"image={picture}", "--top", 1, "--labels", LABELS), r"\n0\.9\d+  8  8")

    def test_run_refuses(self):
        wrong = self.folder / "wrong.npy"
        np.save(wrong, np.zeros((1, 1, 32, 32)))
        small = self.folder / "small.npy"
        np.save(small, np.zeros((1, 1, 31, 32), np.float32))
        labels = self.folder / "labels.txt"
        labels.write_text("one\n")
        plan, image = self.plan, f"image={MODELS}/pictures/digit-2.png"
        self.fail(1, "input 'image': expected f32.*got f64", "run", plan, "--input", f"image={wrong}")
        self.fail(1, "input 'image': expected f32.*got f32.1x1x31x32", "run", plan, "--input", f"image={small}")
        self.fail(1, "no input 'x'; the model's inputs are 'image'", "run", plan, "--input", f"x={small}")
        self.fail(1, "input 'image' is missing", "run", plan)
        self.fail(1, "none.npy: No such file", "run", plan, "--input", "image=none.npy")
        self.fail(1, "expected 10 labels.*got 1", "run", plan, "--input", image, "--top", 1, "--labels", labels)
        self.fail(1, "No such file", "run", self.folder / "none.plan")
        self.fail(64, "--labels: expected --top", "run", plan, "--labels", labels)
        truncated = self.folder / "truncated.plan"
        truncated.write_bytes(plan.read_bytes()[:5000])
        self.fail(1, "truncated", "run", truncated)

    def test_bench(self):
        for file in (self.plan, MODEL):
            report = self.json("bench", file, "--threads", 1, "--duration", 0.1, "--warmup", 0)
            keys = ["model", "plan_bytes", "threads", "precision", "load_ms", "first_run_ms", "latency_ms", "runs", "peak_rss_mb"]
            self.assertEqual(list(report), keys)
            self.assertEqual((report["model"], report["threads"], report["precision"]), (str(file), 1, "f32"))
            self.assertGreater(report["plan_bytes"], 80_000)
            latency = report["latency_ms"]
            self.assertEqual(list(latency), ["min", "median", "p90", "p99", "mean"])
            self.assertLessEqual(latency["min"], latency["median"])
            self.assertGreaterEqual(report["runs"], 3)
        self.assertEqual(list(pathlib.Path(tempfile.gettempdir()).glob("mass-bench-*")), [])
        self.fail(1, "image", "bench", self.plan, "--shape", "image=1x2x32x32")

    def test_profile(self):
        trace = self.folder / "trace.json"
        report = self.json("profile", self.plan, "--inputs", INPUTS, "--runs", 2, "--warmup", 0, "--chrome", trace)
        self.assertEqual(report["runs"], 2)
        self.assertAlmostEqual(sum(step["share"] for step in report["steps"]), 1, places=6)
        product = next(step for step in report["steps"] if step["operator"] == "MatMul")
        self.assertEqual(product["origins"][0], "dense")
        flops = product["gflops"] * product["us"] * 1e3
        self.assertAlmostEqual(flops, 2 * 5 * 2048 * 10, delta=1)
        events = json.loads(trace.read_text())["traceEvents"]
        self.assertEqual(len(events), len(report["steps"]))
        self.assertIn("dense", self.succeed("profile", self.plan, "--runs", 1))

    def test_inspect(self):
        report = self.json("inspect", self.plan, "--shape", "image=5x1x32x32")
        self.assertEqual(report["outputs"], [{"name": "probabilities", "type": "f32", "shape": ["N", 10]}])
        self.assertEqual(report["steps"][-1]["operator"], "Softmax")
        self.assertGreater(report["memory"]["arena_bytes"], 0)
        self.assertIn("fuse-activation", [record["name"] for record in report["passes"]])
        self.assertTrue(self.succeed("inspect", self.plan, "--text").startswith("graph digits {"))
        self.assertIn("probabilities: f32[Nx10]", self.succeed("inspect", MODEL))

    def test_verify(self):
        suite = self.folder / "suite"
        for name, wanted in (("good", self.expected), ("bad", self.expected + 1), ("shape", self.expected[:1])):
            data = suite / name / "test_data_set_0"
            data.mkdir(parents=True)
            shutil.copy(MODEL, suite / name / "model.onnx")
            (data / "input_0.pb").write_bytes(tensor_proto(self.images))
            (data / "output_0.pb").write_bytes(tensor_proto(wanted))
        (suite / "unknown").mkdir()
        (suite / "unknown/model.onnx").write_bytes(MODEL.read_bytes().replace(b"Softmax", b"Softmux"))
        ran = mass("verify", suite, "--atol", 1e-5, "--json")
        self.assertEqual(ran.returncode, 1)
        report = json.loads(ran.stdout)
        self.assertEqual((report["passed"], report["failed"], report["unsupported"]), (1, 2, 1))
        status = {test["name"]: test["status"] for test in report["tests"]}
        self.assertEqual(status, {"good": "passed", "bad": "failed", "shape": "failed", "unknown": "unsupported"})
        self.assertIn("50 of 50 elements differ", next(t["reason"] for t in report["tests"] if t["name"] == "bad"))
        report = self.json("verify", suite / "good", suite / "unknown", "--atol", 1e-5)
        self.assertEqual([test["name"] for test in report["tests"]], ["good", "unknown"])
        self.assertEqual(self.json("verify", suite, "--filter", "^go", "--atol", 1e-5)["passed"], 1)
        self.fail(64, "--filter", "verify", suite, "--filter", "(")
        self.fail(1, "nowhere", "verify", self.folder / "nowhere")

    def test_exports_of_pytorch(self):
        """Attention as both exporters spell it, against PyTorch's own results."""
        report = self.json("verify", ROOT / "Tests/Fixtures/exports", "--rtol", 1e-4, "--atol", 1e-5)
        self.assertEqual((report["passed"], len(report["tests"])), (8, 8))

    def test_interrupting_compile_leaves_nothing(self):
        folder = self.folder / "interrupted"
        folder.mkdir()
        for delay in (0.002, 0.005, 0.01, 0.02, 0.03, 0.05):
            process = subprocess.Popen([MASS, "compile", MODEL, "-o", folder / "x.plan", "--quiet"])
            time.sleep(delay)
            process.send_signal(signal.SIGINT)
            status = process.wait()
            left = [path.name for path in folder.iterdir()]
            self.assertIn((status, left), [(-signal.SIGINT, []), (0, ["x.plan"]), (-signal.SIGINT, ["x.plan"])])
            with contextlib.suppress(FileNotFoundError):
                (folder / "x.plan").unlink()


if __name__ == "__main__":
    unittest.main()
