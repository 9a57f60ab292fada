"""One C-FIND: read the identifier, search upstream, match here, answer, end with a status."""

import asyncio
import time
from collections import Counter
from typing import Protocol

from shared import logs, metrics
from shared.dimse import audit
from shared.dimse.service import Request, Respond, Response
from shared.errors import ProxyError
from shared.statuses import PENDING
from shared.tallies import status_label
from worklist import outcome
from worklist.charset import Unencodable
from worklist.datetimes import UnreadableKey
from worklist.elements import LONGEST_IDENTIFIER, Unreadable
from worklist.question import Query, Questions
from worklist.site import Place, Site
from worklist.tallies import DROPS, TALLIES
from worklist.upstream import Found, Upstream
from worklist.workitem import Workitem

# s between looks at other associations and a C-CANCEL. A workitem takes 20 us, and one that is held
# against a list of 5,000 names, 6 ms.
TURN = 0.002

log = logs.get(__name__)


class Finds(Protocol):
    """What one C-FIND needs of the service."""

    site: Site
    questions: Questions
    counts: Counter[str]

    def upstream(self, place: Place) -> Upstream: ...


class Find:
    """One request under way; see shared.dimse.service.Operation."""

    __slots__ = ("_counts", "_data", "_finds", "_request", "_stop", "_too_long")

    def __init__(self, finds: Finds, request: Request) -> None:
        self._finds, self._request = finds, request
        self._data = bytearray()
        self._too_long = False
        self._stop = asyncio.Event()  # cancelled, or the association is gone
        self._counts: Counter[str] = Counter()

    def write(self, fragment: memoryview) -> None:
        self._too_long = self._too_long or len(self._data) + len(fragment) > LONGEST_IDENTIFIER
        if not self._too_long:
            self._data += fragment

    def abandon(self) -> None:
        self._stop.set()

    def cancel(self) -> None:
        self._stop.set()

    async def finish(self, respond: Respond) -> None:
        begun = time.monotonic()
        try:
            final = await self._answer(respond)
        except Exception:
            log.exception("worklist.failed", association=self._request.peer.association)
            final = outcome.BUG
        peer, counts = self._request.peer, self._counts
        self._finds.counts.update(counts)
        self._finds.counts[f"status {final.status:04X}"] += 1
        seconds = time.monotonic() - begun
        _tally(final.status, counts, seconds)
        syntax = self._request.abstract_syntax
        audit.queried(peer, syntax, counts["matches"], status=final.status)
        log.info(
            "worklist.answered",
            association=peer.association,
            calling_ae=peer.calling_ae,
            status=f"{final.status:04X}",
            seconds=round(seconds, 3),
            **{name: count for name, count in sorted(counts.items()) if count},
        )
        await respond(final)

    async def _answer(self, respond: Respond) -> Response:
        if self._too_long:
            return outcome.TOO_LONG
        try:
            query = self._finds.questions.read(self._request, bytes(self._data))
        except Unreadable:
            return outcome.NO_IDENTIFIER
        except UnreadableKey:
            return outcome.NO_DATE
        if query.oddities:
            peer = self._request.peer
            log.info("worklist.tolerated", association=peer.association, oddities=query.oddities)
        if query.selection.window.empty:
            return outcome.DONE  # the range ends before it begins
        try:
            found = await self._found(query)
        except ProxyError as fault:
            log.warning(
                "worklist.unanswered", destination=query.place.destination.name, reason=str(fault)
            )
            return outcome.failure(fault)
        return await self._respond(query, found, respond) if found else outcome.STOPPED

    async def _found(self, query: Query) -> list[Found] | None:
        """Results of the searches, None if there is nobody left who waits for them."""
        upstream = self._finds.upstream(query.place)
        searching = asyncio.gather(*map(upstream.find, query.searches), return_exceptions=True)
        stopping = asyncio.ensure_future(self._stop.wait())
        try:
            await asyncio.wait((searching, stopping), return_when=asyncio.FIRST_COMPLETED)
            if self._stop.is_set():
                return None
            return _some(searching.result())
        finally:
            searching.cancel()
            stopping.cancel()

    async def _respond(self, query: Query, found: list[Found], respond: Respond) -> Response:
        self._counts["stale"] = sum(each.age is not None for each in found)
        matched: list[Workitem] = []
        turns = _Turns()
        for workitem in [workitem for each in found for workitem in each.workitems]:
            await turns.pause()
            if self._stop.is_set():
                return outcome.STOPPED
            matched += self._matching(query, workitem)
        most = self._finds.site.worklist.max_matches
        truncated = len(matched) > most
        for workitem in query.in_order(matched)[:most]:
            await turns.pause()
            if self._stop.is_set():
                return outcome.STOPPED
            await self._pending(query, workitem, respond)
        return self._final(found, truncated=truncated)

    def _matching(self, query: Query, workitem: Workitem) -> list[Workitem]:
        """One workitem that cannot be looked at must not take the others from the list."""
        try:
            return query.matching(workitem, self._counts)
        except Exception as error:  # noqa: BLE001  # told by _broken
            self._broken(error)
            return []

    def _broken(self, error: Exception) -> None:
        self._counts["broken"] += 1
        if self._counts["broken"] == 1:  # one traceback says it; it shows no values
            association = self._request.peer.association
            log.error("worklist.item_broken", association=association, exc_info=error)

    async def _pending(self, query: Query, workitem: Workitem, respond: Respond) -> None:
        try:
            identifier = query.answers.encode(workitem)
        except Unencodable:
            self._counts["unencodable"] += 1
            return
        except Exception as error:  # noqa: BLE001  # told by _broken
            self._broken(error)
            return
        self._counts["matches"] += 1
        await respond(Response(PENDING, identifier=identifier))

    def _final(self, found: list[Found], *, truncated: bool) -> Response:
        if any(each.fault for each in found):
            return outcome.PARTIAL
        if not truncated and all(each.complete for each in found):
            return outcome.DONE
        self._counts["truncated"] = 1
        fail = self._finds.site.worklist.truncated == "fail"
        return outcome.TRUNCATED if fail else outcome.DONE


def _tally(status: int, counts: Counter[str], seconds: float) -> None:
    TALLIES.add(metrics.QUERIES, status_label(status))
    TALLIES.add(metrics.MATCHES, amount=counts["matches"])
    TALLIES.add(metrics.STALE, amount=counts["stale"])
    for each in DROPS:
        TALLIES.add(metrics.DROPPED, each, counts[each])
    TALLIES.observe(metrics.QUERY_SECONDS, seconds)


def _some(results: list[Found | BaseException]) -> list[Found]:
    """Results of several searches; one that failed makes the others a part of the whole."""
    found = [each for each in results if isinstance(each, Found)]
    if len(found) == len(results):
        return found
    faults = [each for each in results if isinstance(each, BaseException)]
    if found and isinstance(faults[0], ProxyError):
        return [*found, Found([], complete=False, fault=faults[0])]
    raise faults[0]


class _Turns:
    """Others have theirs when one of ours has lasted long enough."""

    def __init__(self) -> None:
        self._ends = 0.0

    async def pause(self) -> None:
        if time.monotonic() >= self._ends:
            await asyncio.sleep(0)
            self._ends = time.monotonic() + TURN
