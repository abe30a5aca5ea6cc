"""Batches, warm-up and models that leave the memory, as clients meet them: answers are those that single requests get."""
import concurrent.futures
import json
import pathlib
import re
import time
import unittest

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto

import make_models
from harness import ROOT, SLOW_SECONDS, ServingCase, binary, encode, serving

FLOAT, INT64 = TensorProto.FLOAT, TensorProto.INT64
REAL = ROOT.parent / "shared/models/real"


def network(width=64, seed=7):
    """Two layers and a softmax over rows of 16 numbers."""
    node, random = make_models.node, np.random.default_rng(seed)
    first = random.standard_normal((16, width)).astype(np.float32) / 4
    second = random.standard_normal((width, 10)).astype(np.float32) / 8
    nodes = [
        node("MatMul", ["x", "w1"], ["h"]), node("Relu", ["h"], ["r"]), node("MatMul", ["r", "w2"], ["z"]),
        node("Softmax", ["z"], ["y"], axis=-1)]
    return make_models.model(
        nodes, [("x", FLOAT, ["N", 16])], [("y", FLOAT, ["N", 10])], [("w1", first), ("w2", second)])


def text():
    """The mean of the vectors of tokens, of sequences of any length."""
    node, random = make_models.node, np.random.default_rng(3)
    table = random.standard_normal((100, 8)).astype(np.float32)
    nodes = [
        node("Gather", ["table", "input_ids"], ["vectors"]),
        node("ReduceMean", ["vectors"], ["y"], axes=[1], keepdims=0)]
    return make_models.model(nodes, [("input_ids", INT64, ["N", "S"])], [("y", FLOAT, ["N", 8])], [("table", table)])


def pointwise(depth):
    """A convolution of single points with so many channels."""
    weights = np.random.default_rng(5).standard_normal((1000, depth, 1, 1)).astype(np.float32)
    return make_models.model(
        [make_models.node("Conv", ["x", "w"], ["y"])], [("x", FLOAT, ["N", depth, 1, 1])],
        [("y", FLOAT, ["N", 1000, 1, 1])], [("w", weights)])


def ranking():
    """A softmax over the rows: an answer depends on the other rows."""
    return make_models.model(
        [make_models.node("Softmax", ["x"], ["y"], axis=0)], [("x", FLOAT, ["N", 4])], [("y", FLOAT, ["N", 4])])


class BatchingCase(unittest.TestCase):
    succeed, refuse = ServingCase.succeed, ServingCase.refuse

    def serve(self, models, *arguments):
        """A server of models by name, each a pair of an ONNX model and its settings."""
        server = self.enterContext(serving((), *arguments))
        for name, (model, settings) in models.items():
            place = server.repository / name / "1"
            place.mkdir(parents=True)
            onnx.save(model, place / "model.onnx")
            (place.parent / "model.json").write_text(json.dumps(settings))
        for name in models:
            self.succeed(self.load(server, name))
        return server

    def load(self, server, name):
        return server.post(f"/v2/repository/models/{name}/load", timeout=SLOW_SECONDS)

    def ask(self, server, model, name, array):
        answer = self.succeed(server.infer(model, encode([(name, array)], binary("y")), timeout=SLOW_SECONDS))
        return answer.outputs()["y"]

    def batches(self, server, model):
        """How often so many rows ran together, by rows."""
        statistics = self.succeed(server.get(f"/v2/models/{model}/stats")).json()["model_stats"][0]
        return {int(batch["batch_size"]): int(batch["compute_infer"]["count"]) for batch in statistics["batch_stats"]}


