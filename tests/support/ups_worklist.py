"""The worklist service behind an acceptor on loopback."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from shared.config import Settings
from tests.support.acceptor import Running, accepting
from worklist.find import WorklistService


@contextmanager
def serving(configured: Settings) -> Iterator[Running]:
    service = WorklistService(configured)
    with accepting(service) as running:
        try:
            yield running
        finally:
            asyncio.run_coroutine_threadsafe(service.close(), running.loop).result(10)
