"""Who may connect, how often, and what for."""

from typing import Any

import pytest

from shared.admission_sections import AdmissionSettings, KnownPeer
from shared.dimse.admission import Admission
from tests.support.acceptor import WORKLIST, RecordingService, accepting
from tests.support.raw_association import (
    CT,
    EXPLICIT,
    VERIFICATION,
    Asking,
    RawAssociation,
    c_echo_rq,
    c_store_rq,
    command,
    p_data,
    us,
)

ABORT = 7
NOT_OUR_TITLE = (3, bytes((0, 1, 1, 7)))
NOT_THEIRS = (3, bytes((0, 1, 1, 3)))
LIMIT = (3, bytes((0, 2, 3, 2)))
EVERYTHING = [(1, CT, [EXPLICIT]), (3, VERIFICATION, [EXPLICIT]), (5, WORKLIST, [EXPLICIT])]


def answer(port: int, called: bytes = b"PROXY", calling: bytes = b"CT1") -> tuple[int, bytes]:
    with RawAssociation(port) as requestor:
        requestor.send(Asking(called=called, calling=calling).encode())
        kind, body = requestor.read()
        return kind, body if kind == 3 else b""


ACCEPTED = (2, b"")


def admission(*peers: KnownPeer, **settings: Any) -> Admission:
    return Admission(AdmissionSettings(**settings), peers)


@pytest.mark.parametrize(
    ("settings", "peers", "called", "calling", "expected"),
    [
        ({}, [], b"ANY", b"ANY", ACCEPTED),
        ({"called_ae": "PROXY"}, [], b"PROXY", b"CT1", ACCEPTED),
        ({"called_ae": ["A*", "PROXY"]}, [], b"PROXY", b"CT1", ACCEPTED),
        ({"called_ae": "PROXY"}, [], b"OTHER", b"CT1", NOT_OUR_TITLE),
        ({"strangers": "refuse"}, [KnownPeer(calling_ae="CT*")], b"X", b"CT1", ACCEPTED),
        ({"strangers": "refuse"}, [KnownPeer(calling_ae="CT*")], b"X", b"MR1", NOT_THEIRS),
        ({"strangers": "refuse"}, [KnownPeer(network="127.0.0.0/8")], b"X", b"A", ACCEPTED),
        ({"strangers": "refuse"}, [KnownPeer(network="10.0.0.0/8")], b"X", b"A", NOT_THEIRS),
        ({}, [KnownPeer(calling_ae="BAD", may=())], b"X", b"BAD", NOT_THEIRS),
        ({}, [KnownPeer(calling_ae="BAD", may=())], b"X", b"GOOD", ACCEPTED),
        ({}, [KnownPeer(network="127.0.0.1", may=())], b"X", b"A", NOT_THEIRS),
        ({}, [KnownPeer(calling_ae="CT1"), KnownPeer(may=())], b"X", b"CT1", ACCEPTED),
    ],
)
def test_an_association_is_judged_by_titles_and_network(
    settings: dict[str, Any],
    peers: list[KnownPeer],
    called: bytes,
    calling: bytes,
    expected: tuple[int, bytes],
) -> None:
    with accepting(RecordingService(), admission=admission(*peers, **settings)) as running:
        assert answer(running.port, called, calling) == expected


@pytest.mark.parametrize(
    ("may", "statuses"),
    [
        (("echo", "store", "query"), [0, 0, 0]),
        (("echo",), [0, 0x124, 0x124]),
        (("store", "query"), [0x124, 0, 0]),
        (("echo", "query"), [0, 0x124, 0]),
    ],
)
def test_what_a_peer_may_not_do_is_answered_not_authorised(
    may: tuple[Any, ...], statuses: list[int]
) -> None:
    service = RecordingService()
    known = admission(KnownPeer(calling_ae="RAW", may=may))
    find = command(us(0x0100, 0x0020), us(0x0110, 3), us(0x0700, 0), us(0x0800, 1))

    with accepting(service, admission=known) as running, RawAssociation(running.port) as peer:
        peer.associate(Asking(contexts=EVERYTHING))
        found = []
        for number, asked, data in (
            (3, c_echo_rq(), b""),
            (1, c_store_rq(), b"x"),
            (5, find, b"x"),
        ):
            peer.send(p_data(number, 3, asked), *([p_data(number, 2, data)] if data else []))
            found.append(peer.answer().status)

    assert found == statuses
    assert len(service.received) == statuses[1:].count(0)


def test_a_peer_may_have_a_limit_of_its_own() -> None:
    known = admission(KnownPeer(calling_ae="CT1", max_associations=1))

    with (
        accepting(RecordingService(), admission=known) as running,
        RawAssociation(running.port) as first,
    ):
        first.associate(Asking(calling=b"CT1"))

        assert answer(running.port) == LIMIT
        assert answer(running.port, calling=b"CT2") == ACCEPTED


@pytest.mark.parametrize(
    ("known", "told"), [(admission(), True), (admission(called_ae="PROXY"), False)]
)
def test_whoever_is_open_to_all_says_so_at_start(
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    known: Admission,
    *,
    told: bool,
) -> None:
    with accepting(RecordingService(), admission=known):
        pass

    logged = capsys.readouterr().out + caplog.text  # as another test may have left it
    assert ("admission.promiscuous" in logged) is told


DATA = p_data(1, 2, bytes(64))
ANNOUNCED = p_data(1, 3, c_store_rq())


@pytest.mark.parametrize(
    ("name", "sent", "left"),
    [
        ("idle_timeout", b"", ANNOUNCED + DATA),
        ("pdu_timeout", ANNOUNCED + DATA[:-7], DATA[-7:]),
        ("message_timeout", ANNOUNCED, DATA),
    ],
)
def test_a_peer_has_time_outs_of_its_own_and_others_have_those_of_all(
    name: str, sent: bytes, left: bytes
) -> None:
    own: dict[str, Any] = {name: 0.3}
    who = admission(KnownPeer(calling_ae="SLOW*"), KnownPeer(calling_ae="QUICK", **own))
    with (
        accepting(RecordingService(), admission=who) as running,
        RawAssociation(running.port) as quick,
        RawAssociation(running.port) as slow,
    ):
        for modality, title in ((quick, b"QUICK"), (slow, b"SLOW1")):
            modality.associate(Asking(calling=title))
            modality.send(sent)

        assert quick.read()[0] == ABORT
        slow.send(left)
        assert slow.answer().status == 0


def test_a_query_whose_identifier_never_comes_ends_by_the_message_timeout_of_its_peer() -> None:
    who = admission(KnownPeer(calling_ae="SCHEDULER", message_timeout=0.3))
    with (
        accepting(RecordingService(), admission=who) as running,
        RawAssociation(running.port) as scheduler,
    ):
        scheduler.associate(Asking(calling=b"SCHEDULER", contexts=EVERYTHING))
        scheduler.send(p_data(5, 3, command(us(0x0100, 0x0020), us(0x0110, 7), us(0x0800, 1))))

        assert scheduler.read()[0] == ABORT
