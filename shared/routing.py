"""Which destinations an instance goes to, and why: one function for all who ask.

The receiver, the worklist and `route explain` decide by the same `Routes`, so they cannot disagree.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Literal, NamedTuple

from shared.head_tags import INSTITUTION_NAME, MANUFACTURER, MODALITY, SOP_CLASS_UID, STATION_NAME
from shared.route_sections import Route, Routing, alternatives
from shared.statuses import CANNOT_UNDERSTAND
from shared.wildcards import ANY, compiled, tidy

ENTITIES = ("called_ae", "calling_ae")
ATTRIBUTES = {  # condition of a route -> attribute of the data set's head
    "modality": MODALITY,
    "sop_class": SOP_CLASS_UID,
    "station_name": STATION_NAME,
    "institution": INSTITUTION_NAME,
    "manufacturer": MANUFACTURER,
}
CASELESS = frozenset({"station_name", "institution", "manufacturer"})
NETWORK = "network"

MAPPED = 96  # bits before an IPv4 address in an IPv6 one
SUBJECTS = 1024  # whose decision is kept; each is a few KiB at most
PEERS = 1024  # kinds of peers whose candidates are kept: names come from the wire

Network = IPv4Network | IPv6Network
Action = Literal["upload", "refuse", "discard"]


class Subject(NamedTuple):
    """What routes look at. A tuple: one is made and looked up for each instance."""

    called_ae: str
    calling_ae: str
    address: str = ""
    modality: str = ""
    sop_class: str = ""
    station_name: str = ""
    institution: str = ""
    manufacturer: str = ""
    readable: bool = True  # False: what is empty here may be in the data set all the same


@dataclass(frozen=True, slots=True)
class Decision:
    action: Action
    destinations: tuple[str, ...] = ()
    urgent: bool = False
    routes: tuple[int, ...] = ()  # numbers of those that decided; none: the default
    status: int = 0
    reason: str = ""


class Condition(NamedTuple):
    name: str  # of the setting
    wanted: tuple[str, ...]
    holds: Callable[[str], bool]

    def met_by(self, subject: Subject) -> bool:
        return self.holds(subject.address if self.name == NETWORK else getattr(subject, self.name))


class Rule:
    """A route, ready to be asked."""

    def __init__(self, number: int, route: Route) -> None:
        self.number = number
        self.route = route
        self.of_peer = tuple(_peer_conditions(route))
        self.of_head = tuple(_pattern_conditions(route, ATTRIBUTES))

    def fits_peer(self, subject: Subject) -> bool:
        return all(each.met_by(subject) for each in self.of_peer)

    def fits_head(self, subject: Subject) -> bool:
        return all(each.met_by(subject) for each in self.of_head)


class Routes:
    def __init__(
        self, routes: Sequence[Route], routing: Routing, upload_destinations: Sequence[str]
    ) -> None:
        self.rules = tuple(Rule(number, route) for number, route in enumerate(routes))
        self._first = routing.match == "first"
        self._default = routing.default_to or tuple(upload_destinations[:1])
        self._unmatched = (
            Decision("refuse", status=int(routing.unmatched_status, 16), reason="no route")
            if routing.unmatched == "refuse"
            else Decision("upload", self._default)
        )
        self._alone = {each.number: self._join((each,)) for each in self.rules}
        self._settled = lru_cache(maxsize=PEERS)(self._settle)
        # The instances of a series are all alike, and a series has thousands.
        self._decision = lru_cache(maxsize=SUBJECTS)(self._decide)

    def decide(self, subject: Subject) -> Decision:
        """Where an instance goes."""
        return self._decision(subject)

    def _decide(self, subject: Subject) -> Decision:
        candidates, settled = self._of(subject)
        if settled:
            return settled
        decision = self._decided([rule for rule in candidates if rule.fits_head(subject)])
        if decision.action == "discard" and not subject.readable:
            # Another route might have kept it: nobody is told Success on a guess.
            return replace(
                decision, action="refuse", status=CANNOT_UNDERSTAND, reason="attributes unreadable"
            )
        return decision

    def settled(self, called_ae: str, calling_ae: str, address: str) -> Decision | None:
        """Where all instances of a peer go, whatever their attributes; None: it depends on them."""
        return self._settled(called_ae, calling_ae, address)[1]

    def worklist(self, called_ae: str, calling_ae: str, address: str) -> str | None:
        """The destination that answers a query; None: the first that has a worklist."""
        subject = Subject(called_ae, calling_ae, address)
        matching = [rule for rule in self.rules if not rule.of_head and rule.fits_peer(subject)]
        if self._first:
            matching = matching[:1]
        named = (rule.route.worklist_from for rule in matching)
        return next((name for name in named if name), None)

    def _of(self, subject: Subject) -> tuple[tuple[Rule, ...], Decision | None]:
        return self._settled(subject.called_ae, subject.calling_ae, subject.address)

    def _settle(
        self, called_ae: str, calling_ae: str, address: str
    ) -> tuple[tuple[Rule, ...], Decision | None]:
        """The rules that may match, and what they come to if attributes do not matter."""
        subject = Subject(called_ae, calling_ae, address)
        candidates = tuple(rule for rule in self.rules if rule.fits_peer(subject))
        relevant = candidates[:1] if self._first else candidates
        open_ = any(rule.of_head for rule in relevant)
        return candidates, None if open_ else self._decided(candidates)

    def _decided(self, matching: Sequence[Rule]) -> Decision:
        if not matching:
            return self._unmatched
        return self._alone[matching[0].number] if self._first else self._join(matching)

    def _join(self, matching: Sequence[Rule]) -> Decision:
        """A refusal wins, so that nobody believes safe what one route turns away; an upload wins
        over discarding.
        """
        numbers = tuple(rule.number for rule in matching)
        for rule in matching:
            route = rule.route
            if route.action == "refuse":
                status = int(route.status, 16)
                return Decision("refuse", routes=numbers, status=status, reason=route.reason)
        uploads = [rule.route for rule in matching if rule.route.action == "upload"]
        if not uploads:
            return Decision("discard", routes=numbers, reason=matching[0].route.reason)
        named = tuple(dict.fromkeys(name for route in uploads for name in route.upload_to))
        urgent = any(route.urgent for route in uploads)
        return Decision("upload", named or self._default, urgent, numbers)


def _peer_conditions(route: Route) -> Iterator[Condition]:
    yield from _pattern_conditions(route, ENTITIES)
    if wanted := alternatives(route.network):
        yield Condition(NETWORK, wanted, within([ip_network(each) for each in wanted]))


def _pattern_conditions(route: Route, names: Sequence[str] | dict[str, int]) -> Iterator[Condition]:
    for name in names:
        wanted = alternatives(getattr(route, name))
        if ANY not in map(tidy, wanted):
            yield Condition(name, wanted, matching(wanted, ignore_case=name in CASELESS))


def matching(wanted: Sequence[str], *, ignore_case: bool = False) -> Callable[[str], bool]:
    """Whether a value matches one of these patterns."""
    patterns = [compiled(each, ignore_case=ignore_case) for each in wanted]
    return lambda value: any(each.fullmatch(value) for each in patterns)


def within(networks: Sequence[Network]) -> Callable[[str], bool]:
    """Whether an IP address lies in one of these networks."""
    plain = [_unmapped(each) for each in networks]

    def holds(text: str) -> bool:
        try:
            address = ip_address(text)
        except ValueError:  # nobody's
            return False
        if isinstance(address, IPv6Address) and address.ipv4_mapped:
            address = address.ipv4_mapped  # a socket for both families shows IPv4 peers so
        return any(address in network for network in plain)

    return holds


def _unmapped(network: Network) -> Network:
    """IPv4 as itself, where it is written as ::ffff:10.0.0.0/104 (RFC 4291 2.5.5.2)."""
    mapped = isinstance(network, IPv6Network) and network.network_address.ipv4_mapped
    if not mapped or network.prefixlen < MAPPED:
        return network
    return IPv4Network((mapped, network.prefixlen - MAPPED))
