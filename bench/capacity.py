"""The capacity model of docs/capacity.md, its tables and its plots: `python -m bench.capacity`.

Fluid, in steps of a minute: what arrives, what may leave, what waits. What a process can do is
measured (docs/capacity.md says how); the rest follows.
"""

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product
from math import ceil
from pathlib import Path

PAGES = Path(__file__).parents[1] / "docs" / "capacity"
RECEIVER = 700.0  # instances a second, one receiver process, CT, synced (suite receive)
# Seconds of a worker for an instance, beside the latency (suite scale, 1 uploader).
SENDING = 0.0012
INDEX = 38_000.0  # instances a second through one index: add, claim and acknowledge
REMEMBERED = 150  # bytes of Redis for an instance that waits, rounded up
BATCH = 64  # instances in a request at least, in a flood: it may grow where answers come soon
STEP = 60.0  # seconds
SHARE = 0.7  # of what it can do that a receiver is planned for
# For validation: of the origin server (seconds), and uploaders with a worker each.
LATENCIES, WORKERS = (0.05, 0.2, 1.0), (1, 4)
LEAST_BATCHES, VALIDATED = 20, 8.0  # for each worker; seconds at the model's rate
SENDING_SHARE = 0.35  # of what workers could do: four on two busy cores did that much at worst


@dataclass(frozen=True, slots=True)
class Load:
    rate: float  # instances a second
    size: float = 525e3  # bytes of an instance
    latency: float = 0.2  # seconds for which the origin server thinks about a request
    line: float = 125e6  # bytes a second
    outage: float = 86400.0  # seconds


@dataclass(frozen=True, slots=True)
class Needs:
    receivers: int  # processes
    in_flight: int  # requests at once: workers of all uploaders
    spool: float  # bytes
    redis: float  # bytes
    line: float  # bytes a second, to keep up
    index: float  # share of one index


def request(load: Load) -> float:
    """Seconds that a full batch takes one worker."""
    return load.latency + BATCH * SENDING


def drain(load: Load, workers: int) -> float:
    """Instances a second that can leave."""
    return min(workers * BATCH / request(load), load.line / load.size)


def needs(load: Load) -> Needs:
    waiting = load.rate * load.outage
    return Needs(
        receivers=ceil(load.rate / (RECEIVER * SHARE)),
        in_flight=ceil(load.rate * request(load) / (BATCH * SENDING_SHARE)),
        spool=waiting * load.size,
        redis=waiting * REMEMBERED,
        line=load.rate * load.size,
        index=load.rate / INDEX,
    )


def backlog(load: Load, workers: int, hours: float) -> Iterator[tuple[float, float]]:
    """(hours, instances that wait), an outage from the first hour on."""
    waiting, most = 0.0, drain(load, workers)
    for step in range(int(hours * 3600 / STEP) + 1):
        now = step * STEP
        yield now / 3600, waiting
        down = 3600 <= now < 3600 + load.outage
        waiting = max(0.0, waiting + (load.rate - (0 if down else most)) * STEP)


COLOURS = ("#1b6ca8", "#c0392b", "#2e8b57", "#8e44ad")
WIDTH, HEIGHT, EDGE = 640, 320, 56
Curve = tuple[str, Sequence[tuple[float, float]]]


def plot(title: str, across: str, up: str, curves: Sequence[Curve]) -> str:
    right = max(x for _, points in curves for x, _ in points)
    top = max(y for _, points in curves for _, y in points)

    def at(x: float, y: float) -> str:
        place_x = EDGE + x / right * (WIDTH - 2 * EDGE)
        return f"{place_x:.1f},{HEIGHT - EDGE - y / top * (HEIGHT - 2 * EDGE):.1f}"

    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}">',
        "<style>text {font: 12px sans-serif}</style>",
        f"<title>{title}</title>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        f'<polyline fill="none" stroke="black" points="{at(0, top)} {at(0, 0)} {at(right, 0)}"/>',
        f'<text x="{EDGE}" y="24" font-weight="bold">{title}</text>',
        f'<text x="{EDGE}" y="{EDGE - 10}">{up}: {top:,.3g} at most</text>',
        f'<text x="{EDGE}" y="{HEIGHT - 20}">{across}: 0 to {right:g}</text>',
    ]
    for number, (name, points) in enumerate(curves):
        colour = COLOURS[number]
        path = " ".join(at(x, y) for x, y in points)
        lines += [
            f'<polyline fill="none" stroke="{colour}" stroke-width="2" points="{path}"/>',
            f'<text x="{WIDTH - 160}" y="{40 + 16 * number}" fill="{colour}">{name}</text>',
        ]
    return "\n".join([*lines, "</svg>", ""])


SITE = Load(rate=20, outage=8 * 3600)
LINES = (15e6, 20e6, 40e6)  # bytes a second


def plots() -> dict[str, str]:
    outage = [
        (f"line of {line / 1e6:g} MB/s", list(backlog(replace(SITE, line=line), 10, 36))[::10])
        for line in LINES
    ]
    workers = [
        (
            f"{latency * 1000:g} ms",
            [(n, drain(replace(SITE, latency=latency, size=132e3), n)) for n in range(1, 41)],
        )
        for latency in (0.05, 0.2, 1.0)
    ]
    return {
        "outage.svg": plot(
            "20 CT instances a second, archive away for 8 hours", "hours", "waiting", outage
        ),
        "workers.svg": plot(
            "MR instances a second by requests in flight, 1 Gbit/s", "requests", "rate", workers
        ),
    }


def rows() -> Iterator[str]:
    """The table of the extrapolation."""
    for sites, an_hour in ((1, 1e3), (10, 1e4), (100, 1e5), (1000, 1e6)):
        need = needs(Load(rate=an_hour / 3600))
        yield (
            f"| {sites:,} | {an_hour:,.0f} | {need.receivers} | {need.in_flight} | "
            f"{need.spool / 1e12:,.2f} TB | {need.redis / 1e6:,.0f} MB | "
            f"{need.line * 8 / 1e6:,.0f} Mbit/s | {need.index:.2%} |"
        )


def validate() -> Iterator[str]:
    """A table of what the model says and what was measured now, here."""
    from bench.instances import MR
    from bench.scale import drained

    yield "| latency | workers | the model | measured | measured / model |"
    yield "|---|---|---|---|---|"
    for latency, workers in product(LATENCIES, WORKERS):
        said = drain(Load(rate=0, size=MR.size, latency=latency), workers)
        batches = max(LEAST_BATCHES * workers, ceil(said * VALIDATED / BATCH))
        rate = drained(latency, workers, batches * BATCH)["instances_per_s"]
        yield (
            f"| {latency * 1000:g} ms | {workers} | {said:,.0f}/s | {rate:,.0f}/s | "
            f"{rate / said:.2f} |"
        )


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.capacity", description=__doc__)
    parser.add_argument("--validate", action="store_true", help="compare it with real runs")
    if parser.parse_args().validate:
        for line in validate():
            print(line, flush=True)
        return
    PAGES.mkdir(exist_ok=True)
    for name, text in plots().items():
        PAGES.joinpath(name).write_text(text, "utf-8")
    print("\n".join(rows()))


if __name__ == "__main__":
    main()