class Batches(BatchingCase):
    SETTINGS = {"threads": 1, "instances": 2, "batching": {"max_size": 8, "max_delay_ms": 20}}

    def test_answers_are_those_of_single_requests_to_the_bit(self):
        model, single = network(), {"threads": 1}
        exact = {**self.SETTINGS, "batching": {**self.SETTINGS["batching"], "exact": True}}
        server = self.serve({"batched": (model, exact), "single": (model, single)})
        random = np.random.default_rng(1)
        inputs = [random.standard_normal((1 + i % 3, 16)).astype(np.float32) for i in range(240)]
        with concurrent.futures.ThreadPoolExecutor(24) as pool:
            answers = list(pool.map(lambda array: self.ask(server, "batched", "x", array), inputs))
        oracle = onnxruntime.InferenceSession(model.SerializeToString())
        for array, answer in zip(inputs, answers):
            self.assertEqual(answer.tobytes(), self.ask(server, "single", "x", array).tobytes())
            np.testing.assert_allclose(answer, oracle.run(None, {"x": array})[0], atol=1e-6)
        batches = self.batches(server, "batched")
        self.assertGreater(max(batches), 3, batches)
        self.assertLessEqual(max(batches), 8, batches)
        self.assertEqual(sum(rows * count for rows, count in batches.items()), sum(map(len, inputs)))

    def test_what_differs_from_single_requests_is_refused_where_the_bits_matter(self):
        """Which sums differ between one row and several is the processor's and the kernels' affair."""
        models = {f"point{depth}": (pointwise(depth), {"threads": 1}) for depth in (16, 512, 2048)}
        server = self.serve(models)
        rules = {"threads": 1, "batching": {"max_size": 8, "exact": True}}
        for name, (model, _) in models.items():
            shape = [extent.dim_value for extent in model.graph.input[0].type.tensor_type.shape.dim][1:]
            rows = np.random.default_rng(1).standard_normal((8, *shape)).astype(np.float32)
            together = self.ask(server, name, "x", rows)
            alone = np.concatenate([self.ask(server, name, "x", row[None]) for row in rows])
            np.testing.assert_allclose(together, alone, atol=1e-3)
            (server.repository / name / "model.json").write_text(json.dumps(rules))
            with self.subTest(name, differs=together.tobytes() != alone.tobytes()):
                if together.tobytes() == alone.tobytes():
                    self.succeed(self.load(server, name))
                else:
                    self.refuse(self.load(server, name), 400, "batching.exact: .* other bits than each alone")
                    self.ask(server, name, "x", rows)

    def test_lengths_do_not_mix(self):
        model = text()
        server = self.serve({"text": (model, self.SETTINGS)})
        random = np.random.default_rng(2)
        inputs = [random.integers(0, 100, (1, 1 + i % 5)) for i in range(200)]
        with concurrent.futures.ThreadPoolExecutor(24) as pool:
            answers = list(pool.map(lambda array: self.ask(server, "text", "input_ids", array), inputs))
        oracle = onnxruntime.InferenceSession(model.SerializeToString())
        for array, answer in zip(inputs, answers):
            np.testing.assert_allclose(answer, oracle.run(None, {"input_ids": array})[0], atol=1e-6)

    def test_a_bad_request_harms_no_other_of_its_batch(self):
        server = self.serve({"text": (text(), {**self.SETTINGS, "instances": 1})})
        inputs = [np.full((1, 4), 1000 if i % 10 == 3 else i % 100) for i in range(100)]
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            answers = list(pool.map(lambda array: server.infer("text", encode([("input_ids", array)], binary("y"))), inputs))
        for array, answer in zip(inputs, answers):
            if array[0, 0] == 1000:
                self.refuse(answer, 400, "Gather")
            else:
                self.succeed(answer)

    def test_metrics_show_the_sizes(self):
        server = self.serve({"batched": (network(), self.SETTINGS)})
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda _: self.ask(server, "batched", "x", np.ones((1, 16), np.float32)), range(64)))
        metrics = server.get("/metrics").body.decode()
        executions = int(re.search(r'nv_inference_exec_count{model="batched",version="1"} (\d+)', metrics)[1])
        rows = int(re.search(r'nv_inference_count{model="batched",version="1"} (\d+)', metrics)[1])
        self.assertEqual(rows, 64)
        self.assertLess(executions, 64)

    def test_models_that_mix_rows_are_refused_and_what_serves_goes_on(self):
        server = self.serve({"ranking": (ranking(), {"threads": 1})})
        settings = server.repository / "ranking/model.json"
        settings.write_text(json.dumps(self.SETTINGS))
        self.refuse(self.load(server, "ranking"), 400, "batching: .*Softmax.*rows")
        self.ask(server, "ranking", "x", np.ones((2, 4), np.float32))
        settings.write_text(json.dumps({"batching": {"max_size": 1}}))
        self.refuse(self.load(server, "ranking"), 400, "batching.max_size: expected a number from 2")
        settings.write_text(json.dumps({"batching": {"max_size": 8, "max_dely_ms": 2}}))
        self.refuse(self.load(server, "ranking"), 400, "did you mean 'max_delay_ms'")

    @unittest.skipUnless(REAL.is_dir(), "needs the real models that lie beside the checkout")
    def test_real_models(self):
        """Those that can be proven are batched and answer as they do alone; the others say which node stands in the way."""
        proven, refused = [], []
        for path in sorted(REAL.glob("*.onnx")):
            inputs = path.with_suffix(".inputs.npz")
            if not inputs.is_file() or path.stat().st_size > 40 << 20:
                continue
            arrays = dict(np.load(inputs))
            model = onnx.load(path)
            names = [value.name for value in model.graph.input
                     if value.name not in {weight.name for weight in model.graph.initializer}]
            if set(names) != set(arrays) or any(array.ndim == 0 or array.dtype == object for array in arrays.values()):
                continue
            (proven if self.check_real(path, arrays) else refused).append(path.stem)
        print(f"\n  batched: {', '.join(proven)}\n  not proven: {', '.join(refused)}")
        self.assertGreater(len(proven), 2, (proven, refused))

    def check_real(self, path, arrays):
        server = self.enterContext(serving(()))
        place = server.repository / "model" / "1"
        place.mkdir(parents=True)
        (place / "model.onnx").write_bytes(path.read_bytes())
        shapes = {name: list(array.shape) for name, array in arrays.items() if 0 not in array.shape}
        settings = {"threads": 1, "shapes": shapes}
        (place.parent / "model.json").write_text(json.dumps(settings))
        if self.load(server, "model").status != 200:
            return False
        request = encode(list(arrays.items()))
        first = server.infer("model", request, timeout=SLOW_SECONDS)
        if first.status != 200:
            return False
        (place.parent / "model.json").write_text(
            json.dumps({**settings, "batching": {"max_size": 4, "max_delay_ms": 20}}))
        answer = self.load(server, "model")
        if answer.status != 200:
            self.assertRegex(answer.error(), "batching|warm_up")
            server.kill()
            return False
        rows = len(next(iter(arrays.values())))
        single = first.outputs()
        with concurrent.futures.ThreadPoolExecutor(6) as pool:
            answers = list(pool.map(lambda _: server.infer("model", request, timeout=SLOW_SECONDS), range(12)))
        for answer in answers:
            for name, array in self.succeed(answer).outputs().items():
                self.assertEqual(array.shape, single[name].shape, path)
                if array.dtype.kind == "f":
                    np.testing.assert_allclose(array, single[name], rtol=1e-3, atol=1e-4, err_msg=str(path))
        if rows <= 2:
            self.assertGreater(max(self.batches(server, "model")), rows, path)
        server.kill()
        return True


