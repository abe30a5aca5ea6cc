"""The objects of a cluster in deploy/: their schemas, and what they must agree on. Every check is seen to refuse."""
import re
import unittest

import agreement
import manifests
import schemas
from manifests import DEPLOY, Manifests

REMOVED = object()

# What is changed, to what, and what is said of it. The first part of a path is an object's kind, or `kind/name`.
POD = "Deployment spec template spec"
SERVER = f"{POD} containers 0"
RUNTIME = "ClusterServingRuntime spec"
SPOILED = [
    ("Deployment apiVersion", "apps/v2", "no type deployment-apps-v2"),
    ("Deployment kind", "Deploymnet", "no type deploymnet"),
    ("Deployment spec paused", "no", "'no' is not of type"),
    ("Deployment spec template spec container", [], "container"),
    (f"{SERVER} livenessProbe httpget", {}, "httpget"),
    (f"{SERVER} ports 0 containerPort", "8000", "'8000' is not of type"),
    (f"{SERVER} volumeMounts 0 mountPath", REMOVED, "'mountPath' is a required property"),
    (f"{POD} securityContext runAsUser", "root", "'root' is not of type"),
    ("HorizontalPodAutoscaler spec maxReplicas", REMOVED, "'maxReplicas' is a required property"),
    ("NetworkPolicy spec egres", [], "egres"),
    ("PodDisruptionBudget spec maxUnavailble", 1, "maxUnavailble"),
    ("Service/mass spec ports 0 appprotocol", "http", "appprotocol"),
    ("ServiceAccount automountServiceAccountToken", "false", "not of type"),
    (f"{RUNTIME} supportedModelFormats 0 autoselect", True, "no such member"),
    (f"{RUNTIME} multiModel", "false", "expected bool"),
    (f"{RUNTIME} containers", REMOVED, "'containers' is missing"),
    (f"{RUNTIME} containers 0 arguments", [], "arguments"),
    (f"{RUNTIME} volumes 0 emptydir", {}, "emptydir"),
    ("InferenceService/digits spec predictor model modelFormat", REMOVED, "'modelFormat' is missing"),
    ("InferenceService/digits spec predictor minReplicas", "2", "expected int"),
    ("InferenceService/digits-grpc spec predictor autoScaling metrics 0 external target averageValue", "few",
     "is no quantity"),
    ("InferenceService/digits spec predictor model storageURI", "s3://x/y", "no such member"),
]
DISAGREEING = [
    ("Deployment spec template metadata labels app.kubernetes.io/name", "other", "selects"),
    ("Service/mass spec selector app.kubernetes.io/name", "other", "Service mass selects"),
    ("Service/mass-replicas spec selector", {}, "Service mass-replicas selects"),
    ("PodDisruptionBudget spec selector matchLabels", {"app": "mass"}, "PodDisruptionBudget selects"),
    ("NetworkPolicy spec podSelector matchLabels", {}, "NetworkPolicy selects"),
    (f"{POD} topologySpreadConstraints 0 labelSelector matchLabels", {"app": "x"}, "topologySpread"),
    ("ServiceAccount metadata namespace", "default", "in which namespace"),
    ("Service/mass spec ports 1 targetPort", "grcp", "names the port 'grcp'"),
    ("NetworkPolicy spec ingress 0 ports 0 port", "web", "names the port 'web'"),
    (f"{SERVER} readinessProbe httpGet port", "ready", "names the port 'ready'"),
    (f"{SERVER} ports 0 containerPort", 8080, "the server's http_port"),
    (f"{SERVER} livenessProbe httpGet path", "/v2/health/ready", "livenessProbe asks for"),
    (f"{SERVER} livenessProbe failureThreshold", 1, "is killed"),
    (f"{SERVER} readinessProbe failureThreshold", 10, "unready is noticed"),
    (f"{SERVER} readinessProbe timeoutSeconds", 30, "longer than its period"),
    (f"{RUNTIME} containers 0 readinessProbe httpGet path", "/", "readinessProbe asks for"),
    (f"{POD} terminationGracePeriodSeconds", 30, "the end takes up to"),
    (f"{SERVER} lifecycle", {"preStop": {"sleep": {"seconds": 30}}}, "the end takes up to"),
    ("InferenceService/digits spec predictor terminationGracePeriodSeconds", 10, "terminationGracePeriodSeconds is 10"),
    ("HorizontalPodAutoscaler spec scaleTargetRef name", "mas", "scales mas"),
    ("HorizontalPodAutoscaler spec scaleTargetRef kind", "StatefulSet", "scales"),
    ("HorizontalPodAutoscaler spec minReplicas", 1, "nodes cannot be drained, or nobody serves"),
    ("HorizontalPodAutoscaler spec maxReplicas", 2, "nothing to scale"),
    ("PodDisruptionBudget spec maxUnavailable", 0, "nodes cannot be drained"),
    ("Deployment spec replicas", 3, "the autoscaler does too"),
    ("Deployment spec strategy rollingUpdate maxUnavailable", 1, "before others are ready"),
    (f"{POD} volumes 0 persistentVolumeClaim claimName", "models", "no PersistentVolumeClaim models"),
    ("ConfigMap metadata name", "config", "no ConfigMap mass-config"),
    ("Secret metadata name", "access", "no Secret mass-access"),
    ("ServiceAccount metadata name", "other", "no ServiceAccount"),
    ("PersistentVolumeClaim spec accessModes", ["ReadWriteOnce"], "several replicas"),
    (f"{SERVER} volumeMounts 0 readOnly", False, "mounted writable"),
    (f"{SERVER} volumeMounts 4 name", "temp", "mounts"),
    (f"{POD} volumes 3 emptyDir", {}, "has no limit"),
    (f"{SERVER} args 2", "/etc/mass/server.json", "no file of a ConfigMap"),
    (f"{SERVER} volumeMounts 3 mountPath", "/var/lib/mass", "not writable"),
    (f"{SERVER} volumeMounts 0 mountPath", "/repository", "on no volume"),
    (f"{SERVER} resources requests cpu", "2", "not Guaranteed"),
    (f"{RUNTIME} containers 0 resources", {"requests": {"cpu": "1500m", "memory": "1Gi"},
                                           "limits": {"cpu": "1500m", "memory": "1Gi"}}, "no whole number"),
    (f"{SERVER} securityContext readOnlyRootFilesystem", REMOVED, "readOnlyRootFilesystem"),
    (f"{POD} securityContext runAsNonRoot", False, "runAsNonRoot"),
    (f"{POD} hostNetwork", True, "shares what is the node's"),
    ("NetworkPolicy spec egress", [{}], "open connections"),
    ("NetworkPolicy spec ingress 1 from", [], "lets everybody in"),
    (f"{SERVER} image", "registry.example/mass:latest", "no version of its own"),
    (f"{RUNTIME} containers 0 image", "registry.example/mass:9.9.9", "several images"),
    (f"{RUNTIME} containers 0 name", "mass", "kserve-container"),
    (f"{RUNTIME} containers 0 args 1", "--model=model=/mnt/models", "the model is"),
    (f"{RUNTIME} containers 0 args 3", "--http-port=8000", "8080"),
    (f"{RUNTIME} containers 0 args 7", "--drain-seconds=40", "a pod has 30"),
    (f"{RUNTIME} volumes 0 secret secretName", "keys", "no Secret keys"),
    ("InferenceService/digits spec predictor model runtime", "triton", "no such runtime"),
    ("InferenceService/digits spec predictor model protocolVersion", "v3", "does not speak v3"),
    ("InferenceService/digits-grpc spec predictor model ports 0 containerPort", 9001, "gRPC at"),
]
# In texts that objects carry: a piece, what stands there instead, and what is said of it.
TEXTS = [
    ("ConfigMap data server.json", '"host": "0.0.0.0"', '"host": "127.0.0.1"', "no other pod reaches it"),
    ("ConfigMap data server.json", '"grpc_port": 8001', '"grpc_port": 9001', "the server's grpc_port"),
    ("ConfigMap data server.json", '"drain_seconds": 15', '"drain_seconds": 40', "the end takes up to"),
    ("ConfigMap data server.json", '"queue_limit": 256', '"threads": 8', "8 threads for"),
    ("ConfigMap data server.json", "/etc/mass/access/access.json", "/etc/mass/keys.json", "no file of a Secret"),
    ("Secret stringData access.json", "0" * 63, "7f3" * 21, "looks like a real key"),
]


