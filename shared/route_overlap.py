"""Routes and peers that can never decide, or that decide only because they stand first: warned of
at start. Of routes only where the first match decides: else all of them have their say.
"""

from collections.abc import Callable, Iterator, Sequence
from ipaddress import ip_network
from itertools import combinations

from shared.admission_sections import KnownPeer
from shared.route_sections import Route, Routing, alternatives
from shared.routing import ATTRIBUTES, CASELESS, ENTITIES, NETWORK, Network
from shared.section import Section
from shared.wildcards import ANY, includes, meet

PATTERNS = (*ENTITIES, *ATTRIBUTES)
EVERYWHERE = ("0.0.0.0/0", "::/0")

OUTCOME = ("action", "upload_to", "status", "worklist_from", "urgent")

OUTCOME_OF_PEER = tuple(name for name in KnownPeer.model_fields if name not in {*ENTITIES, NETWORK})

Compare = Callable[[str, str], bool]


def warnings(routes: Sequence[Route], routing: Routing) -> Iterator[str]:
    if routing.match != "all":
        yield from _doubts("routes", routes, PATTERNS, OUTCOME)


def warnings_of_peers(peers: Sequence[KnownPeer]) -> Iterator[str]:
    return _doubts("peers", peers, ("calling_ae",), OUTCOME_OF_PEER)


def _doubts(
    table: str, items: Sequence[Section], names: Sequence[str], outcome: Sequence[str]
) -> Iterator[str]:
    """`names`: the conditions that are patterns; `outcome`: what an item says if it matches."""
    for (first, earlier), (second, later) in combinations(enumerate(items), 2):
        if _covers(earlier, later, names):
            yield f"{table}.{second} is never reached: {table}.{first} takes all that it matches"
        elif _values(earlier, outcome) != _values(later, outcome) and (
            _crosses(earlier, later, names)
        ):
            yield (
                f"{table}.{first} and {table}.{second} overlap: what matches both goes to the first"
            )


def _covers(wide: Section, narrow: Section, names: Sequence[str]) -> bool:
    patterns = all(
        all(
            any(includes(one, other) for one in _patterns(wide, name))
            for other in _patterns(narrow, name)
        )
        for name in names
    )
    return patterns and all(
        any(_within(other, one) for one in _networks(wide)) for other in _networks(narrow)
    )


def _crosses(one: Section, other: Section, names: Sequence[str]) -> bool:
    """They meet, by accident as it seems: where the later one includes the earlier, that is an
    exception to it, and items that ask for different things are in order of their weight.
    """
    if _covers(other, one, names) or _asked(one, names) != _asked(other, names):
        return False
    return all(_any(meet, _patterns(one, name), _patterns(other, name)) for name in names) and (
        any(a.overlaps(b) for a in _networks(one) for b in _networks(other))
    )


def _asked(item: Section, names: Sequence[str]) -> set[str]:
    """What it has conditions on."""
    patterns = {name for name in names if ANY not in alternatives(getattr(item, name))}
    return patterns | ({NETWORK} if getattr(item, NETWORK) else set())


def _any(compare: Compare, ones: Sequence[str], others: Sequence[str]) -> bool:
    return any(compare(one, other) for one in ones for other in others)


def _patterns(item: Section, name: str) -> list[str]:
    found = alternatives(getattr(item, name))
    return [each.casefold() if name in CASELESS else each for each in found]


def _networks(item: Section) -> list[Network]:
    return [ip_network(each) for each in alternatives(getattr(item, NETWORK)) or EVERYWHERE]


def _within(narrow: Network, wide: Network) -> bool:
    if narrow.version != wide.version:
        return False
    return narrow.prefixlen >= wide.prefixlen and narrow.network_address in wide


def _values(item: Section, names: Sequence[str]) -> tuple[object, ...]:
    return tuple(getattr(item, name) for name in names)
