"""A modality waits for its answer, and for nothing that could be done after it."""

import asyncio
import errno
from pathlib import Path

import pytest

from receiver.routing import Router
from receiver.store import StorageService
from receiver.tallies import TALLIES
from shared import metrics
from shared.dimse.service import Peer, Request, Response
from shared.route_sections import Routing
from shared.routing import Routes
from shared.statuses import OUT_OF_RESOURCES, SUCCESS
from tests.support.data_sets import CT, INSTANCE, data_set
from tests.support.receivers import Announced
from tests.support.spools import open_spool

PEER = Peer("a1", "CT", "PROXY", "127.0.0.1", 104)


def request() -> Request:
    return Request(PEER, CT, "1.2.840.10008.1.2.1", 1, 1, CT, INSTANCE, 0)


def received() -> float:
    [found] = [each.value for each in TALLIES() if each.metric is metrics.RECEIVED]
    assert isinstance(found, float)
    return found


def store(folder: Path, *, lost: bool = False) -> tuple[list[tuple[int, float]], float]:
    """The statuses that were answered, with what was counted by then; and what was at the end.
    `lost`: the peer is gone by then.
    """
    spool = open_spool(folder, sync=False)
    router = Router(Routes((), Routing(), ("cloud",)), leads_anywhere=True)
    service = StorageService(spool, router, Announced(), sync=False)
    answered: list[tuple[int, float]] = []

    async def respond(response: Response) -> None:
        answered.append((response.status, received()))
        if lost:
            raise ConnectionResetError

    async def run() -> None:
        operation = service.begin(request())
        operation.write(memoryview(data_set()))
        await operation.finish(respond)

    before = received()
    try:
        asyncio.run(run())
    except ConnectionResetError:
        assert lost
    finally:
        service.close()
        spool.close()
    return [(status, counted - before) for status, counted in answered], received() - before


def test_it_is_answered_before_it_is_counted(tmp_path: Path) -> None:
    assert store(tmp_path) == ([(SUCCESS, 0)], 1)


def test_it_is_counted_also_where_the_answer_cannot_be_given(tmp_path: Path) -> None:
    assert store(tmp_path, lost=True) == ([(SUCCESS, 0)], 1)


def test_what_was_not_kept_is_not_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_room(*_: object) -> int:
        raise OSError(errno.ENOSPC, "no room")

    monkeypatch.setattr("os.pwritev", no_room)

    assert store(tmp_path) == ([(OUT_OF_RESOURCES, 0)], 0)