class WarmUp(BatchingCase):
    def test_versions_are_warm_when_they_are_ready_and_statistics_do_not_count_that(self):
        server = self.serve({"text": (text(), {"threads": 1, "warm_up": {"runs": 3, "shapes": [{"input_ids": [2, 5]}]}})})
        statistics = self.succeed(server.get("/v2/models/text/stats")).json()["model_stats"][0]
        self.assertEqual(int(statistics["execution_count"]), 0)
        self.assertEqual(self.ask(server, "text", "input_ids", np.ones((2, 5), np.int64)).shape, (2, 8))

    def test_inputs_that_nobody_asked_for_refuse_no_model(self):
        """Made-up tokens go beyond a vocabulary of four; only who asks for a warm-up is told."""
        node = make_models.node
        model = make_models.model(
            [node("Gather", ["table", "input_ids"], ["y"])], [("input_ids", INT64, [1, 8])], [("y", FLOAT, [1, 8, 2])],
            [("table", np.ones((4, 2), np.float32))])
        server = self.serve({"letters": (model, {"threads": 1})})
        self.assertEqual(self.ask(server, "letters", "input_ids", np.full((1, 8), 3)).shape, (1, 8, 2))
        (server.repository / "letters/model.json").write_text(json.dumps({"threads": 1, "warm_up": {"runs": 1}}))
        self.refuse(self.load(server, "letters"), 400, "Gather")
        self.ask(server, "letters", "input_ids", np.full((1, 8), 3))

    def test_shapes_that_cannot_be_are_refused(self):
        server = self.serve({"text": (text(), {"threads": 1})})
        settings = server.repository / "text/model.json"
        for shapes, message in (
                ([{"input_ids": [2]}], "input_ids"), ([{"ids": [2, 3]}], "no input 'ids'"), ([{}], "not known"),
                ({"input_ids": [1, 2]}, "a list of objects"), ([{"input_ids": [0, 1]}], "at least 1")):
            settings.write_text(json.dumps({"warm_up": {"shapes": shapes}}))
            self.refuse(self.load(server, "text"), 400, f"warm_up.*{message}")
        self.ask(server, "text", "input_ids", np.ones((2, 5), np.int64))


