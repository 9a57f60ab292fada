"""What goes where: a table of routes and instances, each with what must become of it."""

from typing import Any

import pytest

from shared.route_sections import Route, Routing
from shared.routing import Decision, Routes, Subject
from tests.support.decisions import discarded, refused, to

UPLOADS = ("cloud", "research", "archive")
CT = "1.2.840.10008.5.1.4.1.1.2"

CALLED = (
    Route(called_ae="CT*", upload_to=("cloud", "research"), urgent=True),
    Route(called_ae="MR", calling_ae="SCANNER?", upload_to=("research", "research")),
    Route(called_ae="WL", worklist_from="cloud"),
    Route(called_ae="CT1", upload_to=("archive",)),
    Route(called_ae=("US", "XA*"), upload_to=("archive",)),
    Route(called_ae="[AB]", upload_to=("archive",)),
)
NETS = (
    Route(network="10.1.2.3", upload_to=("archive",)),
    Route(network=("10.0.0.0/8", "2001:db8::/32"), upload_to=("research",)),
    Route(network="192.168.7.0/24", calling_ae="OLD*", action="refuse", reason="no more"),
)
MAPPED = (
    Route(network="::ffff:10.9.0.0/112", upload_to=("archive",)),
    Route(network="::fffe:0:0/95", upload_to=("research",)),  # not of IPv4 alone
)
HEADS = (
    Route(modality=("CT", "MR"), institution="*clinic*", upload_to=("cloud", "research")),
    Route(modality="SR", action="discard", reason="no reports"),
    Route(sop_class=CT + "*", station_name="room?", upload_to=("research",)),
    Route(manufacturer="siemens*", upload_to=("archive",), urgent=True),
    Route(modality="OT", action="refuse", status="A700", reason="not here"),
    Route(institution="Universitäts*", upload_to=("research",)),
)
ANYTHING = (
    Route(called_ae="TEST", action="discard", reason="test images"),
    Route(modality="CT", upload_to=("cloud",)),
    Route(calling_ae="CT*", upload_to=("research", "cloud"), urgent=True),
    Route(network="10.9.0.0/16", action="refuse", status="C000", reason="quarantined network"),
    Route(modality="SR", action="discard", reason="no reports"),
    Route(calling_ae="Q", worklist_from="cloud"),
)
FIRST = Routing()
ALL = Routing(match="all")
REFUSING = Routing(unmatched="refuse", unmatched_status="A900")
TWO = Routing(default_to=("research", "archive"))

