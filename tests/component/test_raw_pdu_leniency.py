"""What real devices send and the standard does not allow: none of it costs them the association."""

import struct
from collections.abc import Iterator

import pytest

from shared.dimse.service import Peer
from shared.uid import IMPLEMENTATION_CLASS_UID
from tests.support.acceptor import PRIVATE, RecordingService, Running, accepting
from tests.support.raw_association import (
    BIG_ENDIAN,
    CT,
    DEFLATED,
    EXPLICIT,
    IMPLICIT,
    VERIFICATION,
    Asking,
    RawAssociation,
    item,
)

JPEG = "1.2.840.10008.1.2.4.50"
PRIVATE_SYNTAX = "1.2.826.0.1.3680043.9.9998.1"


@pytest.fixture
def service() -> RecordingService:
    return RecordingService()


@pytest.fixture
def running(service: RecordingService) -> Iterator[Running]:
    with accepting(service, ae_title="OURS") as running:
        yield running


def peer_of(running: Running, service: RecordingService, asking: Asking) -> Peer:
    with RawAssociation(running.port) as requestor:
        requestor.associate(asking)
        assert requestor.store(b"data").status == 0
        assert requestor.release() == 6
    return service.received[-1].request.peer


@pytest.mark.parametrize(
    ("sent", "known"),
    [
        (b" " * 16, "UNKNOWN"),
        (b"\0" * 16, "UNKNOWN"),
        (b"CT1\0\0\0\0\0\0\0\0\0\0\0\0\0", "CT1"),
        (b"PROXY\0\0XX       ", "PROXY"),
        ("KÖLN".encode("latin-1"), "K?LN"),
        (b"../OTHER", "../OTHER"),
        (b"A\\B\nC", "A?B?C"),
        (b"  CT 1", "CT 1"),
        (b"SIXTEENCHARACTER", "SIXTEENCHARACTER"),
    ],
)
def test_a_calling_ae_title_of_any_form_is_read(
    running: Running, service: RecordingService, sent: bytes, known: str
) -> None:
    assert peer_of(running, service, Asking(calling=sent)).calling_ae == known


def test_a_blank_called_ae_title_means_us(running: Running, service: RecordingService) -> None:
    assert peer_of(running, service, Asking(called=b" " * 16)).called_ae == "OURS"


@pytest.mark.parametrize(
    "asking",
    [
        Asking(user_items=item(0x5F, b"what is this")),
        Asking(other_items=item(0x60, b"and this")),
        Asking(user_items=item(0x55, b"AN_IMPLEMENTATION_VERSION")),
        Asking(user_items=item(0x55, "VERSIÖN".encode("latin-1"))),
        Asking(user_items=item(0x55, b"")),
        Asking(version=3),
        Asking(version=0xFFFF),
        Asking(application_context=b"1.2.840.10008.3.1.1.1\0"),
        Asking(application_context=b"1.2.3"),
        Asking(max_length=0),
        Asking(max_length=1),
        Asking(contexts=[(1, CT + "\0", [EXPLICIT + " "])]),
        Asking(contexts=[(1, CT + "\0\0", [EXPLICIT + "\0"])]),
        Asking(contexts=[(2, CT, [EXPLICIT]), (1, CT, [EXPLICIT])]),
        Asking(contexts=[(0, CT, [EXPLICIT]), (1, CT, [EXPLICIT])]),
        Asking(contexts=[(3, CT, []), (1, CT, [EXPLICIT])]),
        Asking(contexts=[(3, CT, [""]), (1, CT, [EXPLICIT])]),
        Asking(contexts=[(3, None, [EXPLICIT]), (1, CT, [EXPLICIT])]),
        Asking(contexts=[(3, "", [EXPLICIT]), (1, CT, [EXPLICIT])]),
        Asking(contexts=[(3, "1." + "2" * 70, [EXPLICIT]), (1, CT, [EXPLICIT])]),
        Asking(contexts=[(3, CT, ["1." + "2" * 70]), (1, CT, [EXPLICIT])]),
        Asking(contexts=[(3, "1.2.x.4", ["1.2.y"]), (1, CT, [EXPLICIT])]),
        Asking(contexts=[(1, CT, [EXPLICIT]), (1, VERIFICATION, [IMPLICIT])]),
        Asking(contexts=[(1, CT, [EXPLICIT, EXPLICIT])]),
    ],
)
def test_an_odd_request_is_accepted_all_the_same(
    running: Running, service: RecordingService, asking: Asking
) -> None:
    assert peer_of(running, service, asking).calling_ae == "RAW"


