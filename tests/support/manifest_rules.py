"""Rules of ours that every rendered set of manifests keeps: each finds who breaks it."""

from collections import Counter
from collections.abc import Callable, Iterator

from shared.sections import Sections
from tests.support.manifests import Resource, templates

UNPRIVILEGED = {
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "capabilities": {"drop": ["ALL"]},
}
PROBES = ("startupProbe", "livenessProbe", "readinessProbe")
RESTRICTED = "pod-security.kubernetes.io/enforce"
DRAIN = Sections().receive.drain_timeout
CLOSED = {"podSelector", "policyTypes"}  # all that a policy has which lets nothing through

Rule = Callable[[list[Resource]], Iterator[str]]


def broken_rules(resources: list[Resource]) -> list[str]:
    """Who breaks which rule."""
    return [f"{who}: {rule}" for rule, find in RULES.items() for who in find(resources)]


def pods(kept: Callable[[Resource], bool]) -> Rule:
    """What every pod has to keep."""
    return lambda resources: (
        name for name, template in templates(resources) if not kept(template["spec"])
    )


def containers(kept: Callable[[Resource], bool]) -> Rule:
    """What every container has to keep."""
    return lambda resources: (
        f"{name}/{container['name']}"
        for name, template in templates(resources)
        for container in template["spec"]["containers"]
        if not kept(container)
    )


def _of_kind(resources: list[Resource], *kinds: str) -> Iterator[Resource]:
    return (each for each in resources if each["kind"] in kinds)


def _named(resources: list[Resource], *kinds: str) -> set[str]:
    return {each["metadata"]["name"] for each in _of_kind(resources, *kinds)}


def _serves_dimse(pod: Resource) -> bool:
    return any(_port(container, "dimse") for container in pod["containers"])


def _port(container: Resource, name: str) -> bool:
    return any(port["name"] == name for port in container.get("ports", ()))


def _ready_alone(pod: Resource) -> bool:
    """Redis or an archive being down is no reason to refuse a modality."""
    asked = [each for each in pod["containers"] if "readinessProbe" in each]
    return not _serves_dimse(pod) or all(_port(each, "dimse") for each in asked)


def _tagged(container: Resource) -> bool:
    tag = str(container["image"]).rpartition("/")[2].partition(":")[2]
    return tag not in {"", "latest"}


def _long_enough(pod: Resource) -> bool:
    """Associations may go on for receive.drain_timeout after the preStop hook."""
    hooks = [each.get("lifecycle", {}).get("preStop", {}) for each in pod["containers"]]
    sleep = max(each.get("sleep", {}).get("seconds", 0) for each in hooks)
    least = sleep + DRAIN if _serves_dimse(pod) else 1
    return bool(pod.get("terminationGracePeriodSeconds", 0) >= least)


def _probed_ports(pod: Resource) -> bool:
    for container in pod["containers"]:
        ports = {port["name"] for port in container.get("ports", ())}
        for probe in (container.get(kind, {}) for kind in PROBES):
            asked = {each["port"] for key, each in probe.items() if key in {"httpGet", "tcpSocket"}}
            if not asked <= ports:
                return False
    return True


def _bounded(pod: Resource) -> bool:
    made = [each["emptyDir"] for each in pod.get("volumes", ()) if "emptyDir" in each]
    return all("sizeLimit" in each for each in made)


def _variables_once(container: Resource) -> bool:
    counted = Counter(each["name"] for each in container.get("env", ()))
    return all(count == 1 for count in counted.values())


def _unguarded(resources: list[Resource]) -> Iterator[str]:
    guarded = {
        each["spec"]["selector"]["matchLabels"]["app.kubernetes.io/name"]
        for each in _of_kind(resources, "PodDisruptionBudget")
    }
    for name, template in templates(resources):
        if _serves_dimse(template["spec"]) and name not in guarded:
            yield name


