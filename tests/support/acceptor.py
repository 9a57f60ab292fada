"""An acceptor on loopback in a thread of its own, and a service that remembers its requests."""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from shared.dimse.acceptor import Acceptor
from shared.dimse.admission import EVERYBODY, Admission
from shared.dimse.entity import Admit, admit_all
from shared.dimse.run import run
from shared.dimse.service import Request, Respond, Response, Service
from shared.sections import Receive

STANDARD = "1.2.840.10008.5."  # every standard storage SOP class begins so
PRIVATE = "1.2.826.0.1.3680043.9.9999."  # SOP classes of no standard
WORKLIST = "1.2.840.10008.5.1.4.31"


@dataclass
class Received:
    request: Request
    data: bytes = b""
    fragments: int = 0
    finished: bool = False
    abandoned: bool = False
    cancelled: bool = False


class RecordingOperation:
    def __init__(self, service: "RecordingService", received: Received) -> None:
        self._service = service
        self._received = received

    def write(self, fragment: memoryview) -> None:
        self._received.data += fragment
        self._received.fragments += 1

    async def finish(self, respond: Respond) -> None:
        self._received.finished = True
        await self._service.answer(self._received, respond)

    def abandon(self) -> None:
        self._received.abandoned = True

    def cancel(self) -> None:
        self._received.cancelled = True


@dataclass
class RecordingService(Service):
    """Takes storage, a private SOP class and the worklist; answers with `status`, or as told."""

    status: int = 0
    answering: Callable[[Received, Respond], Coroutine[Any, Any, None]] | None = None
    received: list[Received] = field(default_factory=list)

    def takes(self, abstract_syntax: str) -> bool:
        return abstract_syntax.startswith((STANDARD, PRIVATE))

    def begin(self, request: Request) -> RecordingOperation:
        received = Received(request)
        self.received.append(received)
        return RecordingOperation(self, received)

    async def answer(self, received: Received, respond: Respond) -> None:
        if self.answering:
            await self.answering(received, respond)
        else:
            await respond(Response(self.status))


@dataclass
class Running:
    """An acceptor that runs; its methods may be called from the test's thread."""

    acceptor: Acceptor
    loop: asyncio.AbstractEventLoop
    port: int

    def drain(self, grace: float) -> Future[None]:
        return asyncio.run_coroutine_threadsafe(self.acceptor.drain(grace), self.loop)


@contextmanager
def accepting(
    *services: Service,
    admit: Admit = admit_all,
    admission: Admission = EVERYBODY,
    host: str = "127.0.0.1",
    **settings: Any,
) -> Iterator[Running]:
    """Settings are those of the receive section."""
    receive = Receive(**settings)
    acceptor = Acceptor(services, receive, host=host, port=0, admit=admit)
    acceptor.admission = admission
    started = threading.Event()
    loops: list[asyncio.AbstractEventLoop] = []
    stop = asyncio.Event()

    async def serve() -> None:
        await acceptor.start()
        loops.append(asyncio.get_running_loop())
        started.set()
        await stop.wait()
        await acceptor.close()

    thread = threading.Thread(target=run, args=(serve(),), name="acceptor")
    thread.start()
    if not started.wait(10):
        raise RuntimeError("the acceptor did not start")
    try:
        yield Running(acceptor, loops[0], acceptor.port)
    finally:
        loops[0].call_soon_threadsafe(stop.set)
        thread.join(10)
