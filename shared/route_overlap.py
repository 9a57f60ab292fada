"""Routes that can never decide, or that decide only because they stand first: warned of at start.

Only where the first match decides: else all of them have their say.
"""

from collections.abc import Callable, Iterator, Sequence
from ipaddress import ip_network
from itertools import combinations

from shared.route_sections import Route, Routing, alternatives
from shared.routing import ATTRIBUTES, CASELESS, ENTITIES, NETWORK, Network
from shared.wildcards import ANY, includes, meet

PATTERNS = (*ENTITIES, *ATTRIBUTES)
EVERYWHERE = ("0.0.0.0/0", "::/0")

OUTCOME = ("action", "upload_to", "status", "worklist_from", "urgent")

Compare = Callable[[str, str], bool]


def warnings(routes: Sequence[Route], routing: Routing) -> Iterator[str]:
    if routing.match == "all":
        return
    for (first, earlier), (second, later) in combinations(enumerate(routes), 2):
        if _covers(earlier, later):
            yield f"routes.{second} is never reached: routes.{first} takes all that it matches"
        elif _outcome(earlier) != _outcome(later) and _crosses(earlier, later):
            yield f"routes.{first} and routes.{second} overlap: what matches both goes to the first"


def _covers(wide: Route, narrow: Route) -> bool:
    patterns = all(
        all(
            any(includes(one, other) for one in _patterns(wide, name))
            for other in _patterns(narrow, name)
        )
        for name in PATTERNS
    )
    return patterns and all(
        any(_within(other, one) for one in _networks(wide)) for other in _networks(narrow)
    )


def _crosses(one: Route, other: Route) -> bool:
    """They meet, by accident as it seems: where the later one includes the earlier, that is an
    exception to it, and routes that ask for different things are in order of their weight.
    """
    if _covers(other, one) or _asked(one) != _asked(other):
        return False
    return all(_any(meet, _patterns(one, name), _patterns(other, name)) for name in PATTERNS) and (
        any(a.overlaps(b) for a in _networks(one) for b in _networks(other))
    )


def _asked(route: Route) -> set[str]:
    """What it has conditions on."""
    patterns = {name for name in PATTERNS if ANY not in alternatives(getattr(route, name))}
    return patterns | ({NETWORK} if route.network else set())


def _any(compare: Compare, ones: Sequence[str], others: Sequence[str]) -> bool:
    return any(compare(one, other) for one in ones for other in others)


def _patterns(route: Route, name: str) -> list[str]:
    found = alternatives(getattr(route, name))
    return [each.casefold() if name in CASELESS else each for each in found]


def _networks(route: Route) -> list[Network]:
    return [ip_network(each) for each in alternatives(getattr(route, NETWORK)) or EVERYWHERE]


def _within(narrow: Network, wide: Network) -> bool:
    if narrow.version != wide.version:
        return False
    return narrow.prefixlen >= wide.prefixlen and narrow.network_address in wide


def _outcome(route: Route) -> tuple[object, ...]:
    return tuple(getattr(route, name) for name in OUTCOME)
