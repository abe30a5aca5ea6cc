"""The documents in deploy/, as they lie there."""
import copy
import json
import os
import pathlib

import yaml

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
DEPLOY = ROOT / "deploy"
MASS = os.environ.get("MASS") or str(ROOT / ".build/release/mass")
# Examples that are no objects of a cluster.
PLAIN = ("prometheus-adapter.yaml", "prometheus-scrape.yaml")


class Loader(yaml.SafeLoader):
    """Refuses what YAML lets pass in silence: a key that stands twice."""

    def construct_mapping(self, node, deep=False):
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        twice = {str(key) for key in keys if keys.count(key) > 1}
        if twice:
            raise yaml.constructor.ConstructorError(None, None, f"twice: {', '.join(twice)}", node.start_mark)
        return super().construct_mapping(node, deep)


def read(path: pathlib.Path) -> list:
    return [document for document in yaml.load_all(path.read_text(), Loader) if document is not None]


class Manifests:
    """Every object in deploy/kubernetes and deploy/kserve, examples included."""

    def __init__(self, documents=None):
        if documents is None:
            files = sorted((DEPLOY / "kubernetes").rglob("*.yaml")) + sorted((DEPLOY / "kserve").rglob("*.yaml"))
            documents = [document for file in files if file.name not in PLAIN for document in read(file)]
        self.documents = documents

    def copy(self) -> "Manifests":
        return Manifests(copy.deepcopy(self.documents))

    def all(self, kind: str) -> list:
        return [document for document in self.documents if document.get("kind") == kind]

    def one(self, kind: str, name: str = None) -> dict:
        found = [document for document in self.all(kind) if name in (None, document["metadata"]["name"])]
        assert len(found) == 1, f"{len(found)} objects {kind} {name or ''}"
        return found[0]

    @property
    def deployment(self) -> dict:
        return self.one("Deployment")

    @property
    def pod(self) -> dict:
        return self.deployment["spec"]["template"]["spec"]

    @property
    def container(self) -> dict:
        return self.pod["containers"][0]

    @property
    def runtime(self) -> dict:
        return self.one("ClusterServingRuntime")

    @property
    def runtime_container(self) -> dict:
        return self.runtime["spec"]["containers"][0]

    @property
    def configuration(self) -> dict:
        """What the server reads as its configuration."""
        return json.loads(self.one("ConfigMap")["data"]["server.json"])


def options(args: list) -> dict:
    """The options of a command line by name; `--name value` and `--name=value`."""
    found, name = {}, None
    for argument in args:
        if argument.startswith("--"):
            name, _, value = argument.partition("=")
            found[name] = value
        elif name:
            found[name] = argument
    return found