def _hiding(resources: list[Resource]) -> Iterator[str]:
    for each in _of_kind(resources, "Service"):
        outside = each["spec"].get("type") in {"LoadBalancer", "NodePort"}
        if outside and each["spec"].get("externalTrafficPolicy") != "Local":
            yield each["metadata"]["name"]


def _open(resources: list[Resource]) -> Iterator[str]:
    """Pods that no policy closes in both directions."""
    closed = [
        each["spec"]["podSelector"].get("matchLabels", {})
        for each in _of_kind(resources, "NetworkPolicy")
        if each["spec"].keys() == CLOSED
        and set(each["spec"]["policyTypes"]) == {"Ingress", "Egress"}
    ]
    for name, template in templates(resources):
        if not any(each.items() <= template["metadata"]["labels"].items() for each in closed):
            yield name


def _selectors(resources: list[Resource]) -> Iterator[tuple[str, Resource]]:
    for each in resources:
        spec = each.get("spec", {})
        if each["kind"] == "Service":
            yield each["metadata"]["name"], {"matchLabels": spec["selector"]}
        for key in ("selector", "podSelector"):
            if each["kind"] != "Service" and key in spec:
                yield f"{each['kind']} {each['metadata']['name']}", spec[key]


def _matches(selector: Resource, labels: Resource) -> bool:
    alternatives = selector.get("matchExpressions", [])
    return selector.get("matchLabels", {}).items() <= labels.items() and all(
        labels.get(each["key"]) in each["values"] for each in alternatives
    )


def _aimless(resources: list[Resource]) -> Iterator[str]:
    labels = [template["metadata"]["labels"] for _, template in templates(resources)]
    for name, selector in _selectors(resources):
        if not any(_matches(selector, each) for each in labels):
            yield name


def _portless(resources: list[Resource]) -> Iterator[str]:
    """Services whose pods do not have the port."""
    for each in _of_kind(resources, "Service"):
        ports = {
            port["name"]
            for _, template in templates(resources)
            if each["spec"]["selector"].items() <= template["metadata"]["labels"].items()
            for container in template["spec"]["containers"]
            for port in container.get("ports", ())
        }
        if not {port["targetPort"] for port in each["spec"]["ports"]} <= ports:
            yield each["metadata"]["name"]


def _volumes(workload: Resource) -> Iterator[str]:
    pod = workload["spec"]["template"]["spec"]
    yield from (each["name"] for each in pod.get("volumes", ()))
    claims = workload["spec"].get("volumeClaimTemplates", ())
    yield from (each["metadata"]["name"] for each in claims)


def _mounting_nothing(resources: list[Resource]) -> Iterator[str]:
    """Mounts without a volume, and volumes without a mount."""
    for each in _of_kind(resources, "Deployment", "StatefulSet"):
        pods_own = each["spec"]["template"]["spec"]["containers"]
        mounted = {mount["name"] for own in pods_own for mount in own.get("volumeMounts", ())}
        if mounted != set(_volumes(each)):
            yield each["metadata"]["name"]


def _references(pod: Resource) -> Iterator[tuple[str, str]]:
    if account := pod.get("serviceAccountName"):
        yield "ServiceAccount", account
    for each in pod.get("volumes", ()):
        if "configMap" in each:
            yield "ConfigMap", each["configMap"]["name"]
        if "persistentVolumeClaim" in each:
            yield "PersistentVolumeClaim", each["persistentVolumeClaim"]["claimName"]
    for container in pod["containers"]:
        for each in container.get("env", ()):
            if "configMapKeyRef" in each.get("valueFrom", {}):
                yield "ConfigMap", each["valueFrom"]["configMapKeyRef"]["name"]


def _dangling(resources: list[Resource]) -> Iterator[str]:
    there = {(each["kind"], each["metadata"]["name"]) for each in resources}
    for name, template in templates(resources):
        if not set(_references(template["spec"])) <= there:
            yield name


