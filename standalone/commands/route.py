"""`dicomweb-proxy route explain`: where would an association's instances and queries go, and why?

The routes are asked as the receiver asks them; nothing is sent.
"""

import argparse
import json
import sys
from dataclasses import dataclass

from shared.config import Settings, load
from shared.sections import Route
from standalone.options import add_config, add_json, ae_title

SUMMARY = "where an AE title's instances and queries go, and why"


@dataclass(frozen=True, slots=True)
class Tried:
    """A route that was looked at."""

    number: int
    called_ae: str
    calling_ae: str
    matches: bool


@dataclass(frozen=True, slots=True)
class Explanation:
    tried: tuple[Tried, ...]
    decided_by: int | None  # number of the route; None: the default
    upload_to: tuple[str, ...]
    urgent: bool
    worklist_from: str | None


def add_options(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    explain_ = actions.add_parser("explain", help=SUMMARY, description=__doc__)
    explain_.add_argument("--called-ae", type=ae_title, default="DICOMWEBPROXY", metavar="AE")
    explain_.add_argument("--calling-ae", type=ae_title, default="UNKNOWN", metavar="AE")
    add_config(explain_)
    add_json(explain_)


def run(options: argparse.Namespace) -> int:
    found = explain(load(options.config), options.called_ae, options.calling_ae)
    sys.stdout.write(_as_json(found) if options.json else _as_text(found))
    return 0


def explain(settings: Settings, called_ae: str, calling_ae: str) -> Explanation:
    from receiver.routing import Router

    names = [each.name for each in settings.upload_destinations]
    way = Router(settings.routes, names).way(called_ae, calling_ae)
    tried = []
    for number, route in enumerate(settings.routes):
        matches = Router([route], names).way(called_ae, calling_ae).route is not None
        tried.append(Tried(number, route.called_ae, route.calling_ae, matches))
        if matches:
            break
    decided = None if way.route is None else settings.routes[way.route]
    return Explanation(
        tuple(tried), way.route, way.destinations, way.urgent, _worklist(settings, decided)
    )


def _worklist(settings: Settings, route: Route | None) -> str | None:
    """The route's, else the first destination that has a worklist."""
    if route and route.worklist_from:
        return route.worklist_from
    return next((each.name for each in settings.destinations if each.worklist_uri), None)


def _as_json(found: Explanation) -> str:
    content = {
        "tried": [
            {
                "route": each.number,
                "called_ae": each.called_ae,
                "calling_ae": each.calling_ae,
                "matches": each.matches,
            }
            for each in found.tried
        ],
        "decided_by": found.decided_by,
        "upload_to": list(found.upload_to),
        "urgent": found.urgent,
        "worklist_from": found.worklist_from,
    }
    return json.dumps(content, indent=2) + "\n"


def _as_text(found: Explanation) -> str:
    from standalone.table import table

    rows = [
        (f"routes.{each.number}", each.called_ae, each.calling_ae, "yes" if each.matches else "no")
        for each in found.tried
    ]
    tried = table(("Route", "Called AE", "Calling AE", "Matches"), rows) + "\n" if rows else ""
    by = "the default" if found.decided_by is None else f"routes.{found.decided_by}"
    urgent = ", urgent" if found.urgent else ""
    return (
        f"{tried}decided by     {by}\n"
        f"instances      {', '.join(found.upload_to) or 'refused: no destination'}{urgent}\n"
        f"worklist from  {found.worklist_from or 'none'}\n"
    )
