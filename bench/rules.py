"""What admission and routes cost: 40 AE titles and 20 routes against none, receiving."""

from functools import partial
from pathlib import Path

from bench import receive
from bench.instances import MR
from bench.peers import ours
from bench.plan import Plan, record, rotated
from bench.results import Results
from bench.site import Site

SUITE = "rules"
PLAIN, RULED = "proxy, no rules", "proxy, 40 AE titles, 20 routes"
ASSOCIATIONS = 4
RUNS = 5  # pairs at least: the difference is small
AE_TITLES, ROUTES = 40, 20
CELL = receive.cell(MR, ASSOCIATIONS)


def measure(plan: Plan, results: Results) -> None:
    launchers = {PLAIN: _plain, RULED: _ruled}
    for run in range(plan.runs if plan.quick else max(plan.runs, RUNS)):
        for name in rotated(tuple(launchers), run):
            work = partial(receive.load, plan, launchers[name], MR, ASSOCIATIONS)
            record(results, SUITE, CELL, name, run, work)


def _plain(site: Site) -> int:
    return ours.receiver(site, ours.Proxy(sync=False))


def _ruled(site: Site) -> int:
    """The load matches the last of the peers, and of the routes the last, by its modality."""
    file = Path(site.folder) / "proxy.toml"
    peers = "".join(f'[[peers]]\ncalling_ae = "{name}"\n' for name in _titles())
    routes = "".join(
        f'[[routes]]\ncalling_ae = "ROOM{number}*"\nmodality = "MR"\nupload_to = ["default"]\n'
        for number in range(1, ROUTES)
    )
    last = '[[routes]]\nmodality = ["CT", "MR"]\nupload_to = ["default"]\n'
    file.write_text(f'[admission]\nstrangers = "refuse"\n{peers}{routes}{last}')
    return ours.receiver(site, ours.Proxy(sync=False, settings={"CONFIG": str(file)}))


def _titles() -> list[str]:
    return [*(f"ROOM{number}" for number in range(1, AE_TITLES)), "LOAD"]
