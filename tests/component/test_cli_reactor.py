"""Requests of a modality get their answers, however the threads of pynetdicom are scheduled."""

import sys
import threading
from collections.abc import Iterator

import pytest
from pynetdicom.presentation import build_context
from pynetdicom.sop_class import Verification  # type: ignore[attr-defined]  # made at run time

from standalone import modality
from standalone.modality import Target
from standalone.reactor import Checkpoint
from tests.support.acceptor import RecordingService, accepting

ECHOES = 300


@pytest.fixture
def busy_threads() -> Iterator[None]:
    """Threads change places as often as they can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("busy_threads")
def test_no_answer_is_lost_in_a_flood_of_requests() -> None:
    with (
        accepting(RecordingService()) as running,
        modality.association(
            Target("127.0.0.1", running.port), [build_context(Verification)]
        ) as made,
    ):
        statuses = [made.send_c_echo() for _ in range(ECHOES)]

    assert {each.Status for each in statuses} == {0x0000}


def test_clearing_waits_until_the_reactor_stands() -> None:
    ended, rounds = threading.Event(), [0]

    def run() -> None:
        while not ended.is_set():
            checkpoint.wait()
            rounds[0] += 1

    reactor = threading.Thread(target=run, daemon=True)
    checkpoint = Checkpoint(reactor)
    reactor.start()

    for _ in range(200):
        checkpoint.clear()
        seen = rounds[0]
        assert rounds[0] == seen
        checkpoint.set()
    ended.set()
    reactor.join(5)
    checkpoint.clear()  # of one that has ended: nothing to wait for
