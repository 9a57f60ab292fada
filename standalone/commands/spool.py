"""`dicomweb-proxy spool check`: what is not as it should be in the spool, and what to do about it.

It may run while the proxy does. No repair deletes an instance.
"""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Callable, Collection

from redis.exceptions import RedisError

from shared.config import Settings, load
from shared.entry import Entry
from shared.errors import ConfigurationError, SpoolError
from shared.index import Index
from shared.spool import Spool
from shared.spool_check import Finding, Kind, check, repair
from standalone.index_client import indexed, open_index, want_scan
from standalone.options import add_config, add_json
from standalone.table import table

SUMMARY = "look for what is not as it should be in the spool, and repair it"
SOUND, UNSOUND = 0, 1  # exit codes
COLUMNS = ("What", "Path", "Detail", "Done")

Row = tuple[Finding, str]  # and what was done about it


def add_options(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    action = actions.add_parser("check", help=SUMMARY, description=SUMMARY)
    add_config(action)
    add_json(action)
    action.add_argument("--deep", action="store_true", help="read every byte of every file")
    action.add_argument(
        "--repair",
        action="store_true",
        help="set aside what cannot be sent, and put the index right; deletes no instance",
    )
    action.add_argument(
        "--requeue",
        metavar="NAME",
        help="have this destination get what is kept for one that the settings do not have",
    )


def run(options: argparse.Namespace) -> int:
    settings = load(options.config)
    destinations = [each.name for each in settings.upload_destinations]
    if options.requeue and options.requeue not in destinations:
        raise ConfigurationError(f"--requeue: there is no upload destination {options.requeue!r}")
    spool = Spool(settings.spool)
    known = _known(settings, {*destinations, *spool.destinations()})
    mend = _mender(options, settings, spool)
    rows = [(each, mend(each)) for each in check(spool, destinations, known, deep=options.deep)]
    if options.repair or options.requeue:
        want_scan(settings)
    _print(options, rows, index_asked=known is not None)
    return UNSOUND if any(not done for _, done in rows) else SOUND


def _known(settings: Settings, destinations: Collection[str]) -> set[str] | None:
    """Paths in the index; None if it cannot be asked."""
    client = open_index(settings)
    if client is None:
        return None
    with client:
        try:
            return indexed(client, destinations)
        except RedisError:
            return None


def _mender(
    options: argparse.Namespace, settings: Settings, spool: Spool
) -> Callable[[Finding], str]:
    def mend(finding: Finding) -> str:
        wanted = options.requeue if finding.kind is Kind.ORPHAN else options.repair
        if not wanted:
            return ""
        try:
            return repair(spool, finding, orphans_to=options.requeue) or _mend_index(
                settings, finding
            )
        except FileNotFoundError:
            return "gone meanwhile"
        except SpoolError as error:
            sys.stderr.write(f"{finding.path}: {error}\n")
            return ""

    return mend


def _mend_index(settings: Settings, finding: Finding) -> str:
    if finding.kind is Kind.UNINDEXED:
        return "a scan will add it"
    client = open_index(settings)
    if finding.kind is not Kind.GONE or client is None:
        return ""
    with client:
        try:
            entry = Entry.at(finding.path)
            Index(client).ack(entry.destination, [entry])
        except (ValueError, RedisError):  # the next claim finds out by itself
            return ""
    return "taken out of the index"


def _print(options: argparse.Namespace, rows: list[Row], *, index_asked: bool) -> None:
    counts = Counter(finding.kind.value for finding, _ in rows)
    if options.json:
        found = [
            {"kind": each.kind, "path": each.path, "detail": each.detail, "done": done}
            for each, done in rows
        ]
        answer = {"index_asked": index_asked, "counts": counts, "findings": found}
        sys.stdout.write(json.dumps(answer, indent=2) + "\n")
        return
    if rows:
        cells = [(each.kind.value, each.path, each.detail, done) for each, done in rows]
        sys.stdout.write(table(COLUMNS, cells) + "\n")
    if not index_asked:
        sys.stdout.write("The index could not be asked: differences from it are not shown.\n")
    summary = ", ".join(f"{count} {kind}" for kind, count in sorted(counts.items()))
    sys.stdout.write(f"{summary or 'The spool is as it should be'}.\n")
