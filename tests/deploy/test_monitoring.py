"""Alert rules, dashboard and their compose profile: right by promtool, and about what there is."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from prometheus_client import CollectorRegistry, generate_latest

from shared import metrics
from shared.metric import Sample, Source, Spread
from shared.metrics import METRICS, PREFIX
from tests.support.alert_rules import COPY, copy
from tests.support.peers import peer
from tests.support.settings_reference import ROOT

MONITORING = ROOT / "deploy" / "monitoring"
RULES = MONITORING / "rules.yml"
DASHBOARD = MONITORING / "grafana" / "dashboards" / "dicomweb-proxy.json"
SUFFIXES = {"counter": ("",), "gauge": ("",), "histogram": ("_bucket", "_sum", "_count")}
THERE = {
    f"{PREFIX}{each.name}{suffix}": {*each.labels, "le"}
    if suffix == "_bucket"
    else set(each.labels)
    for each in METRICS
    for suffix in SUFFIXES[each.kind]
}
OF_THE_SCRAPE = {"namespace", "pod", "instance", "service"}


def promtool(*arguments: str | Path) -> None:
    command = [peer("promtool"), *map(str, arguments)]
    done = subprocess.run(command, cwd=MONITORING, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def alerts() -> dict[str, str]:
    groups = yaml.safe_load(RULES.read_text("utf-8"))["groups"]
    return {rule["alert"]: rule["expr"] for group in groups for rule in group["rules"]}


def expressions() -> Iterator[str]:
    yield from alerts().values()
    for panel in json.loads(DASHBOARD.read_text("utf-8"))["panels"]:
        yield from (target["expr"] for target in panel["targets"])


def test_the_rules_are_rules() -> None:
    promtool("check", "rules", RULES)
    promtool("check", "config", "prometheus.yml")


def test_alerts_are_raised_when_they_should_and_not_else() -> None:
    promtool("test", "rules", "rules.test.yml")


def test_every_alert_is_tested_and_explained() -> None:
    tested = yaml.safe_load((MONITORING / "rules.test.yml").read_text("utf-8"))["tests"]
    raised = {
        each["alertname"]
        for test in tested
        for each in test["alert_rule_test"]
        if each["exp_alerts"]
    }
    page = (ROOT / "docs" / "monitoring.md").read_text("utf-8")

    assert raised == alerts().keys()
    assert re.findall(r"^\| ([A-Z]\w+) \|", page, re.MULTILINE) == list(alerts())


def test_every_metric_that_is_asked_for_exists_and_has_these_labels() -> None:
    for expression in expressions():
        named = set(re.findall(rf"{PREFIX}\w+", expression))
        assert named <= THERE.keys(), expression
        possible = OF_THE_SCRAPE.union(*(THERE[each] for each in named))
        for labels in re.findall(r"\b(?:by|on|ignoring) \(([^)]*)\)", expression):
            assert set(labels.split(", ")) <= possible, expression
        for label in re.findall(r"(\w+)[!=]~?\"", expression):
            assert label in possible, expression


def test_every_metric_is_shown_or_waked_for() -> None:
    """Those that are for looking closer, by hand, are named here."""
    closer = {
        "faults_in_a_row", "running_ticks", "requests_total", "quarantined_total", "holds_total",
        "received_bytes_total", "irregular_total", "discarded_total", "spool_size_bytes",
    }  # fmt: skip
    asked = " ".join(expressions())

    assert {each.name for each in METRICS if PREFIX + each.name not in asked} == closer


def test_kubernetes_has_the_same_rules() -> None:
    assert COPY.read_text("utf-8") == copy(), "run `make docs`"
    assert yaml.safe_load(COPY.read_text("utf-8"))["spec"] == yaml.safe_load(RULES.read_text())


def fresh(source: Source) -> bytes:
    """What a process would tell that has nothing else to tell."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(metrics._Collector([source]))
    return generate_latest(registry)


def of_each_kind() -> Iterator[Sample]:
    for each in METRICS:
        counts = (1.0,) * (len(each.bounds) + 1)
        value = Spread(counts, 2.0) if each.kind == "histogram" else 1.0
        yield Sample(each, value, ('a "b"',) * len(each.labels))


def test_what_a_service_tells_is_what_prometheus_reads(tmp_path: Path) -> None:
    said = tmp_path / "metrics"
    said.write_bytes(fresh(of_each_kind))

    command = [peer("promtool"), "check", "metrics"]
    with said.open("rb") as stream:
        done = subprocess.run(command, stdin=stream, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("service", ["prometheus", "grafana"])
def test_the_compose_profile_names_files_that_are_there(service: str) -> None:
    content = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))
    found = content["services"][service]
    mounted = [each.split(":") for each in found["volumes"]]

    assert found["profiles"] == ["monitoring"]
    assert re.fullmatch(r"[\w/]+:v?\d+\.\d+\.\d+", found["image"])
    assert all(each.startswith("127.0.0.1:") for each in found["ports"])
    for source, *_ in mounted:
        assert (ROOT / source).exists() if source.startswith(".") else source in content["volumes"]


def test_compose_takes_the_profile() -> None:
    compose = [peer("docker"), "compose", "--profile", "monitoring", "config", "--services"]
    done = subprocess.run(compose, cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    assert {"prometheus", "grafana", "receiver"} <= set(done.stdout.split())
