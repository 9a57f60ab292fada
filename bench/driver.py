"""Drives a system with load in a process of its own, and says what that cost the system."""

import json
import subprocess
import sys
from collections.abc import Callable
from typing import Any

from bench.find_load import FindLoad
from bench.find_load import argument as find_argument
from bench.load import Load, argument
from bench.site import ROOT, Failed, Site
from bench.usage import Usage

Launcher = Callable[[Site], int]  # starts a system, returns its DIMSE port

LONGEST = 300.0  # seconds for a load


def run(module: str, argument: str) -> dict[str, Any]:
    """Run a load generator; Failed if a connection broke."""
    done = subprocess.run(
        [sys.executable, "-m", module, argument],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=LONGEST,
        check=False,
    )
    if done.returncode:
        raise Failed(f"{module}: {done.stderr.strip()[-300:]}")
    figures: dict[str, Any] = json.loads(done.stdout)
    if figures["errors"]:
        raise Failed("; ".join(figures["errors"]))
    return figures


def generate(load: Load) -> dict[str, Any]:
    figures = run("bench.load", argument(load))
    if figures["refused"]:
        raise Failed(f"{figures['refused']} C-STORE requests refused")
    return figures


def find(site: Site, load: FindLoad) -> dict[str, float]:
    with site.usage() as usage:
        asked = run("bench.find_load", find_argument(load))
    figures = {key: asked[key] for key in ("queries_per_s", "p50_ms", "p99_ms", "queries")}
    return {**figures, **cost(usage, asked["queries"])}


def receive(site: Site, load: Load) -> dict[str, float]:
    """Figures of one load that ends with the last C-STORE response."""
    with site.usage() as usage:
        sent = generate(load)
    return {
        "instances_per_s": sent["rate"],
        "p50_ms": sent["p50_ms"],
        "p99_ms": sent["p99_ms"],
        "instances": sent["instances"],
        **cost(usage, sent["instances"]),
    }


def cost(usage: Usage, instances: int) -> dict[str, float]:
    peaks = {f"{name}_rss_mb": peak for name, peak in usage.peaks.items() if peak}
    if not usage.peak:  # no /proc here
        return {}
    return {
        "cpu_ms": 1000 * usage.cpu / max(instances, 1),
        "rss_mb": usage.peak,
        **peaks,
    }
