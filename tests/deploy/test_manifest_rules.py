"""Each rule of ours for Kubernetes manifests finds what breaks it, and says who."""

import copy
from collections.abc import Callable

import pytest

from tests.support.manifest_rules import RULES, broken_rules
from tests.support.manifests import Combination, Resource, templates


def one(resources: list[Resource], kind: str, name: str) -> Resource:
    [found] = [
        each for each in resources if each["kind"] == kind and each["metadata"]["name"] == name
    ]
    return found


def pod(plant: Callable[[Resource], object]) -> Callable[[list[Resource]], object]:
    """In the receiver's pod, with its uploader and its Redis."""

    def planted(resources: list[Resource]) -> None:
        [spec] = [template["spec"] for name, template in templates(resources) if name == "receiver"]
        plant(spec)

    return planted


def container(plant: Callable[[Resource], object]) -> Callable[[list[Resource]], object]:
    return pod(lambda spec: plant(spec["containers"][0]))


def spec(kind: str, name: str, plant: Callable[[Resource], object]) -> Callable[..., object]:
    return lambda resources: plant(one(resources, kind, name)["spec"])


def put(**values: object) -> Callable[[Resource], object]:
    return lambda place: place.update(values)


def drop(key: str) -> Callable[[Resource], object]:
    return lambda place: place.pop(key)


def without(kind: str, name: str) -> Callable[[list[Resource]], object]:
    return lambda resources: resources.remove(one(resources, kind, name))


