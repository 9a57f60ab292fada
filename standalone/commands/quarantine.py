"""`dicomweb-proxy quarantine`: instances that a destination refuses, and what becomes of them.

An instance waits here until somebody decides: requeue it once the cause is gone, or drop it.
"""

import argparse
import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from shared import audit
from shared.config import load
from shared.entry import sender_of
from shared.needs import NOTHING
from shared.quarantine import place
from shared.spool import Quarantined, Spool
from standalone import disposal
from standalone.disposal import NotChosen
from standalone.options import add_config, add_json
from standalone.table import printable, table

REASON = "failure_reason"  # of a record
SUMMARY = "see, requeue or drop what destinations refuse"
COLUMNS = ("Id", "Destination", "Received", "Bytes", "SOP Instance UID", "Why")


def add_options(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    for name, act, summary in ACTIONS:
        action = actions.add_parser(name, help=summary, description=summary)
        action.set_defaults(act=act)
        add_config(action)
        add_json(action)
        action.add_argument("--destination", metavar="NAME", help="of this destination only")
        if name != "list":
            action.add_argument("ids", nargs="*", metavar="ID", help="as listed, or its beginning")
            action.add_argument("--all", action="store_true", help="all of them")
        if name == "drop":
            action.add_argument("--yes", action="store_true", help="do not ask: delete for good")


def run(options: argparse.Namespace) -> int:
    options.settings = load(options.config, NOTHING)
    # Standard output is this command's.
    audit.configure(options.settings.audit, "quarantine", sys.stderr, announce=False)
    found = list(Spool(options.settings.spool).quarantined(options.destination))
    act: Callable[[argparse.Namespace, list[Quarantined]], int] = options.act
    return act(options, found)


def _list(options: argparse.Namespace, found: list[Quarantined]) -> int:
    if options.json:
        return _print_json([_as_json(each) for each in found])
    if found:
        sys.stdout.write(table(COLUMNS, [_row(each) for each in found]) + "\n")
    sys.stdout.write(f"{len(found)} in quarantine\n")
    return 0


def _show(options: argparse.Namespace, found: list[Quarantined]) -> int:
    chosen = _chosen(options, found)
    if options.json:
        return _print_json([_as_json(each) for each in chosen])
    for each in chosen:
        lines = {
            "id": each.name,
            "destination": each.destination,
            "received": _received(each),
            "bytes": each.size,
            **_sender(each),
            **{key: _readable(key, value) for key, value in each.record.items()},
            "file": place(options.settings.spool.path.absolute(), each),
        }
        text = "".join(f"{printable(key):<20} {printable(value)}\n" for key, value in lines.items())
        sys.stdout.write(text + "\n")
    return 0


def _sender(item: Quarantined) -> dict[str, str]:
    """Who sent it, where its name says so."""
    calling = sender_of(item.name).calling_ae
    return {"calling_ae": calling} if calling else {}


def _readable(key: str, value: object) -> object:
    """Failure Reason as the standard and the archives' logs have it (PS3.4 Table I.2-2)."""
    return f"0x{value:04X}" if key == REASON and isinstance(value, int) else value


def _requeue(options: argparse.Namespace, found: list[Quarantined]) -> int:
    chosen = _chosen(options, found)
    if options.all:
        chosen = disposal.sendable(chosen)
    done = disposal.requeue(options.settings, chosen, audit.login())
    return _done(options, "requeued", done)


def _drop(options: argparse.Namespace, found: list[Quarantined]) -> int:
    chosen = _chosen(options, found)
    if not options.yes and not _agreed(len(chosen)):
        raise NotChosen("nothing was dropped")
    done = disposal.drop(options.settings, chosen, audit.login())
    return _done(options, "dropped", done)


ACTIONS = (
    ("list", _list, "what is in quarantine, and why"),
    ("show", _show, "everything that is known about an instance"),
    ("requeue", _requeue, "back into the spool, to be sent again"),
    ("drop", _drop, "delete for good, without it ever having been stored"),
)


def _chosen(options: argparse.Namespace, found: list[Quarantined]) -> list[Quarantined]:
    if options.all:
        return found
    if not options.ids:
        raise NotChosen("say which: an ID, or --all")
    return list(disposal.chosen(found, options.ids))


def _agreed(count: int) -> bool:
    if not sys.stdin.isatty():
        raise NotChosen("dropping deletes for good; say --yes")
    sys.stdout.write(f"Delete {count} instances for good? They were never stored. [y/N] ")
    sys.stdout.flush()
    return sys.stdin.readline().strip().lower() in {"y", "yes"}


def _done(options: argparse.Namespace, what: str, chosen: list[Quarantined]) -> int:
    if options.json:
        return _print_json({what: [each.name for each in chosen]})
    sys.stdout.write(f"{len(chosen)} {what}\n")
    return 0


def _print_json(content: object) -> int:
    sys.stdout.write(json.dumps(content, indent=2, default=str) + "\n")
    return 0


def _as_json(item: Quarantined) -> dict[str, Any]:
    return {
        "id": item.name,
        "destination": item.destination,
        "received": _received(item),
        "bytes": item.size,
        **_sender(item),
        "record": dict(item.record),
    }


def _row(item: Quarantined) -> tuple[object, ...]:
    received, uid = _received(item), item.sop_instance_uid
    return (item.name, item.destination, received, item.size, uid, item.why)


def _received(item: Quarantined) -> str:
    return datetime.fromtimestamp(item.received, UTC).isoformat(" ", "seconds")
