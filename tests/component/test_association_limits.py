"""How many associations there may be, of whom, and what those get who are too many."""

import os
import resource
from contextlib import ExitStack

import pytest

from shared.dimse import descriptors
from shared.dimse.rejection import CALLED_AE_NOT_RECOGNIZED, CALLING_AE_NOT_RECOGNIZED, Rejection
from shared.dimse.service import Peer
from tests.support.acceptor import RecordingService, accepting
from tests.support.raw_association import Asking, RawAssociation

LIMIT_EXCEEDED = (3, bytes((0, 2, 3, 2)))


def refusal(port: int, asking: Asking) -> tuple[int, bytes]:
    with RawAssociation(port) as requestor:
        requestor.send(asking.encode())
        return requestor.read()


def test_past_the_limit_an_association_is_refused_until_another_ends() -> None:
    with (
        accepting(RecordingService(), max_associations=2) as running,
        RawAssociation(running.port) as first,
        RawAssociation(running.port) as second,
    ):
        first.associate()
        second.associate()
        assert refusal(running.port, Asking()) == LIMIT_EXCEEDED

        first.release()
        with RawAssociation(running.port) as third:
            third.associate()


def test_one_calling_ae_does_not_take_all_associations() -> None:
    with (
        accepting(RecordingService(), max_associations_per_ae=1) as running,
        RawAssociation(running.port) as first,
        RawAssociation(running.port) as other,
    ):
        first.associate(Asking(calling=b"CT1"))

        assert refusal(running.port, Asking(calling=b"CT1 ")) == LIMIT_EXCEEDED
        other.associate(Asking(calling=b"CT2"))


def test_one_address_does_not_take_all_associations() -> None:
    with (
        accepting(RecordingService(), max_associations_per_address=1) as running,
        RawAssociation(running.port) as first,
    ):
        first.associate(Asking(calling=b"CT1"))

        assert refusal(running.port, Asking(calling=b"CT2")) == LIMIT_EXCEEDED


def test_an_association_that_has_ended_counts_no_more_though_its_connection_stays() -> None:
    with accepting(RecordingService(), max_associations=1) as running, ExitStack() as stack:
        for _ in range(10):
            requestor = stack.enter_context(RawAssociation(running.port))
            requestor.associate()
            assert requestor.release() == 6


def test_half_open_connections_lock_nobody_out() -> None:
    with (
        accepting(RecordingService(), max_associations=4, max_pending=50) as running,
        ExitStack() as stack,
    ):
        for number in range(200):
            half_open = stack.enter_context(RawAssociation(running.port))
            half_open.send(Asking().encode()[: number % 70])

        with RawAssociation(running.port) as good:
            good.associate()
            assert good.store(b"data").status == 0


def test_the_oldest_half_open_connection_makes_room() -> None:
    with accepting(max_pending=2) as running, ExitStack() as stack:
        oldest, middle, newest = (
            stack.enter_context(RawAssociation(running.port)) for _ in range(3)
        )

        assert oldest.closed()
        middle.associate()
        newest.associate()


@pytest.mark.parametrize(
    "rejection", [CALLED_AE_NOT_RECOGNIZED, CALLING_AE_NOT_RECOGNIZED, Rejection(2, 3, 1)]
)
def test_who_is_not_admitted_is_told_why(rejection: Rejection) -> None:
    def admit(peer: Peer) -> Rejection | None:
        return rejection if peer.calling_ae == "STRANGER" else None

    with accepting(RecordingService(), admit=admit) as running:
        refused = refusal(running.port, Asking(calling=b"STRANGER"))
        with RawAssociation(running.port) as friend:
            friend.associate(Asking(calling=b"FRIEND"))

    assert refused == (3, bytes((0, *rejection)))


def test_admission_is_decided_each_time_though_the_answer_is_kept() -> None:
    admitted = [True]

    def admit(peer: Peer) -> Rejection | None:
        del peer
        return None if admitted[0] else CALLING_AE_NOT_RECOGNIZED

    with accepting(RecordingService(), admit=admit) as running:
        with RawAssociation(running.port) as first:
            first.associate()
        admitted[0] = False

        assert refusal(running.port, Asking()) == (3, bytes((0, 1, 1, 3)))


def test_a_shell_with_few_file_descriptors_keeps_no_association_out() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    few = len(os.listdir("/proc/self/fd")) + 30  # noqa: PTH208  names are enough
    resource.setrlimit(resource.RLIMIT_NOFILE, (few, hard))
    try:
        with accepting(RecordingService()) as running, ExitStack() as requestors:
            for number in range(40):
                requestor = requestors.enter_context(RawAssociation(running.port))
                requestor.associate(Asking(calling=f"CT{number}".encode()))
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_too_few_file_descriptors_for_the_settings_are_told_of() -> None:
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)

    enough = [descriptors.allow(associations) for associations in (1, 10**9)]

    resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    assert enough == [True, False]