# Of each rule: how it is broken, and by whom.
PLANTED: dict[str, list[tuple[Callable[[list[Resource]], object], str]]] = {
    "runs as user 10001": [
        (pod(lambda pod: pod["securityContext"].update(runAsUser=0)), "receiver")
    ],
    "is not root": [(pod(lambda pod: pod["securityContext"].pop("runAsNonRoot")), "receiver")],
    "has a seccomp profile": [
        (pod(lambda pod: pod["securityContext"].pop("seccompProfile")), "receiver")
    ],
    "gets no token of the cluster": [
        (pod(lambda pod: pod.pop("automountServiceAccountToken")), "receiver")
    ],
    "has the time to drain": [
        (pod(lambda pod: pod.pop("terminationGracePeriodSeconds")), "receiver"),
        (pod(lambda pod: pod.update(terminationGracePeriodSeconds=30)), "receiver"),
    ],
    "is ready whatever stands behind it": [
        (pod(lambda pod: pod["containers"][1].update(readinessProbe={})), "receiver")
    ],
    "is spread over nodes if modalities connect": [
        (pod(lambda pod: pod.pop("topologySpreadConstraints")), "receiver")
    ],
    "shares nothing with its host": [
        (pod(put(**{key: True})), "receiver") for key in ("hostNetwork", "hostPID", "hostIPC")
    ],
    "asks ports that there are": [
        (container(lambda own: own["livenessProbe"]["httpGet"].update(port="heath")), "receiver")
    ],
    "bounds what it writes to its node": [
        (pod(lambda pod: pod["volumes"][2]["emptyDir"].clear()), "receiver")
    ],
    "is unprivileged": [
        (container(lambda own: own.pop("securityContext")), "receiver/receiver"),
        (
            container(lambda own: own["securityContext"].update(readOnlyRootFilesystem=False)),
            "receiver/receiver",
        ),
    ],
    "has a tag that stays": [
        (container(put(image=image)), "receiver/receiver")
        for image in ("a/b:latest", "a/b", "host:5000/b")
    ],
    "has startup and liveness probes": [
        (container(drop(probe)), "receiver/receiver") for probe in ("startupProbe", "livenessProbe")
    ],
    "has a readiness probe if modalities connect": [
        (container(lambda own: own.pop("readinessProbe")), "receiver/receiver")
    ],
    "drains before it ends if modalities connect": [
        (container(lambda own: own.pop("lifecycle")), "receiver/receiver")
    ],
    "asks for processor and memory": [
        (container(lambda own: own["resources"]["requests"].pop("memory")), "receiver/receiver")
    ],
    "has a memory limit and none of processor time": [
        (container(lambda own: own["resources"].pop("limits")), "receiver/receiver"),
        (container(lambda own: own["resources"]["limits"].update(cpu=1)), "receiver/receiver"),
    ],
    "sets no variable twice": [
        (container(lambda own: own["env"].append(own["env"][0])), "receiver/receiver")
    ],
    "has a PodDisruptionBudget if modalities connect": [
        (without("PodDisruptionBudget", "worklist"), "worklist")
    ],
    "keeps the modality's address": [
        (
            spec("Service", "worklist", lambda own: own.update(externalTrafficPolicy="Cluster")),
            "worklist",
        )
    ],
    "lets nothing in or out but what is listed": [
        (spec("NetworkPolicy", "deny-all", put(egress=[{}])), "worklist"),
        (spec("NetworkPolicy", "deny-all", put(policyTypes=["Ingress"])), "worklist"),
    ],
    "selects pods that there are": [
        (
            spec(
                "PodDisruptionBudget",
                "uploader",
                lambda own: own["selector"].update(
                    matchLabels={"app.kubernetes.io/name": "uplaoder"}
                ),
            ),
            "PodDisruptionBudget uploader",
        )
    ],
    "leads to a port that there is": [
        (
            spec("Service", "worklist", lambda own: own["ports"][0].update(targetPort="x")),
            "worklist",
        )
    ],
    "mounts what it has, and has what it mounts": [
        (container(lambda own: own["volumeMounts"].append({"name": "more"})), "receiver"),
        (
            pod(
                lambda pod: pod["volumes"].append(
                    {"name": "more", "emptyDir": {"sizeLimit": "1Mi"}}
                )
            ),
            "receiver",
        ),
    ],
    "refers to what there is": [
        (without("ServiceAccount", "worklist"), "worklist"),
        (
            pod(lambda pod: pod["volumes"][0]["configMap"].update(name="proxy")),
            "receiver",
        ),
    ],
    "is scaled by one autoscaler or by its replicas": [
        (
            lambda resources: resources.append(
                one(resources, "HorizontalPodAutoscaler", "uploader")
            ),
            "uploader",
        ),
        (without("HorizontalPodAutoscaler", "uploader"), "uploader"),
        (spec("Deployment", "uploader", lambda own: own.update(replicas=2)), "uploader"),
    ],
    "keeps the claim of a spool": [
        (
            spec(
                "StatefulSet",
                "receiver",
                lambda own: own["persistentVolumeClaimRetentionPolicy"].update(whenScaled="Delete"),
            ),
            "receiver",
        )
    ],
    "restricts the pods of its namespace": [
        (
            lambda resources: one(resources, "Namespace", "dicomweb-proxy")["metadata"].pop(
                "labels"
            ),
            "dicomweb-proxy",
        )
    ],
    "holds no secret": [
        (lambda resources: resources.append({"kind": "Secret", "metadata": {"name": "x"}}), "x")
    ],
}
OF_UPLOADERS = {"selects pods that there are", "is scaled by one autoscaler or by its replicas"}


def test_there_is_a_violation_of_every_rule() -> None:
    assert PLANTED.keys() == RULES.keys()


@pytest.mark.parametrize(
    ("rule", "number"),
    [(rule, number) for rule, plants in PLANTED.items() for number in range(len(plants))],
)
def test_a_planted_violation_is_found(rule: str, number: int) -> None:
    overlay = "many-receivers" if rule in OF_UPLOADERS else "single-node"
    resources = copy.deepcopy(Combination(f"overlays/{overlay}").render())
    plant, who = PLANTED[rule][number]

    assert broken_rules(resources) == []
    plant(resources)

    assert f"{who}: {rule}" in broken_rules(resources)