def place(m: Manifests, path: str):
    """The container that holds what a path names, and its last part."""
    first, *parts = path.split(" ")
    kind, _, name = first.partition("/")
    value = m.one(kind, name or None)
    for part in parts[:-1]:
        value = value[int(part)] if isinstance(value, list) else value[part]
    return value, int(parts[-1]) if isinstance(value, list) else parts[-1]


def changed(path: str, to) -> Manifests:
    m = Manifests().copy()
    holder, key = place(m, path)
    if to is REMOVED:
        del holder[key]
    else:
        holder[key] = to
    return m


class Published(unittest.TestCase):
    def test_every_object_is_valid(self):
        m = Manifests()
        self.assertGreaterEqual(len(m.documents), 13)
        found = [problem for document in m.documents for problem in schemas.problems(document)]
        self.assertEqual(found, [])

    def test_what_is_wrong_is_refused(self):
        for path, to, said in SPOILED:
            with self.subTest(path):
                found = [problem for document in changed(path, to).documents for problem in schemas.problems(document)]
                self.assertTrue(any(said in problem for problem in found), found)

    def test_a_key_that_stands_twice_is_refused(self):
        with self.assertRaisesRegex(manifests.yaml.YAMLError, "twice: a"):
            manifests.yaml.load("{a: 1, a: 2}", manifests.Loader)

    def test_both_releases_of_kubernetes_are_known(self):
        for release in schemas.KUBERNETES:
            self.assertIsNotNone(schemas.kubernetes_validator("deployment-apps-v1", release))


