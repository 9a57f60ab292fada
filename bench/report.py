"""The tables that a sitting ends with."""

import os
import platform
from collections.abc import Iterator

from bench.results import Results
from bench.targets import verdicts
from standalone.table import table

COLUMNS = {  # figure: (head, digits)
    "instances_per_s": ("inst/s", 0),
    "queries_per_s": ("queries/s", 1),
    "associations_per_s": ("assoc/s", 0),
    "received_per_s": ("in/s", 0),
    "p50_ms": ("p50 ms", 2),
    "p99_ms": ("p99 ms", 2),
    "cpu_ms": ("CPU ms each", 2),
    "cpu_percent": ("CPU %", 1),
    "rss_mb": ("peak RSS MB", 0),
    "receiver_rss_mb": ("receiver MB", 0),
    "uploader_rss_mb": ("uploader MB", 0),
    "bytecodes": ("bytecodes", 0),
    "calls": ("calls", 0),
    "instances": ("instances", 0),
    "requests": ("requests", 0),
    "most_in_flight": ("in flight", 0),
    "restart_s": ("restart s", 2),
    "ready_s": ("ready s", 2),
    "over_base_mb": ("MB over base", 0),
}
LEAD = ("instances_per_s", "queries_per_s", "associations_per_s")


def machine() -> str:
    load = ", ".join(f"{each:.1f}" for each in os.getloadavg())
    where = f"{os.cpu_count()} cores, {platform.machine()}, {platform.system()}"
    return f"{where}, Python {platform.python_version()}, load {load}"


def suite(results: Results, name: str) -> str:
    """A row for each cell and peer: medians over the runs, with the range of the first figure."""
    present = {key for record in results.of(name) for key in record.figures}
    figures = [key for key in COLUMNS if key in present]
    heads = ["", "peer", *(COLUMNS[key][0] for key in figures), "range", "runs"]
    return table(heads, _rows(results, name, figures))


def _rows(results: Results, name: str, figures: list[str]) -> Iterator[list[str]]:
    last = ""
    for cell, peer in results.cells(name):
        runs = results.runs(name, cell, peer)
        faults = [each.fault for each in runs if each.fault]
        yield [
            cell if cell != last else "",
            peer,
            *(_text(results.median(name, cell, peer, key), key) for key in figures),
            _range(results, name, cell, peer),
            "; ".join([str(len(runs) - len(faults)), *dict.fromkeys(faults)]),
        ]
        last = cell


def _text(value: float | None, figure: str) -> str:
    return "" if value is None else f"{value:.{COLUMNS[figure][1]}f}"


def _range(results: Results, name: str, cell: str, peer: str) -> str:
    for figure in LEAD:
        values = results.values(name, cell, peer, figure).values()
        if len(values) > 1:
            return f"{min(values):.0f}-{max(values):.0f}"
    return ""


def targets(results: Results) -> str:
    rows = [
        [
            each.target.text,
            each.cell,
            each.target.needed,
            "not measured" if each.value is None else f"{each.value:.2f}",
            "yes" if each.met else "NO",
        ]
        for each in verdicts(results)
    ]
    return table(["target", "", "needed", "measured", "met"], rows)
