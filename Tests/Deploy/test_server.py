"""The options, the configurations and the probes in deploy/, against the program itself."""
import json
import pathlib
import re
import shutil
import tempfile
import unittest

import manifests
from manifests import DEPLOY, Manifests, options
from programs import MODEL, get, has_keys, known_options, knows, make_key, make_repository, mass, serving

IMAGE = {"inputs": [{"name": "image", "shape": [1, 1, 32, 32], "datatype": "FP32", "data": [0.5] * 1024}]}


class InAFolder(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="mass-deploy-"))
        self.addCleanup(shutil.rmtree, self.folder)

    def path(self, name: str) -> str:
        """A path of a container or a machine, below the folder of the test."""
        path = self.folder / name.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        return str(path)


class Options(unittest.TestCase):
    def test_the_program_has_every_option_that_is_used(self):
        m = Manifests()
        lines = [m.container["args"], m.runtime_container["args"]]
        unit = (DEPLOY / "mass.service").read_text()
        lines += [command.split() for command in re.findall(r"^Exec\w+=/usr/local/bin/mass (.*)", unit, re.MULTILINE)]
        for line in lines:
            self.assertEqual(line[0], "serve")
            self.assertEqual(options(line).keys() - known_options(), set(), line)
        self.assertTrue(has_keys(), "the program makes no keys")

    @unittest.skipUnless(has_keys(), "this program makes no keys")
    def test_the_example_of_keys_can_be_read(self):
        (text,) = Manifests().one("Secret")["stringData"].values()
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            file.write(text)
            file.flush()
            ran = mass("key", "list", "--access", file.name)
        self.assertEqual(ran.returncode, 0, ran.stderr)
        self.assertIn("example-client", ran.stdout)


@unittest.skipUnless(has_keys() and knows("--config", "--check"), "this program has no keys or no configuration")
class Configurations(InAFolder):
    def moved(self, configuration: dict) -> pathlib.Path:
        """A configuration with its files in the folder of the test, where they are made."""
        moved = {**configuration, "http_port": 0, "grpc_port": 0}
        for member in ("repository", "plan_cache", "access", "audit_log"):
            if member in moved:
                moved[member] = self.path(moved[member])
        make_repository(pathlib.Path(moved["repository"]))
        self.key = self.mount_keys(pathlib.Path(moved["access"]))
        file = self.folder / "server.json"
        file.write_text(json.dumps(moved))
        return file

    def mount_keys(self, path: pathlib.Path) -> str:
        """A new key in an access file that is mounted as a cluster does: a link, and nobody may write it."""
        behind = path.with_name("..data") / path.name
        behind.parent.mkdir(parents=True)
        key = make_key(behind, "predictor", "reader")
        behind.chmod(0o440)
        path.symlink_to(behind)
        return key

    def each(self):
        yield "ConfigMap", Manifests().configuration
        yield "server.json", json.loads((DEPLOY / "server.json").read_text())

    def test_they_are_accepted(self):
        for name, configuration in self.each():
            with self.subTest(name):
                ran = mass("serve", "--check", "--config", self.moved(configuration))
                self.assertEqual(ran.returncode, 0, ran.stdout + ran.stderr)
                shutil.rmtree(self.folder)
                self.folder.mkdir()

    def test_a_member_that_does_not_exist_is_refused(self):
        file = self.moved(Manifests().configuration)
        file.write_text(file.read_text().replace("drain_seconds", "drain_second"))
        ran = mass("serve", "--check", "--config", file)
        self.assertEqual(ran.returncode, 1)
        self.assertIn("drain_seconds", ran.stdout + ran.stderr)

    def test_a_server_of_the_config_map_answers_probes_and_keys(self):
        arguments = ["serve", "--config", self.moved(Manifests().configuration), "--drain-seconds", 0]
        with serving(arguments, self.folder) as url:
            for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
                self.assertEqual(get(url + Manifests().container[probe]["httpGet"]["path"])[0], 200)
            self.assertEqual(get(f"{url}/v2/models/digits/infer", body=IMAGE)[0], 401)
            self.assertEqual(get(f"{url}/v2/models/digits/infer", self.key, IMAGE)[0], 200)


class Probes(InAFolder):
    def test_their_paths_and_the_metric_exist(self):
        repository = make_repository(self.folder / "repository")
        ports = ["--http-port", 0, "--grpc-port", 0]
        arguments = ["serve", "--repository", repository, *ports, "--cache", self.folder / "plans"]
        (adapter,) = manifests.read(DEPLOY / "kubernetes/examples/prometheus-adapter.yaml")
        series = adapter["rules"]["custom"][0]["seriesQuery"].partition("{")[0]
        queries = [series]
        for service in Manifests().all("InferenceService"):
            for metric in service["spec"]["predictor"].get("autoScaling", {}).get("metrics", []):
                queries += re.findall(r"(\w+)\{", metric["external"]["metric"]["query"])
        self.assertEqual(len(queries), 2)
        with serving(arguments, self.folder) as url:
            for container in (Manifests().container, Manifests().runtime_container):
                for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
                    self.assertEqual(get(url + container[probe]["httpGet"]["path"])[0], 200)
            metrics = get(f"{url}/metrics")[1]
            for name in queries:
                self.assertRegex(metrics, rf'(?m)^{name}\{{.*model="digits".*\}} \d')


@unittest.skipUnless(has_keys() and knows("--model", "--access"), "this program has no keys or no single models")
class Runtime(InAFolder):
    """The arguments of the ClusterServingRuntime, on what storageUri may point at."""

    LAYOUTS = {
        "a model file": "model.onnx",
        "a model file with a name of its own": "mnist-12.onnx",
        "versions": "1/model.onnx",
        "a model with versions": "mnist/1/model.onnx",
        "a model folder": "mnist/model.onnx",
    }

    def setUp(self):
        super().setUp()
        self.key = make_key(self.folder / "access.json", "predictor", "reader")

    def arguments(self, models) -> list:
        values = {
            "--model": f"digits={models}", "--access": self.folder / "access.json", "--cache": self.folder / "plans",
            "--host": "0.0.0.0", "--http-port": 0, "--grpc-port": 0, "--drain-seconds": 0,
        }
        written = options(Manifests().runtime_container["args"])
        self.assertEqual(written.keys(), values.keys())
        return ["serve", *(f"{name}={values[name]}" for name in written)]

    def test_every_layout_is_served_under_the_service_s_name(self):
        for number, (name, file) in enumerate(self.LAYOUTS.items()):
            with self.subTest(name):
                models = self.folder / f"models{number}"
                (models / file).parent.mkdir(parents=True)
                shutil.copy(MODEL, models / file)
                with serving(self.arguments(models), self.folder) as url:
                    self.assertEqual(get(f"{url}/v2/health/ready")[0], 200)
                    self.assertEqual(get(f"{url}/v2/models/digits/infer", self.key, IMAGE)[0], 200)
                    self.assertEqual(get(f"{url}/v1/models/digits", self.key)[0], 200)
                left = [path.name for path in models.rglob("*") if path.is_file()]
                self.assertEqual(left, [pathlib.Path(file).name], "nothing is written beside the model")

    def test_a_folder_of_several_models_is_refused_with_the_remedy(self):
        models = make_repository(self.folder / "models")
        shutil.copytree(models / "digits", models / "other")
        ran = mass(*self.arguments(models))
        self.assertNotEqual(ran.returncode, 0)
        self.assertRegex(ran.stderr, "digits.*other.*--repository")


if __name__ == "__main__":
    unittest.main()
