"""Kubernetes manifests as kustomize renders them, and the rules of ours that they must keep."""

import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml

from tests.support.peers import peer

KUBERNETES = Path(__file__).parents[2] / "deploy" / "kubernetes"
Resource = dict[str, Any]
UNPRIVILEGED = {
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "capabilities": {"drop": ["ALL"]},
}


def build(folder: Path) -> list[Resource]:
    """Raises AssertionError with kustomize's words."""
    done = subprocess.run(
        [peer("kustomize"), "build", str(folder)], check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return list(yaml.safe_load_all(done.stdout))


def combined(layout: str, components: Sequence[str]) -> list[Resource]:
    """A layout with components, as an overlay of a site would put them together."""
    with tempfile.TemporaryDirectory(prefix=".rendered-", dir=KUBERNETES) as folder:
        content = {
            "apiVersion": "kustomize.config.k8s.io/v1beta1",
            "kind": "Kustomization",
            "resources": [f"../{layout}"],
            "components": [f"../components/{name}" for name in components],
            "images": [
                {"name": f"dicomweb-proxy/{name}", "newTag": "1.2.3"}
                for name in ("receiver", "uploader", "worklist")
            ],
        }
        (Path(folder) / "kustomization.yaml").write_text(yaml.safe_dump(content), "utf-8")
        return build(Path(folder))


def templates(resources: list[Resource]) -> Iterator[tuple[str, Resource]]:
    """Name and pod specification of everything that makes pods."""
    for each in resources:
        if each["kind"] in {"Deployment", "StatefulSet"}:
            yield each["metadata"]["name"], each["spec"]["template"]


def broken_rules(resources: list[Resource]) -> list[str]:
    """What a pod or container does that it must not, or lacks."""
    found = [
        f"{name}: {rule}"
        for name, template in templates(resources)
        for rule, kept in POD_RULES.items()
        if not kept(template["spec"])
    ]
    for name, template in templates(resources):
        for container in template["spec"]["containers"]:
            found += [
                f"{name}/{container['name']}: {rule}"
                for rule, kept in CONTAINER_RULES.items()
                if not kept(container)
            ]
    guarded = {
        each["spec"]["selector"]["matchLabels"]["app.kubernetes.io/name"]
        for each in resources
        if each["kind"] == "PodDisruptionBudget"
    }
    served = {name for name, template in templates(resources) if _serves_dimse(template["spec"])}
    found += [f"{name}: has a PodDisruptionBudget" for name in sorted(served - guarded)]
    return found + [
        f"{each['metadata']['name']}: keeps the modality's address"
        for each in resources
        if each["kind"] == "Service" and each["spec"].get("type") in {"LoadBalancer", "NodePort"}
        if each["spec"].get("externalTrafficPolicy") != "Local"
    ]


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


Rule = Callable[[Resource], bool]
POD_RULES: dict[str, Rule] = {
    "runs as user 10001": lambda pod: pod["securityContext"].get("runAsUser") == 10001,
    "is not root": lambda pod: pod["securityContext"].get("runAsNonRoot") is True,
    "has a seccomp profile": lambda pod: (
        pod["securityContext"].get("seccompProfile") == {"type": "RuntimeDefault"}
    ),
    "gets no token of the cluster": lambda pod: pod.get("automountServiceAccountToken") is False,
    "says how long it may take to end": lambda pod: pod.get("terminationGracePeriodSeconds", 0) > 0,
    "is ready whatever stands behind it": _ready_alone,
    "is spread over nodes if modalities connect": lambda pod: (
        not _serves_dimse(pod) or bool(pod.get("topologySpreadConstraints"))
    ),
    "shares nothing with its host": lambda pod: (
        not any(pod.get(key) for key in ("hostNetwork", "hostPID", "hostIPC"))
    ),
}
CONTAINER_RULES: dict[str, Rule] = {
    "is unprivileged": lambda each: each.get("securityContext") == UNPRIVILEGED,
    "has a tag that stays": _tagged,
    "has startup and liveness probes": lambda each: (
        {"startupProbe", "livenessProbe"} <= each.keys()
    ),
    "has a readiness probe if modalities connect": lambda each: (
        not _port(each, "dimse") or "readinessProbe" in each
    ),
    "drains before it ends if modalities connect": lambda each: (
        not _port(each, "dimse") or "preStop" in each.get("lifecycle", {})
    ),
    "asks for processor and memory": lambda each: (
        {"cpu", "memory"} <= each["resources"].get("requests", {}).keys()
    ),
    "has a memory limit and none of processor time": lambda each: (
        set(each["resources"].get("limits", {})) == {"memory"}
    ),
}
