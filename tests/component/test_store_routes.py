"""Routes at work: what they turn away or let go leaves nothing on disk, and is told rightly."""

from pathlib import Path
from typing import Any

import pytest

from shared.route_sections import Route, Routing
from tests.support.data_sets import data_set, element
from tests.support.raw_association import Asking, RawAssociation
from tests.support.receivers import receiving
from tests.support.spools import files_below, open_spool

PLACES = ("cloud", "research")


def of_modality(modality: str) -> bytes:
    whole = data_set(pixels=bytes(200_000))
    uids = whole.index(element(0x0020_000D, "UI", "1.2.3"))
    return whole[:uids] + element(0x0008_0060, "CS", modality) + whole[uids:]


@pytest.mark.parametrize("route", [{"calling_ae": "*"}, {"modality": "CT"}])
def test_what_a_route_refuses_is_answered_with_its_status(
    tmp_path: Path, route: dict[str, Any]
) -> None:
    spool = open_spool(tmp_path)
    refusing = Route(action="refuse", status="C123", reason="send it to room 7", **route)

    with receiving(spool, routes=[refusing]) as port, RawAssociation(port) as modality:
        modality.associate()
        answers = [modality.store(of_modality("CT")) for _ in range(2)]

    assert [each.status for each in answers] == [0xC123, 0xC123]
    assert answers[0].elements[0x0902].decode().strip() == "send it to room 7"
    assert files_below(tmp_path) == set()


@pytest.mark.parametrize("route", [{"calling_ae": "*"}, {"modality": "SR"}])
def test_what_a_route_discards_is_counted_and_its_neighbours_are_kept(
    tmp_path: Path, route: dict[str, Any]
) -> None:
    spool = open_spool(tmp_path)
    discarding = Route(action="discard", reason="no reports", called_ae="SR", **route)

    with (
        receiving(spool, routes=[discarding], destinations=PLACES) as port,
        RawAssociation(port) as modality,
    ):
        modality.associate(Asking(called=b"SR"))
        answers = [modality.store(of_modality("SR")) for _ in range(3)]

    with receiving(spool, routes=[discarding]) as port, RawAssociation(port) as modality:
        modality.associate(Asking(called=b"CT"))
        answers.append(modality.store(of_modality("SR")))

    assert [each.status for each in answers] == [0, 0, 0, 0]
    assert len(list(spool.scan("cloud"))) == 1


def test_one_association_feeds_several_destinations_by_modality(tmp_path: Path) -> None:
    spool = open_spool(tmp_path)
    routes = [
        Route(modality=("CT", "MR"), upload_to=("cloud", "research")),
        Route(modality="U?", upload_to=("research",)),
    ]

    with (
        receiving(spool, routes=routes, destinations=PLACES) as port,
        RawAssociation(port) as modality,
    ):
        modality.associate()
        statuses = [modality.store(of_modality(each)).status for each in ("CT", "US", "XA")]

    assert statuses == [0, 0, 0]
    assert [len(list(spool.scan(each))) for each in PLACES] == [2, 2]


def test_what_matches_no_route_may_be_refused(tmp_path: Path) -> None:
    spool = open_spool(tmp_path)
    routing = Routing(unmatched="refuse", unmatched_status="A700")
    routes = [Route(network="127.0.0.0/8", modality="CT")]

    with receiving(spool, routes=routes, routing=routing) as port, RawAssociation(port) as modality:
        modality.associate()
        statuses = [modality.store(of_modality(each)).status for each in ("CT", "US")]

    assert statuses == [0, 0xA700]
    assert len(list(spool.scan("cloud"))) == 1
