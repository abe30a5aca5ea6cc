"""Holds documents against what is published: the JSON schemas of Kubernetes, and the types of KServe's SDK, which are
generated from its custom resources. A member that they do not know is a problem."""
import ast
import functools
import importlib.util
import json
import pathlib
import re

import jsonschema
import referencing

# The oldest and the newest release that manifests are for.
KUBERNETES = ("1.30", "1.37")
KSERVE = {
    "serving.kserve.io/v1alpha1 ClusterServingRuntime": "V1alpha1ClusterServingRuntime",
    "serving.kserve.io/v1beta1 InferenceService": "V1beta1InferenceService",
}
# Types of Kubernetes that the SDK names otherwise than its own schemas do.
RENAMED = {"K8sIoApiAppsV1DeploymentStrategy": "deploymentstrategy-apps-v1"}
QUANTITY = re.compile(r"[+-]?\d+(\.\d*)?([KMGTPE]i|[munkMGTPE]|[eE][+-]?\d+)?")


def package(name: str) -> pathlib.Path:
    """The folder of an installed package, which is not imported."""
    return pathlib.Path(next(iter(importlib.util.find_spec(name).submodule_search_locations)))


@functools.cache
def kubernetes_validator(name: str, release: str):
    folder = package("kubernetes_validate") / "kubernetes-json-schema" / f"v{release}.0-local-strict"
    if not (folder / f"{name}.json").exists():
        return None
    contents = [json.loads((folder / f"{file}.json").read_text()) for file in (name, "_definitions")]
    registry = referencing.Registry()
    for content in contents:
        registry = referencing.Resource.from_contents(content) @ registry
    return jsonschema.Draft202012Validator(contents[0], registry=registry)


def kubernetes_problems(data, name: str, place: str):
    for release in KUBERNETES:
        validator = kubernetes_validator(name, release)
        if validator is None:
            yield f"{place}: Kubernetes {release} has no type {name}"
            continue
        for error in validator.iter_errors(data):
            yield f"{place}{error.json_path[1:]}: {error.message[:200]} (Kubernetes {release})"


@functools.cache
def kserve_types() -> dict:
    """By name of a type, its members as JSON name to type, and the names of those that it must have."""
    types = {}
    for file in (package("kserve") / "models").glob("v1*.py"):
        for node in ast.parse(file.read_text()).body:
            if isinstance(node, ast.ClassDef):
                types[node.name] = kserve_type(node)
    return types


def kserve_type(node: ast.ClassDef):
    tables, required = {}, set()
    for part in node.body:
        if isinstance(part, ast.Assign):
            tables[part.targets[0].id] = ast.literal_eval(part.value)
        if isinstance(part, ast.FunctionDef) and part.name == "__init__":
            # Members that may be missing are assigned under a condition.
            values = [step.value for step in part.body if isinstance(step, ast.Assign)]
            required = {value.id for value in values if isinstance(value, ast.Name)}
    names = tables["attribute_map"]
    members = {names[name]: kind for name, kind in tables["openapi_types"].items()}
    return members, {names[name] for name in required if name in names}


def kserve_problems(data, kind: str, place: str):
    if found := re.fullmatch(r"list\[(.+)\]", kind):
        if not isinstance(data, list):
            yield f"{place}: expected a list"
            return
        for i, element in enumerate(data):
            yield from kserve_problems(element, found[1], f"{place}[{i}]")
    elif found := re.fullmatch(r"dict\(str, (.+)\)", kind):
        if not isinstance(data, dict):
            yield f"{place}: expected an object"
            return
        for key, value in data.items():
            yield from kserve_problems(value, found[1], f"{place}.{key}")
    elif kind in kserve_types():
        yield from kserve_object_problems(data, kind, place)
    elif kind in ("ResourceQuantity", "V1beta1MetricQuantity"):
        if not QUANTITY.fullmatch(str(data)):
            yield f"{place}: {data!r} is no quantity"
    elif kind in ("str", "int", "bool", "float"):
        if type(data).__name__ != kind:
            yield f"{place}: expected {kind}, got {data!r}"
    elif kind in RENAMED:
        yield from kubernetes_problems(data, RENAMED[kind], place)
    elif kind == "V1ObjectMeta":
        yield from kubernetes_problems(data, "objectmeta-meta-v1", place)
    elif kind.startswith("V1"):
        yield from kubernetes_problems(data, f"{kind.removeprefix('V1').lower()}-v1", place)
    else:
        yield f"{place}: its type {kind} is not known here"


def kserve_object_problems(data, kind: str, place: str):
    members, required = kserve_types()[kind]
    if not isinstance(data, dict):
        yield f"{place}: expected an object"
        return
    for name in sorted(required - data.keys()):
        yield f"{place}: '{name}' is missing"
    for name, value in data.items():
        if name not in members:
            yield f"{place}.{name}: {kind} has no such member"
        else:
            yield from kserve_problems(value, members[name], f"{place}.{name}")


def problems(data: dict):
    """What is wrong with one document, as far as its own schema says."""
    place = f"{data.get('kind')} {data.get('metadata', {}).get('name')}"
    kind = KSERVE.get(f"{data.get('apiVersion')} {data.get('kind')}")
    if kind:
        yield from kserve_problems(data, kind, place)
        return
    group, _, version = str(data.get("apiVersion")).rpartition("/")
    parts = [str(data.get("kind")).lower(), group.split(".")[0], version]
    yield from kubernetes_problems(data, "-".join(part for part in parts if part), place)