class Idle(BatchingCase):
    def test_a_model_nobody_asks_leaves_and_comes_back_for_the_next_request(self):
        weights = np.zeros((2048, 4096), np.float32)
        weights[0, 0] = 3
        model = make_models.model(
            [make_models.node("MatMul", ["x", "w"], ["y"])], [("x", FLOAT, ["N", 2048])], [("y", FLOAT, ["N", 4096])],
            [("w", weights)])
        server = self.serve({"big": (model, {"threads": 1, "unload_after_s": 3}), "small": (network(), {"threads": 1})})
        x = np.zeros((1, 2048), np.float32)
        x[0, 0] = 2
        self.assertEqual(self.ask(server, "big", "x", x)[0, 0], 6)
        for _ in range(2):
            loaded = self.resident(server)
            # Not by the event: on a busy machine it may have left, and come back, before it was asked.
            end = time.monotonic() + SLOW_SECONDS
            while self.resident(server) > loaded - (20 << 20):
                self.assertLess(time.monotonic(), end, "it did not leave the memory")
                time.sleep(0.1)
            self.assertTrue([event for event in server.events if event["event"] == "idle"])
            self.succeed(server.get("/v2/models/big/ready"))
            self.succeed(server.get("/v2/models/big"))
            with concurrent.futures.ThreadPoolExecutor(8) as pool:
                answers = list(pool.map(lambda _: self.ask(server, "big", "x", x)[0, 0], range(16)))
            self.assertEqual(set(answers), {6})
        self.assertEqual(int(self.succeed(server.get("/v2/models/big/stats")).json()["model_stats"][0]["inference_count"]), 33)

    def test_a_model_that_is_asked_stays(self):
        server = self.serve({"network": (network(), {"threads": 1, "unload_after_s": 2})})
        end = time.monotonic() + 4
        while time.monotonic() < end:
            self.ask(server, "network", "x", np.ones((1, 16), np.float32))
            time.sleep(0.2)
        self.assertFalse([event for event in server.events if event["event"] == "idle"])

    def test_files_that_changed_meanwhile_do_not_answer_for_those_that_were_loaded(self):
        server = self.serve({"network": (network(seed=1), {"threads": 1, "unload_after_s": 0.5})}, "--watch", "0")
        x = np.ones((1, 16), np.float32)
        before = self.ask(server, "network", "x", x)
        server.wait_for(["idle"], SLOW_SECONDS)
        onnx.save(network(seed=2), server.repository / "network/1/model.onnx")
        self.refuse(server.infer("network", encode([("x", x)], binary("y"))), 503, "changed")
        self.succeed(self.load(server, "network"))
        self.assertNotEqual(self.ask(server, "network", "x", x).tobytes(), before.tobytes())

    def resident(self, server):
        status = pathlib.Path(f"/proc/{server.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) * 1024


if __name__ == "__main__":
    unittest.main()
