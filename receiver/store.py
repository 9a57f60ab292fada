"""Storage Service Class, provider side (PS3.4 Annex B): Success once the instance is safe."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Literal, NamedTuple

from receiver.gathering import Gathering
from receiver.keepers import keepers
from receiver.part10 import file_meta
from receiver.report import Report
from receiver.routing import Router
from receiver.storage_classes import is_storage
from receiver.validation import (
    NAMELESS,
    broken_rules,
    is_regular,
    sop_class_uid,
    sop_instance_uid,
    transfer_syntax_uid,
)
from shared import logs, tracing
from shared.dimse.admission import EVERYBODY
from shared.dimse.service import Operation, Request, Respond, Response, Service
from shared.entry import Entry
from shared.errors import SpoolError, SpoolFull
from shared.head import Head
from shared.head_reader import State
from shared.outline import Outlines
from shared.routing import Decision
from shared.sender import Sender
from shared.spool import Pressure, Reception, Spool
from shared.staging import Staged
from shared.statuses import CANNOT_UNDERSTAND, OUT_OF_RESOURCES, SUCCESS
from shared.tracing import Attributes
from shared.watermark import WHY

C_STORE_RQ = 0x0001  # PS3.7 9.3.1.1
HIGH = 1  # priority (0000,0700)
LONGEST_HEAD = 64 * 1024  # bytes held back at most until the UIDs of the file meta are known

KEPT = Response(SUCCESS)
NO_DATA_SET = Response(CANNOT_UNDERSTAND, "there is no data set")

Announce = Callable[[Sequence[Entry]], None]

log = logs.get(__name__)
debugging = logs.debugging(__name__)


class StorageService(Service):
    """`announce` is told of each kept instance, from several threads; it must neither block nor
    raise. Raises SpoolError where it cannot begin.
    """

    commands = frozenset({C_STORE_RQ})

    def __init__(
        self,
        spool: Spool,
        router: Router,
        announce: Announce,
        *,
        validation: Literal["strict", "lenient"] = "lenient",
        sync: bool = True,
    ) -> None:
        self._spool = spool
        self.router = router  # may be another one from now on
        self._announce = announce
        self.admission = EVERYBODY  # as the router
        self._validation: Literal["strict", "lenient"] = validation
        self.report = Report()
        self.outlines = Outlines()
        # Without a sync there is nothing to wait for, and a thread would cost more than it saves.
        self._keepers = keepers() if sync else None
        self._gathering = Gathering(spool, announce)

    def takes(self, abstract_syntax: str) -> bool:
        return self.router.leads_anywhere and is_storage(abstract_syntax)

    def begin(self, request: Request) -> Operation:
        return Store(self, request, self.router.settled(request.peer))

    def close(self) -> None:
        """Wait for what is being kept."""
        self.report.close()
        self._spool.settle()
        if self._keepers:
            self._keepers.shutdown()

    def receive(self) -> Reception | Staged:
        if self._spool.pressure() is Pressure.HARD:
            raise SpoolFull(WHY[Pressure.HARD])
        return self._spool.stage()

    def decide(self, request: Request, head: Head) -> Decision:
        return self.router.decide(request, head)

    def keep(
        self,
        reception: Reception | Staged,
        destinations: Sequence[str],
        *,
        urgent: bool,
        senders: Mapping[str, Sender],
    ) -> Awaitable[Entry]:
        """For its first destination. Raises SpoolError, at once or when awaited."""
        if isinstance(reception, Staged):
            gather = self._gathering.possible and len(destinations) == 1
            if gather and reception.in_memory:
                [destination] = destinations
                sender = senders.get(destination)
                return self._gathering.keep(reception, destination, urgent=urgent, sender=sender)
            reception = reception.in_file()
        return self._in_file(partial(reception.keep, destinations, urgent=urgent, senders=senders))

    async def _in_file(self, keep: Callable[[], Sequence[Entry]]) -> Entry:
        """In a thread, where the disk has to be waited for."""
        if self._keepers is None:
            return self._announced(keep)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._keepers, self._announced, keep)

    def _announced(self, keep: Callable[[], Sequence[Entry]]) -> Entry:
        kept = keep()
        self._announce(kept)  # here: as in Gathering
        return kept[0]

    def turn_away(self, request: Request, head: Head, decision: Decision) -> Response:
        """The answer where a route leads nowhere."""
        if decision.action == "discard":
            self.report.discarded(request, head, decision)
            return Response(SUCCESS)
        return Response(decision.status or OUT_OF_RESOURCES, decision.reason)

    def refusal(self, request: Request, head: Head) -> Response | None:
        """What the data set itself gives reason to."""
        if is_regular(request, head):
            return None
        if NAMELESS.broken(request, head):
            return Response(NAMELESS.status, NAMELESS.name)
        broken = broken_rules(request, head)
        if broken and self.admission.strict(request.peer, self._validation):
            return Response(broken[0].status, broken[0].name)
        if broken:
            self.report.irregular(request, head, broken)
        return None


class _Kept(NamedTuple):
    """What became of an instance."""

    entry: Entry
    decision: Decision
    complete: float  # when its data set was, time.monotonic()
    safe: float  # and then the disk had it


class Store:
    """One C-STORE."""

    __slots__ = (
        "_begun",
        "_deaf",
        "_fault",
        "_head",
        "_held",
        "_keeping",
        "_kept",
        "_reception",
        "_request",
        "_service",
        "_settled",
    )

    def __init__(self, service: StorageService, request: Request, settled: Decision | None) -> None:
        """`settled`: what holds whatever the data set says."""
        self._service = service
        self._begun = time.monotonic()
        self._request = request
        self._settled = settled
        # Whether the data set has to pass by: nothing of this peer is kept, or it cannot be.
        self._deaf = settled is not None and not settled.destinations
        self._head = Head(request.transfer_syntax, service.outlines)
        self._held = bytearray()  # the head, until the file meta is known
        self._reception: Reception | Staged | None = None
        self._keeping = False
        self._kept: _Kept | None = None
        self._fault: SpoolError | None = None

    def write(self, fragment: memoryview) -> None:
        if self._deaf:
            return
        if self._head.state is State.READING:
            self._head.feed(fragment)
        try:
            if self._reception:
                self._reception.write(fragment)
            elif self._head.identified or len(self._held) + len(fragment) > LONGEST_HEAD:
                self._begin_file(fragment)
            else:
                self._held += fragment
        except SpoolError as fault:
            self._fault, self._deaf = fault, True
            self._discard()

    async def finish(self, respond: Respond) -> None:
        response = await self._conclude()
        try:
            await respond(response)
        finally:  # what is only told of need not be waited for
            self._tell(response)

    def abandon(self) -> None:
        if not self._keeping:  # else it is complete, and kept although nobody waits for the answer
            self._discard()

    def cancel(self) -> None:
        """A C-STORE cannot be cancelled (PS3.7 9.1.1)."""

    def _begin_file(self, fragment: memoryview) -> Reception | Staged:
        request, head = self._request, self._head
        meta = file_meta(
            sop_class_uid(request, head),
            sop_instance_uid(request, head),
            transfer_syntax_uid(request, head),
        )
        reception = self._reception = self._service.receive()
        reception.write(meta + self._held)
        reception.write(fragment)
        return reception

    async def _conclude(self) -> Response:
        """Once the data set is complete."""
        try:
            return await self._keep()
        except SpoolError as fault:
            self._fault = fault
            return Response(OUT_OF_RESOURCES, _comment(fault))
        finally:
            self._keeping = False
            self._discard()

    async def _keep(self) -> Response:
        if self._fault:
            raise self._fault
        if self._settled and self._deaf:
            return self._service.turn_away(self._request, self._head, self._settled)
        reception = self._reception
        if reception is None:
            if not self._held:
                return NO_DATA_SET
            reception = self._begin_file(memoryview(b""))
        refused = self._service.refusal(self._request, self._head)
        if refused:
            return refused
        decision = self._settled or self._service.decide(self._request, self._head)
        if not decision.destinations:
            return self._service.turn_away(self._request, self._head, decision)
        self._keeping = True
        urgent = decision.urgent or self._request.priority == HIGH
        senders = self._service.router.senders(decision, self._request, self._head)
        complete = time.monotonic()
        entry = await self._service.keep(
            reception, decision.destinations, urgent=urgent, senders=senders
        )
        self._kept = _Kept(entry, decision, complete, time.monotonic())
        return KEPT

    def _tell(self, response: Response) -> None:
        if response.status != SUCCESS:
            reason = str(self._fault) if self._fault else response.comment
            self._service.report.refused(self._request, self._head, response.status, reason)
        if self._kept:
            self._tell_of(*self._kept)

    def _tell_of(self, entry: Entry, decision: Decision, complete: float, safe: float) -> None:
        request, begun = self._request, self._begun
        self._service.report.kept(
            request, self._head, entry.size, receive=safe - begun, sync=safe - complete
        )
        if tracing.on() or debugging():
            told: Attributes = {"association": request.peer.association, "size": entry.size}
            tracing.received(entry, begun, complete, safe, told)
            log.debug("instance.kept", destinations=decision.destinations, **told)

    def _discard(self) -> None:
        self._held.clear()
        if self._reception:
            self._reception.abandon()


def _comment(fault: SpoolError) -> str:
    return "the spool is full" if isinstance(fault, SpoolFull) else "the spool cannot be written"