TABLE: list[tuple[tuple[Route, ...], Routing, dict[str, Any], Decision]] = [
    # Called and calling AE titles
    (CALLED, FIRST, {"called_ae": "CT1"}, to("cloud", "research", urgent=True, by=(0,))),
    (CALLED, FIRST, {"called_ae": "CT"}, to("cloud", "research", urgent=True, by=(0,))),
    (CALLED, FIRST, {"called_ae": "ct1"}, to("cloud")),
    (CALLED, FIRST, {"called_ae": "XCT1"}, to("cloud")),
    (CALLED, FIRST, {"called_ae": "MR", "calling_ae": "SCANNER1"}, to("research", by=(1,))),
    (CALLED, FIRST, {"called_ae": "MR", "calling_ae": "SCANNER12"}, to("cloud")),
    (CALLED, FIRST, {"called_ae": "MR", "calling_ae": "SCANNER"}, to("cloud")),
    (CALLED, FIRST, {"called_ae": "MR1", "calling_ae": "SCANNER1"}, to("cloud")),
    (CALLED, FIRST, {"called_ae": "WL"}, to("cloud", by=(2,))),
    (CALLED, FIRST, {"called_ae": "US"}, to("archive", by=(4,))),
    (CALLED, FIRST, {"called_ae": "US1"}, to("cloud")),
    (CALLED, FIRST, {"called_ae": "XA-ROOM"}, to("archive", by=(4,))),
    (CALLED, FIRST, {"called_ae": "[AB]"}, to("archive", by=(5,))),
    (CALLED, FIRST, {"called_ae": "A"}, to("cloud")),
    (CALLED, FIRST, {"called_ae": ""}, to("cloud")),
    (CALLED, FIRST, {"called_ae": "X\nY"}, to("cloud")),
    (CALLED, TWO, {"called_ae": "Z"}, to("research", "archive")),
    (CALLED, TWO, {"called_ae": "WL"}, to("research", "archive", by=(2,))),
    (CALLED, REFUSING, {"called_ae": "Z"}, refused(0xA900, "no route")),
    (CALLED, REFUSING, {"called_ae": "WL"}, to("cloud", by=(2,))),
    (CALLED, ALL, {"called_ae": "CT1"}, to("cloud", "research", "archive", urgent=True, by=(0, 3))),
    (CALLED, ALL, {"called_ae": "CT2"}, to("cloud", "research", urgent=True, by=(0,))),
    ((), FIRST, {"called_ae": "CT1"}, to("cloud")),
    ((), ALL, {}, to("cloud")),
    ((), REFUSING, {}, refused(0xA900, "no route")),
    # Networks
    (NETS, FIRST, {"address": "10.1.2.3"}, to("archive", by=(0,))),
    (NETS, FIRST, {"address": "10.1.2.4"}, to("research", by=(1,))),
    (NETS, FIRST, {"address": "10.255.255.255"}, to("research", by=(1,))),
    (NETS, FIRST, {"address": "11.0.0.0"}, to("cloud")),
    (NETS, FIRST, {"address": "::ffff:10.1.2.3"}, to("archive", by=(0,))),
    (NETS, FIRST, {"address": "::ffff:11.1.2.3"}, to("cloud")),
    (MAPPED, FIRST, {"address": "10.9.1.2"}, to("archive", by=(0,))),
    (MAPPED, FIRST, {"address": "::ffff:10.9.1.2"}, to("archive", by=(0,))),
    (MAPPED, FIRST, {"address": "10.10.1.2"}, to("cloud")),
    (NETS, FIRST, {"address": "2001:db8:1::1"}, to("research", by=(1,))),
    (NETS, FIRST, {"address": "2001:db9::1"}, to("cloud")),
    (NETS, FIRST, {"address": "fe80::1%eth0"}, to("cloud")),
    (NETS, FIRST, {"address": ""}, to("cloud")),
    (NETS, FIRST, {"address": "192.168.7.9", "calling_ae": "OLDCT"}, refused(0x124, "no more", 2)),
    (NETS, FIRST, {"address": "192.168.7.9", "calling_ae": "NEWCT"}, to("cloud")),
    (NETS, FIRST, {"address": "192.168.8.9", "calling_ae": "OLDCT"}, to("cloud")),
    (NETS, ALL, {"address": "10.1.2.3"}, to("archive", "research", by=(0, 1))),
    # Attributes of the head
    (
        HEADS,
        FIRST,
        {"modality": "CT", "institution": "St Clinic"},
        to("cloud", "research", by=(0,)),
    ),
    (HEADS, FIRST, {"modality": "MR", "institution": "CLINIC"}, to("cloud", "research", by=(0,))),
    (HEADS, FIRST, {"modality": "CT"}, to("cloud")),
    (HEADS, FIRST, {"modality": "CTX", "institution": "clinic"}, to("cloud")),
    (HEADS, FIRST, {"modality": "SR"}, discarded("no reports", 1)),
    (HEADS, FIRST, {"modality": "SR", "institution": "clinic"}, discarded("no reports", 1)),
    (HEADS, FIRST, {"modality": "sr"}, to("cloud")),
    (
        HEADS,
        FIRST,
        {"modality": "SR", "readable": False},
        refused(0xC000, "attributes unreadable", 1),
    ),
    (HEADS, FIRST, {"sop_class": CT, "station_name": "Room1"}, to("research", by=(2,))),
    (HEADS, FIRST, {"sop_class": CT + ".1", "station_name": "ROOM2"}, to("research", by=(2,))),
    (HEADS, FIRST, {"sop_class": CT, "station_name": "ROOM"}, to("cloud")),
    (HEADS, FIRST, {"sop_class": "1.2", "station_name": "ROOM1"}, to("cloud")),
    (HEADS, FIRST, {"manufacturer": "SIEMENS"}, to("archive", urgent=True, by=(3,))),
    (HEADS, FIRST, {"manufacturer": "Siemens AG"}, to("archive", urgent=True, by=(3,))),
    (HEADS, FIRST, {"manufacturer": "Not Siemens"}, to("cloud")),
    (HEADS, FIRST, {"modality": "OT"}, refused(0xA700, "not here", 4)),
    (HEADS, FIRST, {"modality": "OT", "readable": False}, refused(0xA700, "not here", 4)),
    (
        HEADS,
        FIRST,
        {"modality": "OT", "manufacturer": "SIEMENS"},
        to("archive", urgent=True, by=(3,)),
    ),
    (HEADS, FIRST, {"institution": "UNIVERSITÄTSKLINIK"}, to("research", by=(5,))),
    (HEADS, FIRST, {}, to("cloud")),
    (HEADS, FIRST, {"readable": False}, to("cloud")),
    (HEADS, REFUSING, {"modality": "CR"}, refused(0xA900, "no route")),
    (HEADS, TWO, {"modality": "CR"}, to("research", "archive")),
    (
        HEADS,
        ALL,
        {"modality": "CT", "institution": "clinic", "manufacturer": "siemens"},
        to("cloud", "research", "archive", urgent=True, by=(0, 3)),
    ),
    # All matches
    (ANYTHING, ALL, {"modality": "CT"}, to("cloud", by=(1,))),
    (
        ANYTHING,
        ALL,
        {"modality": "CT", "calling_ae": "CT9"},
        to("cloud", "research", urgent=True, by=(1, 2)),
    ),
    (
        ANYTHING,
        ALL,
        {"modality": "MR", "calling_ae": "CT9"},
        to("research", "cloud", urgent=True, by=(2,)),
    ),
    (
        ANYTHING,
        ALL,
        {"modality": "CT", "calling_ae": "CT9", "address": "10.9.1.1"},
        refused(0xC000, "quarantined network", 1, 2, 3),
    ),
    (ANYTHING, ALL, {"modality": "SR"}, discarded("no reports", 4)),
    (ANYTHING, ALL, {"modality": "SR", "called_ae": "TEST"}, discarded("test images", 0, 4)),
    (ANYTHING, ALL, {"modality": "CT", "called_ae": "TEST"}, to("cloud", by=(0, 1))),
    (ANYTHING, ALL, {"called_ae": "TEST"}, discarded("test images", 0)),
    (
        ANYTHING,
        ALL,
        {"called_ae": "TEST", "readable": False},
        refused(0xC000, "attributes unreadable", 0),
    ),
    (ANYTHING, ALL, {"calling_ae": "Q"}, to("cloud", by=(5,))),
    (ANYTHING, ALL, {"calling_ae": "Q", "modality": "SR"}, to("cloud", by=(4, 5))),
    (ANYTHING, ALL, {}, to("cloud")),
    # First match, settled by the peer alone
    (ANYTHING, FIRST, {"called_ae": "TEST", "modality": "CT"}, discarded("test images", 0)),
    (ANYTHING, FIRST, {"called_ae": "TEST", "readable": False}, discarded("test images", 0)),
    (ANYTHING, FIRST, {"modality": "CT", "address": "10.9.1.1"}, to("cloud", by=(1,))),
    (
        ANYTHING,
        FIRST,
        {"modality": "MR", "address": "10.9.1.1"},
        refused(0xC000, "quarantined network", 3),
    ),
]


