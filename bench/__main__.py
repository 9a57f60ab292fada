"""`make bench ARGS="--quick --only receive"`: the proxy and its peers, one after the other."""

import argparse
import time
from collections.abc import Callable, Sequence

from bench import (
    associations,
    bytecodes,
    ceilings,
    gateway,
    images,
    lone,
    memory,
    outage,
    receive,
    report,
    rules,
    scale,
    scrape,
    worklist,
)
from bench.peers import orthanc
from bench.plan import Plan
from bench.results import Results
from bench.site import Missing

SUITES: dict[str, Callable[[Plan, Results], None]] = {
    ceilings.SUITE: ceilings.measure,
    gateway.SUITE: gateway.measure,
    worklist.SUITE: worklist.measure,
    lone.SUITE: lone.measure,
    associations.SUITE: associations.measure,
    scale.SUITE: scale.measure,
    memory.SUITE: memory.measure,
    outage.SUITE: outage.measure,
    scrape.SUITE: scrape.measure,
    rules.SUITE: rules.measure,
    bytecodes.SUITE: bytecodes.measure,
    receive.SUITE: receive.measure,  # it writes the most
    images.SUITE: images.measure,
}
RUNS, QUICK_RUNS = 3, 1


def main(argv: Sequence[str] | None = None) -> None:
    options = arguments(argv)
    plan = Plan(options.runs or (QUICK_RUNS if options.quick else RUNS), quick=options.quick)
    results = Results()
    began = time.monotonic()
    print(f"{report.machine()}, {_orthanc()}; {plan.runs} runs, medians", flush=True)
    for name in options.only or SUITES:
        SUITES[name](plan, results)
    for name in options.only or SUITES:
        print(f"\n{name}\n\n{report.suite(results, name)}", end="")
    print(f"\n{report.targets(results)}")
    print(f"{time.monotonic() - began:.0f} s; {results.file}")


def arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="less of everything, one run")
    parser.add_argument("--only", nargs="+", choices=SUITES, help="these suites", metavar="SUITE")
    parser.add_argument("--runs", type=int, help="runs of each cell, interleaved")
    return parser.parse_args(argv)


def _orthanc() -> str:
    try:
        return orthanc.version()
    except Missing as missing:
        return str(missing)


if __name__ == "__main__":
    main()