def test_contexts_that_cannot_be_answered_are_left_out_and_the_others_answered(
    running: Running,
) -> None:
    contexts = [(1, CT, [EXPLICIT]), (2, CT, [EXPLICIT]), (3, CT, []), (5, "1.2.3", [EXPLICIT])]
    with RawAssociation(running.port) as requestor:
        accepted = requestor.associate(Asking(contexts=contexts))

    assert accepted.results == {1: (0, EXPLICIT), 5: (3, IMPLICIT)}


def test_a_request_without_a_usable_context_is_accepted_with_none(running: Running) -> None:
    with RawAssociation(running.port) as requestor:
        assert requestor.associate(Asking(contexts=[])).results == {}
        assert requestor.release() == 6


@pytest.mark.parametrize(
    ("proposed", "chosen"),
    [
        ([BIG_ENDIAN, EXPLICIT, IMPLICIT], EXPLICIT),
        ([IMPLICIT, EXPLICIT], EXPLICIT),
        ([IMPLICIT], IMPLICIT),
        ([IMPLICIT, JPEG], JPEG),
        ([DEFLATED, IMPLICIT], IMPLICIT),
        ([BIG_ENDIAN, DEFLATED], DEFLATED),
        ([BIG_ENDIAN], BIG_ENDIAN),
        ([PRIVATE_SYNTAX, JPEG], PRIVATE_SYNTAX),
    ],
)
def test_the_preferred_transfer_syntax_is_chosen(
    running: Running, proposed: list[str], chosen: str
) -> None:
    with RawAssociation(running.port) as requestor:
        accepted = requestor.associate(Asking(contexts=[(1, CT, proposed)]))

    assert accepted.results == {1: (0, chosen)}


def test_a_private_sop_class_in_a_private_transfer_syntax_is_stored(
    running: Running, service: RecordingService
) -> None:
    asking = Asking(contexts=[(1, PRIVATE + "1", [PRIVATE_SYNTAX])])
    peer_of(running, service, asking)

    [received] = service.received
    assert received.request.abstract_syntax == PRIVATE + "1"
    assert received.request.transfer_syntax == PRIVATE_SYNTAX


def test_128_contexts_of_many_transfer_syntaxes_are_answered(running: Running) -> None:
    many = [f"1.2.840.10008.1.2.4.{number}" for number in range(50, 90)]
    contexts = [(number, f"{CT}.{number}", [*many, EXPLICIT]) for number in range(1, 256, 2)]
    with RawAssociation(running.port) as requestor:
        accepted = requestor.associate(Asking(contexts=contexts))

    assert accepted.results == dict.fromkeys(range(1, 256, 2), (0, EXPLICIT))


def test_user_information_is_answered_item_by_item(running: Running) -> None:
    def role(uid: str, scu: int, scp: int) -> bytes:
        return item(0x54, struct.pack(">H", len(uid)) + uid.encode() + bytes((scu, scp)))

    asked = (
        item(0x53, bytes(4))  # an unlimited window
        + role(CT, 1, 1)
        + role("1.2.3.4", 1, 0)  # of no context
        + item(0x56, struct.pack(">H", len(CT)) + CT.encode() + bytes(6))
        + item(0x57, struct.pack(">H", len(CT)) + CT.encode() + bytes(4))
        + item(0x58, b"\x02\x01\x00\x02me\x00\x02pw")
    )
    with RawAssociation(running.port) as requestor:
        accepted = requestor.associate(Asking(user_items=asked))

    kinds = dict(accepted.user)
    assert [kind for kind, _ in accepted.user] == [0x51, 0x52, 0x53, 0x54, 0x55]
    assert kinds[0x51] == struct.pack(">I", 131072)
    assert kinds[0x52] == IMPLEMENTATION_CLASS_UID.encode()  # as in group 0002
    assert kinds[0x53] == b"\0\1\0\1"
    assert kinds[0x54] == struct.pack(">H", len(CT)) + CT.encode() + b"\1\0"


@pytest.mark.parametrize(("kind", "answered"), [(1, True), (2, True), (3, False), (5, False)])
def test_a_user_name_is_answered_where_the_site_says_so(kind: int, *, answered: bool) -> None:
    identity = item(0x58, bytes((kind, 1)) + b"\x00\x02me\x00\x00")
    with accepting(accept_user_identity=True) as running, RawAssociation(running.port) as requestor:
        accepted = requestor.associate(Asking(user_items=identity))

    assert ((0x59, b"\0\0") in accepted.user) is answered