@pytest.mark.parametrize(("routes", "routing", "given", "expected"), TABLE)
def test_an_instance_goes_where_the_routes_say(
    routes: tuple[Route, ...], routing: Routing, given: dict[str, Any], expected: Decision
) -> None:
    subject = Subject(**{"called_ae": "ANY", "calling_ae": "ANY", **given})
    found = Routes(routes, routing, UPLOADS)

    assert found.decide(subject) == expected
    settled = found.settled(subject.called_ae, subject.calling_ae, subject.address)
    assert settled in {None, expected}


@pytest.mark.parametrize(
    ("routes", "routing", "settled"),
    [
        (HEADS, FIRST, False),
        ((), FIRST, True),
        ((Route(upload_to=("cloud",)), *HEADS), FIRST, True),
        ((Route(upload_to=("cloud",)), *HEADS), ALL, False),
        ((Route(called_ae="OTHER", modality="CT"),), ALL, True),
        ((Route(modality="**"),), FIRST, True),
    ],
)
def test_attributes_are_waited_for_only_where_they_matter(
    routes: tuple[Route, ...], routing: Routing, *, settled: bool
) -> None:
    found = Routes(routes, routing, UPLOADS).settled("ANY", "ANY", "127.0.0.1")

    assert (found is not None) is settled


@pytest.mark.parametrize(
    ("routing", "called", "expected"),
    [
        (FIRST, "WL", "cloud"),
        (FIRST, "CT1", None),
        (ALL, "CT1", "second"),
        (FIRST, "X", "third"),
        (ALL, "WL", "cloud"),
    ],
)
def test_a_query_goes_by_the_routes_that_need_no_attributes(
    routing: Routing, called: str, expected: str | None
) -> None:
    routes = (
        Route(modality="CT", upload_to=("archive",)),
        Route(called_ae="CT*", upload_to=("research",)),
        Route(called_ae="CT1", worklist_from="second"),
        Route(called_ae="WL", worklist_from="cloud"),
        Route(worklist_from="third"),
    )

    assert Routes(routes, routing, UPLOADS).worklist(called, "ANY", "10.0.0.1") == expected
