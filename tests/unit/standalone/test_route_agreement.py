"""`route explain` says what the receiver does: for any routes, any peer and any data set."""

import asyncio
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from receiver.part10 import file_meta
from receiver.storage import router
from receiver.store import StorageService
from shared.config import Settings
from shared.destination import Destination
from shared.dimse.service import Peer, Request, Response
from shared.entry import Entry
from shared.head_tags import INSTITUTION_NAME, MANUFACTURER, MODALITY, STATION_NAME
from shared.route_sections import Route, Routing
from shared.routing import Subject
from shared.spool import Spool
from shared.uri_template import resolved
from standalone.commands.route import explain
from standalone.file_head import attributes
from tests.support.data_sets import element
from tests.support.spools import open_spool

EXPLICIT = "1.2.840.10008.1.2.1"
NAMES = ("one", "two", "three")
URIS = {
    "one": "https://one/studies",
    "two": "https://two/aets/{called_ae}/{modality}/studies",
    "three": "https://three/from/{calling_ae}/studies",
}
CLASSES = ("1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.4")
ADDRESSES = ("10.0.0.1", "10.1.0.1", "2001:db8::1", "::ffff:10.0.0.1")
TEXTS = ("", "A", "AB", "b", "Ä")


def pattern(*values: str) -> st.SearchStrategy[Any]:
    one = st.sampled_from(values)
    return st.one_of(st.just("*"), one, st.lists(one, min_size=1, max_size=2))


ANY_ROUTE = st.fixed_dictionaries(
    {
        "called_ae": pattern("A", "A*", "?"),
        "calling_ae": pattern("A", "*B"),
        "network": st.sampled_from(((), "10.0.0.0/16", ["2001:db8::/32", "10.1.0.1"])),
        "modality": pattern("A", "A?", "b"),
        "sop_class": pattern(*CLASSES, "1.2*.4"),
        "station_name": pattern("a*", "B"),
        "institution": pattern("?", "ä"),
        "manufacturer": pattern("*b*"),
    }
)
FATE = st.one_of(
    st.fixed_dictionaries(
        {
            "upload_to": st.lists(st.sampled_from(NAMES), min_size=1, max_size=2),
            "urgent": st.booleans(),
        }
    ),
    st.fixed_dictionaries({"urgent": st.booleans()}),
    st.fixed_dictionaries(
        {
            "action": st.sampled_from(("refuse", "discard")),
            "status": st.sampled_from(("0124", "A700", "C001")),
            "reason": st.just("so the site wants it"),
        }
    ),
)
ROUTES = st.lists(st.builds(lambda a, b: Route(**a, **b), ANY_ROUTE, FATE), max_size=5)
ROUTING = st.builds(
    Routing,
    match=st.sampled_from(("first", "all")),
    unmatched=st.sampled_from(("default", "refuse")),
    default_to=st.lists(st.sampled_from(NAMES), max_size=2, unique=True).map(tuple),
)
PEERS = st.builds(
    lambda called, calling, address: Peer("a1", calling, called, address, 104),
    st.sampled_from(("A", "AB", "C", "A/../B", "Ä")),
    st.sampled_from(("A", "AB", "C", "..", "A B", "100%")),
    st.sampled_from(ADDRESSES),
)
HEADS = st.fixed_dictionaries(
    {
        MODALITY: st.sampled_from((*TEXTS, "CT", "DOE")),
        MANUFACTURER: st.sampled_from(TEXTS),
        INSTITUTION_NAME: st.sampled_from(TEXTS),
        STATION_NAME: st.sampled_from(TEXTS),
    }
)


def data_set(sop_class: str, head: dict[int, str], *, broken: bool, encoding: str) -> bytes:
    """`broken`: it cannot be read beyond the UIDs."""
    identity = element(0x0008_0016, "UI", sop_class) + element(0x0008_0018, "UI", "1.2.3")
    middle = b"\x08\0\x20\0zz\2\0zz" if broken else b""
    texts = b"".join(
        element(tag, "LO", value.encode(encoding)) for tag, value in sorted(head.items()) if value
    )
    return identity + middle + texts + element(0x0020_000D, "UI", "1.2") + b"\x28\0\x10\0US\2\0\1\0"


class Site:
    """The receiver's Storage service on a spool, without a network."""

    def __init__(self, spool: Spool, chosen: Settings) -> None:
        self.kept: list[Entry] = []
        self.service = StorageService(spool, router(chosen), self.kept.extend, sync=False)

    def store(self, request: Request, data: bytes) -> tuple[int, list[Entry]]:
        self.kept.clear()
        answers: list[Response] = []

        async def respond(answer: Response) -> None:
            answers.append(answer)

        operation = self.service.begin(request)
        operation.write(memoryview(data))
        asyncio.run(operation.finish(respond))
        [answer] = answers
        return answer.status, list(self.kept)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("agreement")


@pytest.fixture(scope="module")
def spool(folder: Path) -> Iterator[Spool]:
    spool = open_spool(folder / "spool", sync=False)
    yield spool
    spool.close()


def configured(routes: Sequence[Route], routing: Routing) -> Settings:
    places = tuple(Destination(name=name, upload_uri=uri) for name, uri in URIS.items())
    return Settings(destinations=places, routes=tuple(routes), routing=routing)


@settings(max_examples=300)
@given(
    routes=ROUTES,
    routing=ROUTING,
    peer=PEERS,
    sop_class=st.sampled_from(CLASSES),
    head=HEADS,
    broken=st.booleans(),
    encoding=st.sampled_from(("utf-8", "latin-1")),
)
def test_what_is_explained_is_what_happens(
    folder: Path,
    spool: Spool,
    *,
    routes: list[Route],
    routing: Routing,
    peer: Peer,
    sop_class: str,
    head: dict[int, str],
    broken: bool,
    encoding: str,
) -> None:
    chosen = configured(routes, routing)
    data = data_set(sop_class, head, broken=broken, encoding=encoding)
    file = folder / "instance.dcm"
    file.write_bytes(file_meta(sop_class, "1.2.3", EXPLICIT) + data)
    readable, values = attributes(file)
    request = Request(peer, sop_class, EXPLICIT, 1, 1, sop_class, "1.2.3", 0)

    subject = Subject(peer.called_ae, peer.calling_ae, peer.address, readable=readable, **values)
    explained = explain(chosen, subject)
    status, kept = Site(spool, chosen).store(request, data)

    decision = explained.decision
    assert readable is not broken
    assert tuple(each.destination for each in kept) == decision.destinations
    assert {each.destination: resolved(URIS[each.destination], each.sender) for each in kept} == (
        explained.uris
    )
    assert status == decision.status
    assert (status == 0) is (decision.action != "refuse")
    assert all(each.urgent is decision.urgent for each in kept)
    if not broken:
        told = {each.route for each in explained.tried if each.matches}
        assert set(decision.routes) == told
    for each in kept:
        spool.release(each)


def test_what_is_given_by_hand_is_as_good_as_a_file() -> None:
    chosen = configured([Route(modality="CT", upload_to=("two",))], Routing())
    subject = Subject("A", "B", "10.0.0.1", modality="CT")

    assert explain(chosen, subject).decision.destinations == ("two",)
    unknown = explain(chosen, subject._replace(modality="MR"))
    assert unknown.decision.destinations == ("one",)
    assert unknown.tried[0].unmet == ["modality"]
