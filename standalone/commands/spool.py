"""`dicomweb-proxy spool check`: is everything in the spool as it should be?

Exit code 1 if anything was found that is not. --repair sets aside what cannot be sent, moves what
no destination would take, and has the index made complete; it never deletes an instance.
--requeue has every instance that waits announced anew, as after a loss of Redis.
"""

import argparse
import json
import sys
from typing import TYPE_CHECKING

from shared.config import Settings, load
from shared.needs import NOTHING
from standalone.exits import PROGRAM, UNUSABLE
from standalone.options import add_config, add_json

if TYPE_CHECKING:
    from shared.spool import Spool
    from shared.spool_check import Finding, Looked

ADVICE = (
    "configure its destination again, or say --orphans-to NAME --repair; "
    "--repair alone does nothing for it"
)
ANEW = "announced anew"
LEFT = ("not ", "nothing", "gone")  # how it begins where nothing was done
SUMMARY = "look through the spool for what is not as it should be"


def add_options(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    check = actions.add_parser("check", help=SUMMARY, description=__doc__)
    check.add_argument("--deep", action="store_true", help="read every byte")
    check.add_argument("--repair", action="store_true", help="do about it what is safe")
    check.add_argument(
        "--orphans-to",
        metavar="NAME",
        help="with --repair: the destination that gets what the settings have no destination for",
    )
    check.add_argument(
        "--requeue", action="store_true", help="have every waiting instance announced anew"
    )
    add_config(check)
    add_json(check)


def run(options: argparse.Namespace) -> int:
    settings = load(options.config, NOTHING)
    from shared.spool import Spool
    from shared.spool_check import Kind, Looked, check
    from standalone.index_client import indexed_paths, want_scan

    spool = Spool(settings.spool)
    names = [each.name for each in settings.upload_destinations]
    if options.orphans_to and options.orphans_to not in names:
        there = ", ".join(names) or "none"
        fault = f"there is no destination {options.orphans_to!r}; there is: {there}"
        sys.stderr.write(f"{PROGRAM}: --orphans-to: {fault}\n")
        return UNUSABLE
    looked = Looked()
    found = list(check(spool, names, indexed_paths(settings), deep=options.deep, looked=looked))
    if any(each.kind is Kind.GONE for each in found):  # or delivered while we looked
        still = indexed_paths(settings) or set()
        found = [each for each in found if each.kind is not Kind.GONE or each.path in still]
    done = [_repaired(options, spool, each) for each in found]
    unindexed = [options.repair and each.kind is Kind.UNINDEXED for each in found]
    announced = (any(unindexed) or options.requeue) and want_scan(settings)
    if announced:
        done = [ANEW if new else what for new, what in zip(unindexed, done, strict=True)]
    elif any(unindexed) or options.requeue:
        sys.stderr.write("Redis cannot be reached: the spool is looked through once it is back\n")
    if options.json:
        sys.stdout.write(_as_json(found, done))
    else:
        requeued = looked.waiting if announced and options.requeue else None
        sys.stdout.write(_as_text(settings, found, done) + _did(options, looked, done, requeued))
    return 1 if found else 0


def _did(options: argparse.Namespace, looked: "Looked", done: list[str], new: int | None) -> str:
    """What was asked for beside the look; `new`: how many are announced anew."""
    repaired = sum(1 for what in done if what and not what.startswith(LEFT))
    said = (
        (options.deep, f"read {looked.instances:,} instances, {looked.bytes:,} bytes"),
        (options.repair, f"repaired {repaired:,} of {len(done):,}"),
        (new is not None, f"requeued {new or 0:,}: uploaders look through the spool now"),
    )
    return "".join(f"{text}\n" for applies, text in said if applies)


def _repaired(options: argparse.Namespace, spool: "Spool", finding: "Finding") -> str:
    if not options.repair:
        return ""
    from shared.errors import SpoolError
    from shared.spool_check import Kind, repair

    if finding.kind is Kind.ORPHAN and not options.orphans_to:
        return "nothing: it needs --orphans-to NAME"

    try:
        return repair(spool, finding, orphans_to=options.orphans_to)
    except FileNotFoundError:
        return "gone meanwhile"
    except SpoolError as error:  # the others can be repaired nevertheless
        return f"not done: {error}"


def _as_json(found: list["Finding"], done: list[str]) -> str:
    content = [
        {"kind": each.kind.value, "path": each.path, "detail": each.detail, "done": what}
        for each, what in zip(found, done, strict=True)
    ]
    return json.dumps(content, indent=2) + "\n"


def _as_text(settings: Settings, found: list["Finding"], done: list[str]) -> str:
    from shared.spool_check import Kind
    from standalone.table import table

    if not found:
        return f"{settings.spool.path}: nothing is wrong\n"
    rows = [
        (each.kind.value, each.path, each.detail, what)
        for each, what in zip(found, done, strict=True)
    ]
    advice = f"orphan: {ADVICE}\n" if any(each.kind is Kind.ORPHAN for each in found) else ""
    return table(("What", "Path", "Detail", "Done"), rows) + f"\n{len(found)} found\n{advice}"
