"""What associations transferred is told once each, whenever they end."""

import io
import json
from collections.abc import Iterator

import pytest

from shared import audit as trail
from shared.audit_sections import AuditSettings
from shared.dimse import audit
from shared.dimse.audit import MOST_INSTANCES
from shared.dimse.rejection import LOCAL_LIMIT_EXCEEDED
from shared.dimse.service import Peer

PEER = Peer("a1", "CT", "PROXY", "127.0.0.1", 104)


@pytest.fixture
def told() -> Iterator[io.StringIO]:
    stream = io.StringIO()
    settings = AuditSettings(to="stdout", identifiers=True)
    trail.configure(settings, "receiver", stream, announce=False)
    yield stream
    audit.over(PEER.association)
    trail.configure(AuditSettings(), "", announce=False)


def transfers(told: io.StringIO) -> list[list[str]]:
    """The instances of each message."""
    messages = [json.loads(line) for line in told.getvalue().splitlines()]
    return [
        [
            each["UID"]
            for study in message["ParticipantObjectIdentification"]
            for sop_class in study["ParticipantObjectDescription"]["SOPClass"]
            for each in sop_class["Instance"]
        ]
        for message in messages
        if message["EventIdentification"]["EventID"]["csd-code"] == "110104"
    ]


def receive(*numbers: int) -> list[str]:
    uids = [f"1.2.{number}" for number in numbers]
    for each in uids:
        audit.received(PEER, "1.3", "1.4", each)
    return uids


def test_a_transfer_is_told_when_its_association_ends(told: io.StringIO) -> None:
    audit.connected(PEER)
    sent = receive(1, 2, 3)
    assert transfers(told) == []

    audit.over(PEER.association)
    audit.over(PEER.association)
    assert transfers(told) == [sent]


def test_what_is_kept_after_that_is_told_at_once(told: io.StringIO) -> None:
    audit.connected(PEER)
    sent = receive(1)
    audit.over(PEER.association)

    late = receive(2)
    assert transfers(told) == [sent, late]
    audit.over(PEER.association)
    assert transfers(told) == [sent, late]


def test_a_long_transfer_is_told_in_several_messages(told: io.StringIO) -> None:
    audit.connected(PEER)
    sent = receive(*range(MOST_INSTANCES + 2))
    audit.over(PEER.association)

    assert transfers(told) == [sent[:MOST_INSTANCES], sent[MOST_INSTANCES:]]


def test_an_association_that_brought_nothing_has_no_transfer(told: io.StringIO) -> None:
    audit.connected(PEER)
    audit.over(PEER.association)
    audit.connected(PEER, LOCAL_LIMIT_EXCEEDED)

    assert transfers(told) == []
    assert len(told.getvalue().splitlines()) == 2
