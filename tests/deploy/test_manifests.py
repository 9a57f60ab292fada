"""The Kubernetes manifests: every combination that makes sense renders, fits the schemas and keeps
our rules; what makes none is refused.
"""

import copy
import json
import re
import tomllib
from functools import cache
from itertools import permutations
from pathlib import Path
from typing import Any

import jsonschema
import kubernetes_validate
import pytest

from shared.dimse.acceptor import memory_bound
from shared.metrics import METRICS, PREFIX
from shared.sections import Receive, Sections
from tests.support.manifest_rules import broken_rules
from tests.support.manifests import (
    COMPONENTS,
    KUBERNETES,
    LAYOUTS,
    OVERLAYS,
    PER_RECEIVER,
    SHARED,
    Combination,
    Resource,
    agree,
    every_combination,
    templates,
)

SCHEMAS = Path(__file__).parents[1] / "fixtures" / "crds"
EXTENSIONS = {"monitoring.coreos.com/v1", "keda.sh/v1alpha1"}
VERSIONS = ("1.32", "1.35", "1.37")
COMBINATIONS = list(every_combination())
everywhere = pytest.mark.parametrize("combination", COMBINATIONS, ids=str)


@cache
def fits(resource: str, version: str) -> None:
    """Most resources are the same in most combinations. Raises ValidationError."""
    kubernetes_validate.validate(json.loads(resource), version, strict=True)


@everywhere
def test_it_fits_the_schemas_of_three_kubernetes_versions(combination: Combination) -> None:
    for resource in combination.render():
        if resource["apiVersion"] in EXTENSIONS:
            fits_extension(resource)  # their schemas are not Kubernetes' own
            continue
        for version in VERSIONS:
            fits(json.dumps(resource), version)


@everywhere
def test_it_keeps_our_rules(combination: Combination) -> None:
    assert broken_rules(combination.render()) == []


@everywhere
def test_it_has_what_its_components_add_and_nothing_else(combination: Combination) -> None:
    text = json.dumps(combination.render())
    added = {name for name, mark in MARKS.items() if mark in text}

    assert added == combination.all_components


# What shows that a component has had its effect, on the pods where it has one.
MARKS = {
    "prometheus": '"kind": "PodMonitor"',
    "tls": '"targetPort": "dimse-tls"',
    "workload-identity-gke": '"name": "to-metadata-server"',
    "workload-identity-aks": '"mountPath": "/run/identity"',
    "hpa": '"kind": "HorizontalPodAutoscaler"',
    "keda": '"kind": "ScaledObject"',
    "redis-password": "requirepass",
    "external-redis": '"name": "to-external-redis"',
}


def test_the_table_knows_every_component_and_layout() -> None:
    folders = {each.parent.name for each in KUBERNETES.glob("components/*/kustomization.yaml")}
    layouts = {each.parent.name for each in KUBERNETES.glob("spool-*/kustomization.yaml")}

    assert COMPONENTS.keys() == folders == MARKS.keys()
    assert {*LAYOUTS} == layouts
    assert {each.base for each in COMBINATIONS} == {*LAYOUTS, *OVERLAYS}


FEW = [
    *(Combination(PER_RECEIVER, (each,)) for each in COMPONENTS),
    *(Combination(SHARED, pair) for pair in permutations(COMPONENTS, 2)),
]
HARMLESS = {"workload-identity-gke", "workload-identity-aks"}  # no cluster is both
MISFITS = [
    each
    for each in FEW
    if not agree(each.base, frozenset(each.components)) and {*each.components} != HARMLESS
]


@pytest.mark.parametrize("combination", MISFITS, ids=str)
def test_what_does_not_go_together_is_refused(combination: Combination) -> None:
    try:
        broken = broken_rules(combination.render())
    except AssertionError:
        return  # kustomize itself does
    assert broken


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_order_of_components_does_not_matter(layout: str) -> None:
    largest = max((each for each in COMBINATIONS if each.base == layout), key=weight)
    reverse = Combination(layout, largest.components[::-1])

    assert broken_rules(reverse.render()) == []
    assert unordered(reverse.render()) == unordered(largest.render())


def weight(combination: Combination) -> int:
    return len(combination.components)


def unordered(value: Any) -> str:
    """Lists of variables, ports, volumes and resources are sets."""
    if isinstance(value, dict):
        return str(sorted((key, unordered(each)) for key, each in value.items()))
    if isinstance(value, list):
        return str(sorted(map(unordered, value)))
    return str(value)


def fits_extension(resource: Resource) -> None:
    """Against what we wrote down of the fields that we use. Raises ValidationError."""
    schema = json.loads((SCHEMAS / f"{resource['kind']}.json").read_text("utf-8"))
    jsonschema.validate(resource, schema)


@pytest.fixture
def extensions() -> list[Resource]:
    rendered = Combination(SHARED, ("prometheus", "keda")).render()
    return copy.deepcopy([each for each in rendered if each["apiVersion"] in EXTENSIONS])


def test_a_misspelt_field_of_an_extension_is_found(extensions: list[Resource]) -> None:
    for each in extensions:
        each["spec"]["misspelt"] = 1
        with pytest.raises(jsonschema.ValidationError, match="misspelt"):
            fits_extension(each)


def test_rules_and_triggers_ask_for_metrics_that_there_are(extensions: list[Resource]) -> None:
    named = set(re.findall(rf"{PREFIX}\w+", str(extensions)))

    assert {each["kind"] for each in extensions} == {"PodMonitor", "PrometheusRule", "ScaledObject"}
    assert named
    assert named <= {PREFIX + each.name for each in METRICS}


def test_every_port_that_is_scraped_is_one_of_a_pod() -> None:
    resources = Combination(PER_RECEIVER, ("prometheus",)).render()
    [monitor] = [each for each in resources if each["kind"] == "PodMonitor"]
    ports = {
        port["name"]
        for _, template in templates(resources)
        for container in template["spec"]["containers"]
        for port in container["ports"]
    }

    assert {each["port"] for each in monitor["spec"]["podMetricsEndpoints"]} <= ports


@pytest.mark.parametrize("name", ["receiver", "worklist"])
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("components", [(), ("tls",)], ids=["plain", "tls"])
def test_memory_is_enough_for_all_that_associations_may_take(
    name: str, layout: str, components: tuple[str, ...]
) -> None:
    pods = dict(templates(Combination(layout, components).render()))
    first = pods[name]["spec"]["containers"][0]
    certificate = Path("tls.crt") if components else None

    [(number, unit)] = re.findall(r"(\d+)([MG])i", first["resources"]["limits"]["memory"])

    bound = memory_bound(Receive(tls_certificate_file=certificate))
    assert bound + (128 << 20) <= int(number) << {"M": 20, "G": 30}[unit]


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_the_file_of_an_overlay_is_a_configuration(overlay: str) -> None:
    [text] = [
        each["data"]["proxy.toml"]
        for each in Combination(overlay).render()
        if each["kind"] == "ConfigMap" and "proxy.toml" in each["data"]
    ]

    assert Sections(**tomllib.loads(text)).destinations