class Agreement(unittest.TestCase):
    def test_objects_agree(self):
        self.assertEqual(agreement.problems(Manifests()), [])

    def test_disagreement_is_noticed(self):
        for path, to, said in DISAGREEING:
            with self.subTest(path, to=to):
                found = agreement.problems(changed(path, to))
                self.assertTrue(any(said in problem for problem in found), found)

    def test_texts_are_read(self):
        for path, piece, other, said in TEXTS:
            with self.subTest(path, piece=piece):
                holder, key = place(Manifests(), path)
                self.assertIn(piece, holder[key])
                found = agreement.problems(changed(path, holder[key].replace(piece, other)))
                self.assertTrue(any(said in problem for problem in found), found)

    def test_an_object_that_is_missing_is_noticed(self):
        for document in Manifests().documents:
            if document["kind"] in ("InferenceService", "Service"):
                continue
            with self.subTest(document["kind"]):
                rest = Manifests([other for other in Manifests().documents if other != document])
                self.assertNotEqual(agreement.problems(rest), [])


class Metrics(unittest.TestCase):
    def setUp(self):
        examples = DEPLOY / "kubernetes/examples"
        (adapter,), (scrape,) = (manifests.read(examples / name) for name in manifests.PLAIN)
        (self.rule,), (self.job,) = adapter["rules"]["custom"], scrape["scrape_configs"]

    def test_the_rule_makes_the_autoscaler_s_metric(self):
        (metric,) = Manifests().one("HorizontalPodAutoscaler")["spec"]["metrics"]
        self.assertEqual(self.rule["name"], {"as": metric["pods"]["metric"]["name"]})
        self.assertEqual(set(self.rule), {"seriesQuery", "resources", "name", "metricsQuery"})
        self.assertEqual(self.rule["resources"]["overrides"].keys(), {"namespace", "pod"})
        for piece in ("<<.Series>>", "<<.LabelMatchers>>", "<<.GroupBy>>"):
            self.assertIn(piece, self.rule["metricsQuery"])

    def test_prometheus_finds_the_pods_and_gives_the_rule_its_labels(self):
        m, kept = Manifests(), {}
        for rule in self.job["relabel_configs"]:
            if rule.get("action") == "keep":
                kept[rule["source_labels"][0]] = rule["regex"]
        ports = [port["name"] for port in m.container["ports"]]
        self.assertIn(kept["__meta_kubernetes_pod_container_port_name"], ports)
        label = m.deployment["spec"]["template"]["metadata"]["labels"]["app.kubernetes.io/name"]
        self.assertEqual(kept["__meta_kubernetes_pod_label_app_kubernetes_io_name"], label)
        labels = {rule.get("target_label") for rule in self.job["relabel_configs"]}
        for label in re.findall(r'(\w+)!=""', self.rule["seriesQuery"]):
            self.assertIn(label, labels)
