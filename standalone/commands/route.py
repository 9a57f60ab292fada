"""`dicomweb-proxy route explain`: where would an association's instances and queries go, and why?

The routes are asked as the receiver asks them; nothing is sent.
"""

import argparse
import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from shared.admission_sections import May
from shared.config import Settings, load
from shared.dimse.admission import FIELDS, Admission
from shared.dimse.rejection import CALLING_AE_NOT_RECOGNIZED
from shared.dimse.service import Peer
from shared.needs import NOTHING
from shared.route_overlap import warnings, warnings_of_peers
from shared.routing import ATTRIBUTES, Decision, Routes, Rule, Subject
from shared.sender import Sender
from shared.statuses import NOT_AUTHORIZED
from shared.uri_template import resolved
from standalone.options import add_config, add_json, ae_title, ip_address

SUMMARY = "where an AE title's instances and queries go, and why"
DEFAULT = "the default"
REFUSED = "refused"  # an association
INSTANCES, QUERIES = "instances", "queries"
SERVICES: dict[May, str] = {"store": INSTANCES, "query": QUERIES}


@dataclass(frozen=True, slots=True)
class Tried:
    """A route that was looked at."""

    route: int
    conditions: dict[str, list[str]]
    unmet: list[str]

    @property
    def matches(self) -> bool:
        return not self.unmet


@dataclass(frozen=True, slots=True)
class Explanation:
    subject: Subject
    admission: str
    turned_away: dict[str, str]  # instances or queries, and how, before any route is asked
    tried: tuple[Tried, ...]
    decision: Decision
    uris: dict[str, str]  # of the destinations, for this sender
    worklist_from: str | None
    warnings: tuple[str, ...]


