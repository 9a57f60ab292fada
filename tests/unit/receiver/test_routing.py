"""AE titles lead to destinations: the first route that matches decides."""

import pytest

from receiver.routing import Router, Way
from shared.sections import Route

ROUTES = (
    Route(called_ae="CT*", upload_to=("cloud", "research"), urgent=True),
    Route(called_ae="MR", calling_ae="SCANNER?", upload_to=("research", "research")),
    Route(called_ae="WL", worklist_from="cloud"),
    Route(called_ae="CT1", upload_to=("never",)),
)


@pytest.mark.parametrize(
    ("called", "calling", "way"),
    [
        ("CT1", "ANY", Way(("cloud", "research"), urgent=True, route=0)),
        ("CT", "ANY", Way(("cloud", "research"), urgent=True, route=0)),
        ("MR", "SCANNER1", Way(("research",), route=1)),
        ("MR", "SCANNER12", Way(("cloud",))),
        ("WL", "ANY", Way(("cloud",), route=2)),
        ("ct1", "ANY", Way(("cloud",))),
        ("", "", Way(("cloud",))),
    ],
)
def test_the_first_route_that_matches_decides(called: str, calling: str, way: Way) -> None:
    router = Router(ROUTES, ["cloud", "research"])

    assert router.way(called, calling) == way


def test_brackets_in_an_ae_title_are_brackets() -> None:
    router = Router([Route(called_ae="[AB]", upload_to=("research",))], ["cloud"])

    assert router.way("[AB]", "X").destinations == ("research",)
    assert router.way("A", "X").destinations == ("cloud",)


def test_without_an_upload_destination_there_is_no_way() -> None:
    assert not Router([], []).leads_anywhere
