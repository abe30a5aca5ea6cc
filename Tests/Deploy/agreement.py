"""What the objects of a cluster must agree on, beyond what schemas can say. Each check yields its problems."""
import ipaddress
import json
import pathlib
import re

from manifests import Manifests, options

# Seconds in which the server ends what it admitted, after it drained.
ENDING_SECONDS = 60
# Seconds that Kubernetes gives a pod to end when nobody says.
DEFAULT_GRACE_SECONDS = 30


def selects(selector: dict, labels: dict) -> bool:
    return bool(selector) and all(labels.get(key) == value for key, value in selector.items())


def labels_and_selectors(m: Manifests):
    labels = m.deployment["spec"]["template"]["metadata"]["labels"]
    selectors = {"Deployment": m.deployment["spec"]["selector"]["matchLabels"]}
    for service in m.all("Service"):
        selectors[f"Service {service['metadata']['name']}"] = service["spec"]["selector"]
    selectors["PodDisruptionBudget"] = m.one("PodDisruptionBudget")["spec"]["selector"]["matchLabels"]
    selectors["NetworkPolicy"] = m.one("NetworkPolicy")["spec"]["podSelector"]["matchLabels"]
    for spread in m.pod["topologySpreadConstraints"]:
        selectors["topologySpreadConstraints"] = spread["labelSelector"]["matchLabels"]
    for name, selector in selectors.items():
        if not selects(selector, labels):
            yield f"{name} selects {selector}, the pods are {labels}"
    for document in m.documents:
        if "namespace" in document["metadata"]:
            yield f"{document['kind']} {document['metadata']['name']} says in which namespace it is to be"


def ports(m: Manifests):
    named = {port["name"]: port["containerPort"] for port in m.container["ports"]}
    for name, member in (("http", "http_port"), ("grpc", "grpc_port")):
        if named.get(name) != m.configuration[member]:
            yield f"port {name} is {named.get(name)}, the server's {member} {m.configuration[member]}"
    used = [("Service", port["targetPort"]) for service in m.all("Service") for port in service["spec"]["ports"]]
    for rule in m.one("NetworkPolicy")["spec"]["ingress"]:
        used += [("NetworkPolicy", port["port"]) for port in rule["ports"]]
    for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
        used.append((probe, m.container[probe]["httpGet"]["port"]))
    for user, port in used:
        if port not in named:
            yield f"{user} names the port {port!r}, the container has {sorted(named)}"
    if ipaddress.ip_address(m.configuration["host"]).is_loopback:
        yield f"the server listens on {m.configuration['host']}, where no other pod reaches it"


def probes(m: Manifests):
    expected = {"startupProbe": "live", "livenessProbe": "live", "readinessProbe": "ready"}
    drains = [(m.container, m.configuration["drain_seconds"]), (m.runtime_container, runtime_drain(m))]
    for container, drain in drains:
        for name, path in expected.items():
            probe = container[name]
            if probe["httpGet"]["path"] != f"/v2/health/{path}":
                yield f"{container['name']}: {name} asks for {probe['httpGet']['path']}"
            if probe["timeoutSeconds"] > probe["periodSeconds"]:
                yield f"{container['name']}: {name} waits longer than its period"
        seconds = {name: container[name]["periodSeconds"] * container[name]["failureThreshold"] for name in expected}
        if seconds["livenessProbe"] < 30:
            yield f"{container['name']}: a server that is busy for {seconds['livenessProbe']} s is killed"
        if seconds["readinessProbe"] > drain:
            noticed = seconds["readinessProbe"]
            yield f"{container['name']}: unready is noticed after {noticed} s, it drains for {drain} s"


def runtime_drain(m: Manifests) -> int:
    return int(options(m.runtime_container["args"])["--drain-seconds"])


def ending(m: Manifests):
    hook = m.container.get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0)
    needed = m.configuration["drain_seconds"] + hook + ENDING_SECONDS
    if m.pod["terminationGracePeriodSeconds"] <= needed:
        yield f"terminationGracePeriodSeconds is {m.pod['terminationGracePeriodSeconds']}, the end takes up to {needed}"
    if runtime_drain(m) >= DEFAULT_GRACE_SECONDS:
        yield f"the runtime drains for {runtime_drain(m)} s, a pod has {DEFAULT_GRACE_SECONDS}"
    for service in m.all("InferenceService"):
        grace = service["spec"]["predictor"]["terminationGracePeriodSeconds"]
        if grace <= runtime_drain(m) + ENDING_SECONDS:
            yield f"InferenceService {service['metadata']['name']}: terminationGracePeriodSeconds is {grace}"