def add_options(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    explain_ = actions.add_parser("explain", help=SUMMARY, description=__doc__)
    explain_.add_argument("--called-ae", type=ae_title, default="DICOMWEBPROXY", metavar="AE")
    explain_.add_argument("--calling-ae", type=ae_title, default="UNKNOWN", metavar="AE")
    explain_.add_argument(
        "--address", type=ip_address, default="127.0.0.1", help="IP address of the peer"
    )
    head = explain_.add_argument_group("the instance, where a route looks at it")
    head.add_argument("--file", type=Path, help="a DICOM file (PS3.10) that has the attributes")
    for name in ATTRIBUTES:
        head.add_argument(f"--{name.replace('_', '-')}", metavar="VALUE")
    add_config(explain_)
    add_json(explain_)


def run(options: argparse.Namespace) -> int:
    found = explain(load(options.config, NOTHING), _subject(options))
    sys.stdout.write(_as_json(found) if options.json else _as_text(found))
    return 0


def explain(settings: Settings, subject: Subject) -> Explanation:
    uploads = [each.name for each in settings.upload_destinations]
    routes = Routes(settings.routes, settings.routing, uploads)
    worklist = routes.worklist(subject.called_ae, subject.calling_ae, subject.address)
    decision = routes.decide(subject)
    sender = Sender.named(subject.called_ae, subject.calling_ae, subject.modality)
    places = {each.name: each.upload_uri or "" for each in settings.upload_destinations}
    admission, turned_away = _admission(settings, subject)
    return Explanation(
        subject,
        admission,
        turned_away,
        tuple(_tried(routes, subject, first=settings.routing.match == "first")),
        decision,
        {name: resolved(places[name], sender) for name in decision.destinations},
        worklist or next((each.name for each in settings.destinations if each.worklist_uri), None),
        (*warnings(settings.routes, settings.routing), *warnings_of_peers(settings.peers)),
    )


def _admission(settings: Settings, subject: Subject) -> tuple[str, dict[str, str]]:
    """What becomes of the association, and what is turned away with it or on it."""
    peer = Peer("", subject.calling_ae, subject.called_ae, subject.address, 0)
    admission = Admission(settings.admission, settings.peers)
    number = admission.number(peer)
    by = "" if number is None else f" by peers.{number}"
    if refused := admission.judge(peer):
        told = "{} {},{},{}".format(REFUSED, *refused)
        by = by if refused == CALLING_AE_NOT_RECOGNIZED else ""
        return f"{told}{by}", dict.fromkeys(SERVICES.values(), f"none: association {told}")
    denied = admission.denied(peer)
    may = ", ".join(name for name, field in FIELDS.items() if field not in denied)
    away = {
        what: f"refused with {NOT_AUTHORIZED:04X}: not allowed to this calling AE title"
        for service, what in SERVICES.items()
        if FIELDS[service] in denied
    }
    return f"admitted{by}, may {may}", away


def _subject(options: argparse.Namespace) -> Subject:
    peer = (options.called_ae, options.calling_ae, options.address)
    given = {name: value for name in ATTRIBUTES if (value := getattr(options, name)) is not None}
    if options.file is None:
        return Subject(*peer, **given)
    from standalone.file_head import attributes

    readable, values = attributes(options.file)
    return Subject(*peer, readable=readable, **{**values, **given})


def _tried(routes: Routes, subject: Subject, *, first: bool) -> list[Tried]:
    tried: list[Tried] = []
    for rule in routes.rules:
        tried.append(_asked(rule, subject))
        if first and tried[-1].matches:
            break
    return tried


def _asked(rule: Rule, subject: Subject) -> Tried:
    conditions = (*rule.of_peer, *rule.of_head)
    return Tried(
        rule.number,
        {each.name: list(each.wanted) for each in conditions},
        [each.name for each in conditions if not each.met_by(subject)],
    )


def _as_json(found: Explanation) -> str:
    decision, uris = found.decision, found.uris
    if away := found.turned_away.get(INSTANCES):  # whatever the routes would say
        refused = 0 if found.admission.startswith(REFUSED) else NOT_AUTHORIZED
        decision, uris = Decision("refuse", status=refused, reason=away), {}
    content = {
        "subject": found.subject._asdict(),
        "admission": found.admission,
        "turned_away": found.turned_away,
        "tried": [{**asdict(each), "matches": each.matches} for each in found.tried],
        "decided_by": list(decision.routes),
        "action": decision.action,
        "upload_to": list(decision.destinations),
        "uris": uris,
        "urgent": decision.urgent,
        "status": f"{decision.status:04X}",  # 0000 too where no association is accepted
        "reason": decision.reason,
        "worklist_from": found.worklist_from,
        "warnings": list(found.warnings),
    }
    return json.dumps(content, indent=2) + "\n"


def _as_text(found: Explanation) -> str:
    from standalone.table import table

    rows = [
        (
            f"routes.{each.route}",
            _shown(each),
            "no: " + ", ".join(each.unmet) if each.unmet else "yes",
        )
        for each in found.tried
    ]
    tried = table(("Route", "Conditions", "Matches"), rows) + "\n" if rows else ""
    by = ", ".join(f"routes.{number}" for number in found.decision.routes) or DEFAULT
    warned = "".join(f"warning: {each}\n" for each in found.warnings)
    away = found.turned_away
    stored = INSTANCES not in away
    return (
        f"{tried}association    {found.admission}\n"
        f"decided by     {by if stored else 'admission'}\n"
        f"instances      {away.get(INSTANCES) or _fate(found.decision)}\n"
        f"{_places(found.uris) if stored else ''}"
        f"worklist from  {away.get(QUERIES) or found.worklist_from or 'none'}\n{warned}"
    )


def _places(uris: dict[str, str]) -> str:
    return "".join(f"  {name:<12} {uri}\n" for name, uri in uris.items())


def _shown(tried: Tried) -> str:
    wanted = (f"{name} {' or '.join(values)}" for name, values in tried.conditions.items())
    return ", ".join(wanted) or "none"


def _fate(decision: Decision) -> str:
    if decision.action == "refuse":
        return f"refused with {decision.status:04X}: {decision.reason}"
    if decision.action == "discard":
        return f"discarded: {decision.reason}"
    urgent = ", urgent" if decision.urgent else ""
    return (", ".join(decision.destinations) or "refused: no destination") + urgent
