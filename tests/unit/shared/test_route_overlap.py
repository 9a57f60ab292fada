"""Routes that never decide are told at start, and those that do so by their place alone."""

import pytest

from shared.admission_sections import KnownPeer
from shared.route_overlap import warnings, warnings_of_peers
from shared.route_sections import Route, Routing

NEVER = "routes.1 is never reached: routes.0 takes all that it matches"
OVERLAP = "routes.0 and routes.1 overlap: what matches both goes to the first"


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (Route(), Route(called_ae="CT"), NEVER),
        (Route(called_ae="CT*"), Route(called_ae="CT?"), NEVER),
        (Route(called_ae=("CT*", "MR")), Route(called_ae=("MR", "CT1")), NEVER),
        (Route(network="10.0.0.0/8"), Route(network="10.1.0.0/16", modality="CT"), NEVER),
        (Route(institution="a*"), Route(institution="ABC", upload_to=("x",)), NEVER),
        (Route(network=("0.0.0.0/0", "::/0")), Route(), NEVER),
        (Route(called_ae="CT"), Route(upload_to=("x",)), None),
        (Route(called_ae="CT*"), Route(called_ae="MR*", upload_to=("x",)), None),
        (Route(network="10.0.0.0/8"), Route(network="11.0.0.0/8", upload_to=("x",)), None),
        (Route(network="10.0.0.0/8"), Route(network="::/0", upload_to=("x",)), None),
        (Route(called_ae="CT*"), Route(calling_ae="X*", upload_to=("x",)), None),
        (Route(modality=("CT", "MR")), Route(modality=("MR", "US"), urgent=True), OVERLAP),
        (Route(network="10.0.0.0/9"), Route(network=("10.1.0.0/16", "::/0"), urgent=True), OVERLAP),
        (Route(called_ae="*1"), Route(called_ae="CT*", upload_to=("x",)), OVERLAP),
        (Route(called_ae="*1"), Route(called_ae="CT*"), None),
    ],
)
def test_two_routes(first: Route, second: Route, expected: str | None) -> None:
    assert list(warnings((first, second), Routing())) == ([expected] if expected else [])


def test_where_all_matches_count_none_is_in_the_way() -> None:
    assert not list(warnings((Route(), Route()), Routing(match="all")))


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (KnownPeer(), KnownPeer(calling_ae="CT1", may=()), NEVER),
        (KnownPeer(calling_ae="CT*"), KnownPeer(calling_ae=("CT1", "CT2")), NEVER),
        (KnownPeer(network="10.0.0.0/8"), KnownPeer(network="10.9.0.0/16", may=()), NEVER),
        (KnownPeer(calling_ae="CT*"), KnownPeer(calling_ae="*1", may=("echo",)), OVERLAP),
        (KnownPeer(calling_ae="CT*"), KnownPeer(calling_ae="*1", idle_timeout=5), OVERLAP),
        (KnownPeer(calling_ae="CT*"), KnownPeer(calling_ae="*1"), None),
        (KnownPeer(calling_ae="CT1"), KnownPeer(calling_ae="CT*", may=()), None),
        (KnownPeer(calling_ae="CT1"), KnownPeer(network="10.0.0.0/8", may=()), None),
    ],
)
def test_two_peers(first: KnownPeer, second: KnownPeer, expected: str | None) -> None:
    told = expected and expected.replace("routes", "peers")

    assert list(warnings_of_peers((first, second))) == ([told] if told else [])