def scaling(m: Manifests):
    scaler, budget = m.one("HorizontalPodAutoscaler")["spec"], m.one("PodDisruptionBudget")["spec"]
    target = {**scaler["scaleTargetRef"], "name": None}
    if target != {"apiVersion": "apps/v1", "kind": "Deployment", "name": None}:
        yield f"the autoscaler scales {scaler['scaleTargetRef']}"
    if scaler["scaleTargetRef"]["name"] != m.deployment["metadata"]["name"]:
        yield f"the autoscaler scales {scaler['scaleTargetRef']['name']}, the Deployment is another"
    if "replicas" in m.deployment["spec"]:
        yield "the Deployment sets replicas, which the autoscaler does too"
    if scaler["maxReplicas"] <= scaler["minReplicas"]:
        yield "the autoscaler has nothing to scale"
    if "minAvailable" in budget or not 0 < budget["maxUnavailable"] < scaler["minReplicas"]:
        yield f"{scaler['minReplicas']} replicas with the budget {budget}: nodes cannot be drained, or nobody serves"
    strategy = m.deployment["spec"]["strategy"]["rollingUpdate"]
    if strategy["maxUnavailable"] != 0 or strategy["maxSurge"] < 1:
        yield f"an update takes replicas away before others are ready: {strategy}"


def volumes(m: Manifests):
    for name, container, volumes in (
        ("Deployment", m.container, m.pod["volumes"]),
        ("ClusterServingRuntime", m.runtime_container, m.runtime["spec"]["volumes"]),
    ):
        mounted = [mount["name"] for mount in container["volumeMounts"]]
        if sorted(mounted) != sorted(volume["name"] for volume in volumes):
            yield f"{name}: mounts {sorted(mounted)}, has {sorted(volume['name'] for volume in volumes)}"
        for volume in volumes:
            yield from (f"{name}: {problem}" for problem in volume_problems(m, volume))
            mount = next((mount for mount in container["volumeMounts"] if mount["name"] == volume["name"]), {})
            if "emptyDir" not in volume and not mount.get("readOnly"):
                yield f"{name}: {volume['name']} is mounted writable"
    if m.pod["serviceAccountName"] != m.one("ServiceAccount")["metadata"]["name"]:
        yield f"no ServiceAccount {m.pod['serviceAccountName']}"


def volume_problems(m: Manifests, volume: dict):
    references = {
        "configMap": ("ConfigMap", "name"), "secret": ("Secret", "secretName"),
        "persistentVolumeClaim": ("PersistentVolumeClaim", "claimName"),
    }
    for member, (kind, key) in references.items():
        if member in volume and not any(o["metadata"]["name"] == volume[member][key] for o in m.all(kind)):
            yield f"no {kind} {volume[member][key]}"
    if "emptyDir" in volume and "sizeLimit" not in volume["emptyDir"]:
        yield f"{volume['name']} has no limit"
    if "persistentVolumeClaim" in volume:
        if m.one("PersistentVolumeClaim")["spec"]["accessModes"] not in (["ReadWriteMany"], ["ReadOnlyMany"]):
            yield f"several replicas mount {volume['name']}"


def source(container: dict, volumes: list, path: str):
    """The volume that a path of a container lies in, and the rest of the path."""
    for mount in container["volumeMounts"]:
        if pathlib.PurePath(path).is_relative_to(mount["mountPath"]):
            volume = next(volume for volume in volumes if volume["name"] == mount["name"])
            return volume, str(pathlib.PurePath(path).relative_to(mount["mountPath"]))
    return {}, path


def paths(m: Manifests):
    def content(container, volumes, path, member, kind, key):
        volume, file = source(container, volumes, path)
        name = volume.get(member, {}).get(key)
        objects = [o for o in m.all(kind) if o["metadata"]["name"] == name]
        if not any(file in {**o.get("data", {}), **o.get("stringData", {})} for o in objects):
            yield f"{container['name']}: {path} is no file of a {kind}"

    config = options(m.container["args"])["--config"]
    yield from content(m.container, m.pod["volumes"], config, "configMap", "ConfigMap", "name")
    runtime, its = m.runtime_container, m.runtime["spec"]["volumes"]
    chosen = options(runtime["args"])
    secret = ("secret", "Secret", "secretName")
    yield from content(m.container, m.pod["volumes"], m.configuration["access"], *secret)
    yield from content(runtime, its, chosen["--access"], *secret)
    for container, volumes, path in (
        (m.container, m.pod["volumes"], m.configuration["plan_cache"]), (runtime, its, chosen["--cache"])
    ):
        if "emptyDir" not in source(container, volumes, path)[0]:
            yield f"{container['name']}: plans are kept in {path}, which is not writable"
    if "persistentVolumeClaim" not in source(m.container, m.pod["volumes"], m.configuration["repository"])[0]:
        yield f"the repository {m.configuration['repository']} is on no volume"


