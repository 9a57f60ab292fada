"""The Kubernetes manifests: every combination renders, fits the schemas and keeps our rules."""

import copy
import json
import re
import tomllib
from collections.abc import Callable
from pathlib import Path

import jsonschema
import kubernetes_validate
import pytest

from shared.metrics import METRICS, PREFIX
from shared.sections import Sections
from tests.support.manifests import (
    KUBERNETES,
    Resource,
    broken_rules,
    build,
    combined,
    templates,
)

SCHEMAS = Path(__file__).parents[1] / "fixtures" / "crds"
EXTENSIONS = {"monitoring.coreos.com/v1", "keda.sh/v1alpha1"}
VERSIONS = ("1.32", "1.35", "1.37")
OVERLAYS = sorted(path.parent for path in KUBERNETES.glob("overlays/*/kustomization.yaml"))
COMBINATIONS: list[tuple[str, tuple[str, ...]]] = [
    ("spool-per-receiver", ()),
    ("spool-per-receiver", ("tls", "workload-identity-gke", "prometheus")),
    ("spool-shared", ()),
    ("spool-shared", ("hpa",)),
    ("spool-shared", ("redis-password",)),
    ("spool-shared", ("external-redis",)),
    ("spool-shared", ("hpa", "redis-password")),
    ("spool-shared", ("keda", "prometheus")),
    ("spool-shared", ("hpa", "external-redis")),
    ("spool-shared", ("tls", "hpa", "redis-password", "workload-identity-gke")),
]
rendered_everywhere = pytest.mark.parametrize(
    "render",
    [
        *(pytest.param(lambda path=path: build(path), id=path.name) for path in OVERLAYS),
        *(
            pytest.param(lambda each=each: combined(*each), id="+".join((each[0], *each[1])))
            for each in COMBINATIONS
        ),
    ],
)


@rendered_everywhere
def test_it_fits_the_schemas_of_three_kubernetes_versions(
    render: Callable[[], list[Resource]],
) -> None:
    for resource in render():
        if resource["apiVersion"] in EXTENSIONS:
            continue  # their schemas are not Kubernetes' own: see below
        for version in VERSIONS:
            kubernetes_validate.validate(resource, version, strict=True)


@rendered_everywhere
def test_it_keeps_our_rules(render: Callable[[], list[Resource]]) -> None:
    assert broken_rules(render()) == []


@rendered_everywhere
def test_network_policies_close_what_they_do_not_open(
    render: Callable[[], list[Resource]],
) -> None:
    resources = render()
    policies = [each for each in resources if each["kind"] == "NetworkPolicy"]

    [closed] = [each for each in policies if each["metadata"]["name"] == "deny-all"]
    labels = closed["spec"]["podSelector"]["matchLabels"]
    assert set(closed["spec"]["policyTypes"]) == {"Ingress", "Egress"}
    for _, template in templates(resources):
        assert labels.items() <= template["metadata"]["labels"].items()


def fits_extension(resource: Resource) -> None:
    """Against what we wrote down of the fields that we use. Raises ValidationError."""
    schema = json.loads((SCHEMAS / f"{resource['kind']}.json").read_text("utf-8"))
    jsonschema.validate(resource, schema)


@pytest.fixture
def extensions() -> list[Resource]:
    rendered = combined("spool-shared", ("keda", "prometheus"))
    return [each for each in rendered if each["apiVersion"] in EXTENSIONS]


def test_resources_of_extensions_have_the_fields_that_they_know(
    extensions: list[Resource],
) -> None:
    for each in extensions:
        fits_extension(each)


def test_a_misspelt_field_of_an_extension_is_found(extensions: list[Resource]) -> None:
    for each in extensions:
        each["spec"]["misspelt"] = 1
        with pytest.raises(jsonschema.ValidationError, match="misspelt"):
            fits_extension(each)


def test_rules_and_triggers_ask_for_metrics_that_there_are() -> None:
    asked = [
        each
        for each in combined("spool-shared", ("keda", "prometheus"))
        if each["apiVersion"] in EXTENSIONS
    ]
    named = set(re.findall(rf"{PREFIX}\w+", str(asked)))

    assert {each["kind"] for each in asked} == {"PodMonitor", "PrometheusRule", "ScaledObject"}
    assert named
    assert named <= {PREFIX + each.name for each in METRICS}


def test_every_port_that_is_scraped_is_one_of_a_pod() -> None:
    resources = combined("spool-per-receiver", ("prometheus",))
    [monitor] = [each for each in resources if each["kind"] == "PodMonitor"]
    ports = {
        port["name"]
        for _, template in templates(resources)
        for container in template["spec"]["containers"]
        for port in container["ports"]
    }

    assert {each["port"] for each in monitor["spec"]["podMetricsEndpoints"]} <= ports


@pytest.mark.parametrize("path", OVERLAYS, ids=lambda path: path.name)
def test_the_file_of_an_overlay_is_a_configuration(path: Path) -> None:
    [text] = [
        each["data"]["proxy.toml"]
        for each in build(path)
        if each["kind"] == "ConfigMap" and "proxy.toml" in each["data"]
    ]

    assert Sections(**tomllib.loads(text)).destinations


@pytest.mark.parametrize(
    ("broken", "rule"),
    [
        (lambda pod: pod["securityContext"].pop("runAsNonRoot"), "is not root"),
        (lambda pod: pod["containers"][0].pop("livenessProbe"), "startup and liveness"),
        (lambda pod: pod["containers"][0].pop("securityContext"), "is unprivileged"),
        (lambda pod: pod["containers"][0]["resources"].pop("limits"), "memory limit"),
        (lambda pod: pod["containers"][0].update(image="a/b:latest"), "has a tag that stays"),
        (lambda pod: pod["containers"][0].pop("readinessProbe"), "readiness probe"),
        (lambda pod: pod["containers"][1].update(readinessProbe={}), "whatever stands behind"),
        (lambda pod: pod.pop("automountServiceAccountToken"), "no token"),
        (lambda pod: pod.update(hostNetwork=True), "shares nothing"),
        (lambda pod: pod.pop("topologySpreadConstraints"), "spread over nodes"),
        (lambda pod: pod["containers"][0].pop("lifecycle"), "drains before it ends"),
    ],
)
def test_a_planted_violation_is_found(broken: Callable[[Resource], object], rule: str) -> None:
    resources = copy.deepcopy(combined("spool-per-receiver", ()))
    [pod] = [template["spec"] for name, template in templates(resources) if name == "receiver"]

    broken(pod)

    [found] = broken_rules(resources)
    assert rule in found


def test_a_missing_disruption_budget_is_found() -> None:
    resources = [
        each for each in combined("spool-shared", ()) if each["kind"] != "PodDisruptionBudget"
    ]

    assert len(broken_rules(resources)) == 2


def test_a_service_that_hides_the_modality_is_found() -> None:
    resources = copy.deepcopy(combined("spool-shared", ()))
    [service] = [
        each
        for each in resources
        if each["kind"] == "Service" and each["metadata"]["name"] == "receiver"
    ]
    service["spec"]["externalTrafficPolicy"] = "Cluster"

    assert broken_rules(resources) == ["receiver: keeps the modality's address"]