def _misscaled(resources: list[Resource]) -> Iterator[str]:
    """Autoscalers of what is not there, of what has replicas of its own, and second ones."""
    scalers = list(_of_kind(resources, "HorizontalPodAutoscaler", "ScaledObject"))
    free = {
        each["metadata"]["name"]
        for each in _of_kind(resources, "Deployment")
        if "replicas" not in each["spec"]
    }
    targets = Counter(each["spec"]["scaleTargetRef"]["name"] for each in scalers)
    for name, count in targets.items():
        if count > 1 or name not in free:
            yield name
    yield from free - targets.keys()


def _forgetting(resources: list[Resource]) -> Iterator[str]:
    """A StatefulSet whose spool goes with its pod."""
    for each in _of_kind(resources, "StatefulSet"):
        claims = {claim["metadata"]["name"] for claim in each["spec"]["volumeClaimTemplates"]}
        kept = each["spec"].get("persistentVolumeClaimRetentionPolicy", {})
        if "spool" in claims and set(kept.values()) != {"Retain"}:
            yield each["metadata"]["name"]


def _lax(resources: list[Resource]) -> Iterator[str]:
    for each in _of_kind(resources, "Namespace"):
        if each["metadata"].get("labels", {}).get(RESTRICTED) != "restricted":
            yield each["metadata"]["name"]


RULES: dict[str, Rule] = {
    "runs as user 10001": pods(lambda pod: pod["securityContext"].get("runAsUser") == 10001),
    "is not root": pods(lambda pod: pod["securityContext"].get("runAsNonRoot") is True),
    "has a seccomp profile": pods(
        lambda pod: pod["securityContext"].get("seccompProfile") == {"type": "RuntimeDefault"}
    ),
    "gets no token of the cluster": pods(
        lambda pod: pod.get("automountServiceAccountToken") is False
    ),
    "has the time to drain": pods(_long_enough),
    "is ready whatever stands behind it": pods(_ready_alone),
    "is spread over nodes if modalities connect": pods(
        lambda pod: not _serves_dimse(pod) or bool(pod.get("topologySpreadConstraints"))
    ),
    "shares nothing with its host": pods(
        lambda pod: not any(pod.get(key) for key in ("hostNetwork", "hostPID", "hostIPC"))
    ),
    "asks ports that there are": pods(_probed_ports),
    "bounds what it writes to its node": pods(_bounded),
    "is unprivileged": containers(lambda each: each.get("securityContext") == UNPRIVILEGED),
    "has a tag that stays": containers(_tagged),
    "has startup and liveness probes": containers(
        lambda each: {"startupProbe", "livenessProbe"} <= each.keys()
    ),
    "has a readiness probe if modalities connect": containers(
        lambda each: not _port(each, "dimse") or "readinessProbe" in each
    ),
    "drains before it ends if modalities connect": containers(
        lambda each: not _port(each, "dimse") or "preStop" in each.get("lifecycle", {})
    ),
    "asks for processor and memory": containers(
        lambda each: {"cpu", "memory"} <= each["resources"].get("requests", {}).keys()
    ),
    "has a memory limit and none of processor time": containers(
        lambda each: set(each["resources"].get("limits", {})) == {"memory"}
    ),
    "sets no variable twice": containers(_variables_once),
    "has a PodDisruptionBudget if modalities connect": _unguarded,
    "keeps the modality's address": _hiding,
    "lets nothing in or out but what is listed": _open,
    "selects pods that there are": _aimless,
    "leads to a port that there is": _portless,
    "mounts what it has, and has what it mounts": _mounting_nothing,
    "refers to what there is": _dangling,
    "is scaled by one autoscaler or by its replicas": _misscaled,
    "keeps the claim of a spool": _forgetting,
    "restricts the pods of its namespace": _lax,
    "holds no secret": lambda resources: iter(_named(resources, "Secret")),
}