def resources(m: Manifests):
    for container in (m.container, m.runtime_container):
        asked, limits = container["resources"]["requests"], container["resources"]["limits"]
        if asked != limits or not {"cpu", "memory"} <= limits.keys():
            yield f"{container['name']}: not Guaranteed: {container['resources']}"
        if not re.fullmatch(r"[1-9]\d*", str(limits["cpu"])):
            yield f"{container['name']}: {limits['cpu']} is no whole number of processors"
    threads = m.configuration.get("threads", 1) * m.configuration.get("instances", 1)
    if threads > int(m.container["resources"]["limits"]["cpu"]):
        yield f"{threads} threads for {m.container['resources']['limits']['cpu']} processors"


def hardening(m: Manifests):
    wanted = {
        "allowPrivilegeEscalation": False, "privileged": False, "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    pod = m.pod["securityContext"]
    for container, context in (
        (m.container, {**pod, **m.container["securityContext"]}),
        (m.runtime_container, m.runtime_container["securityContext"]),
    ):
        for key, value in {**wanted, "runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}.items():
            if context.get(key) != value:
                yield f"{container['name']}: {key} is {context.get(key)}, not {value}"
    shared = [name for name in ("hostNetwork", "hostPID", "hostIPC") if m.pod.get(name)]
    if m.pod.get("automountServiceAccountToken") is not False or shared:
        yield "the pod has a token, or shares what is the node's"
    policy = m.one("NetworkPolicy")["spec"]
    if set(policy["policyTypes"]) != {"Ingress", "Egress"} or policy["egress"]:
        yield "the policy lets the server open connections"
    if any(not rule.get("from") for rule in policy["ingress"]):
        yield "the policy lets everybody in"


def images(m: Manifests):
    names = {m.container["image"], m.runtime_container["image"]}
    if len(names) != 1:
        yield f"several images: {sorted(names)}"
    for name in names:
        if not re.fullmatch(r"[^:@]+:\d+\.\d+\.\d+", name):
            yield f"{name}: no version of its own"


def secrets(m: Manifests):
    for secret in m.all("Secret"):
        for text in {**secret.get("data", {}), **secret.get("stringData", {})}.values():
            for key in json.loads(text)["keys"]:
                if set(key["sha256"][:-1]) != {"0"} or not key["name"].startswith("example"):
                    yield f"Secret {secret['metadata']['name']}: {key['name']} looks like a real key"


def kserve(m: Manifests):
    spec, container = m.runtime["spec"], m.runtime_container
    chosen = options(container["args"])
    if container["name"] != "kserve-container" or "ports" in container:
        yield "KServe looks for a container named kserve-container, without ports"
    if chosen["--http-port"] != "8080" or spec["annotations"]["prometheus.kserve.io/port"] != chosen["--http-port"]:
        yield "KServe sends requests to port 8080, and scrapes the port that the annotation names"
    if "{{.Name}}=/mnt/models" not in (chosen.get("--model"),):
        yield f"the model is {chosen.get('--model')}"
    for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
        if str(container[probe]["httpGet"]["port"]) != chosen["--http-port"]:
            yield f"{probe} asks another port"
    formats = {format["name"] for format in spec["supportedModelFormats"]}
    for service in m.all("InferenceService"):
        name, model = service["metadata"]["name"], service["spec"]["predictor"]["model"]
        if model["runtime"] != m.runtime["metadata"]["name"] or model["modelFormat"]["name"] not in formats:
            yield f"InferenceService {name}: no such runtime or format"
        if model["protocolVersion"] not in spec["protocolVersions"]:
            yield f"InferenceService {name}: the runtime does not speak {model['protocolVersion']}"
        grpc = [str(port["containerPort"]) for port in model.get("ports", []) if port["name"] == "h2c"]
        if grpc != ([chosen["--grpc-port"]] if model["protocolVersion"].startswith("grpc") else []):
            yield f"InferenceService {name}: gRPC at {grpc}, the server has it at {chosen['--grpc-port']}"


CHECKS = [
    labels_and_selectors, ports, probes, ending, scaling, volumes, paths, resources, hardening, images, secrets, kserve
]


def problems(m: Manifests) -> list:
    """Every problem; a member that a check needs and that is not there is one, too."""
    found = []
    for check in CHECKS:
        try:
            found += check(m)
        except (KeyError, AssertionError, IndexError, TypeError, ValueError) as error:
            found.append(f"{check.__name__}: {type(error).__name__} {error}")
    return found
