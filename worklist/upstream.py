"""One origin server's worklist: searches that are shared, tried again, made simpler, remembered."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from shared import logs, metrics
from shared.destination import Destination
from shared.dicomweb.auth import seconds_left
from shared.dicomweb.client import close, open_async_client
from shared.dicomweb.ups import Page, Refused, TooMany, search
from shared.errors import ProxyError, Unavailable
from shared.worklist_sections import WorklistSettings
from worklist.paging import SMALLEST_PAGE, Limits, Pages, read_all
from worklist.parsed import Parsed
from worklist.presets import Preset
from worklist.refusals import Refusals
from worklist.search import PLAIN, WITHOUT_KEYS, Search
from worklist.tallies import TALLIES
from worklist.workitem import Workitem

REDUCED_PAGE = 100  # workitems: the refused search may have asked for too many as well
RETRY_AFTER = 0.2  # s before the one retry, if the server names no time
MOST_REMEMBERED = 64  # searches whose last good answer is kept

log = logs.get(__name__)


@dataclass(frozen=True, slots=True)
class Found:
    workitems: list[Workitem]
    complete: bool = True
    fault: ProxyError | None = None  # why it is not complete, if not by our own limit
    age: float | None = None  # s, of an answer that stands in for an unreachable server's


class Upstream:
    """Belongs to one event loop. Raises ConfigurationError for secrets that cannot be used."""

    def __init__(
        self,
        destination: Destination,
        settings: WorklistSettings,
        preset: Preset,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = destination.name
        self._uri = destination.worklist_uri or ""
        self._settings, self._preset = settings, preset
        self._clock = clock
        self._client = open_async_client(destination)
        self._parsed = Parsed(settings.max_workitems)
        self._flying: dict[str, _Flight] = {}
        self._refusals = Refusals(clock)
        self._good: OrderedDict[str, tuple[float, Found]] = OrderedDict()

    async def find(self, wanted: Search) -> Found:
        """The answer to a search, joined to the same one if that is under way.

        Raises what the search raises, if no remembered answer may take its place.
        """
        key = f"{wanted.accept} {wanted.query()}"
        flight = self._flying.get(key)
        if flight is None:
            task = asyncio.ensure_future(self._search(wanted, key))
            flight = self._flying[key] = _Flight(task)
        try:
            return await flight.join()
        finally:
            if flight.over and self._flying.get(key) is flight:
                del self._flying[key]

    async def close(self) -> None:
        await close(self._client)

    async def _search(self, wanted: Search, key: str) -> Found:
        try:
            pages = await self._simpler(wanted)
        except Unavailable as fault:
            if (remembered := self._remembered(key)) is None:
                raise
            age = round(remembered.age or 0.0, 1)
            log.warning(
                "worklist.stale", destination=self.name, age_seconds=age, reason=fault.reason
            )
            return remembered
        found = Found(pages.found, pages.complete, pages.fault)
        if pages.warnings:
            log.info("worklist.warned", destination=self.name, codes=sorted(pages.warnings))
        if self._settings.stale_for and found.complete:
            self._remember(key, found)
        return found

    def _remember(self, key: str, found: Found) -> None:
        self._good[key] = self._clock(), found
        self._good.move_to_end(key)
        while len(self._good) > MOST_REMEMBERED:
            self._good.popitem(last=False)

    def _remembered(self, key: str) -> Found | None:
        if key not in self._good:
            return None
        when, found = self._good[key]
        age = self._clock() - when
        if age > self._settings.stale_for:
            del self._good[key]
            return None
        return replace(found, age=age)

    async def _simpler(self, wanted: Search) -> Pages:
        """Without keys, then without fields, once the server calls a search wrong."""
        level = self._refusals.level(wanted)
        deadline = asyncio.get_running_loop().time() + self._settings.deadline
        while True:
            try:
                pages = await self._pages(wanted, level, deadline)
            except TooMany:
                self._refusals.give_up(wanted)
                raise
            except Refused as fault:
                if self._refusals.hopeless(wanted):
                    raise
                if level >= PLAIN:
                    self._refusals.refuse(wanted)
                    raise
                level = wanted.simpler(level)
                log.warning(
                    "worklist.search_refused",
                    destination=self.name,
                    reason=str(fault),
                    keys=wanted.shape,
                    retried="without keys" if level == WITHOUT_KEYS else "as plain as can be",
                )
            else:
                self._refusals.settle(wanted, level)
                return pages

    async def _pages(self, wanted: Search, level: int, deadline: float) -> Pages:
        limit = min(self._settings.page_size, self._preset.largest_page)
        if level:
            limit = min(limit, REDUCED_PAGE)
        query = wanted.query(level)
        attempts = _Attempts(deadline)

        async def fetch(limit: int, offset: int) -> Page:
            paging = f"limit={limit}" + (f"&offset={offset}" if offset else "")
            parts = (query, paging if wanted.paged else "")
            uri = f"{self._uri}?{'&'.join(part for part in parts if part)}"
            return await attempts.make(lambda: self._one(uri, wanted.accept))

        if not wanted.paged:
            page = await fetch(0, 0)
            found, cut = self._parsed.workitems(page)
            return Pages(found, complete=not (page.more or cut))
        smallest = limit if self._refusals.too_many(wanted) else SMALLEST_PAGE
        limits = Limits(limit, self._settings.max_workitems, smallest)
        return await read_all(fetch, self._parsed.workitems, lambda each: each.mark, limits)

    async def _one(self, uri: str, accept: str) -> Page:
        begun = self._clock()
        try:
            return await search(self._client, uri, accept, none_is_404=self._preset.none_is_404)
        except ProxyError:
            TALLIES.add(metrics.UPSTREAM_FAULTS)
            raise
        finally:
            TALLIES.observe(metrics.UPSTREAM_SECONDS, self._clock() - begun)

    @property
    def token_seconds(self) -> float | None:
        """Until the access token ends; None: there is none."""
        return seconds_left(self._client.auth)


class _Attempts:
    """Requests of one search: one of them is made again if there is time for it."""

    def __init__(self, deadline: float) -> None:
        self._deadline = deadline
        self._spent = False

    async def make(self, request: Callable[[], Awaitable[Page]]) -> Page:
        try:
            return await self._in_time(request)
        except Unavailable as fault:
            pause = RETRY_AFTER if fault.retry_after is None else fault.retry_after
            if self._spent or asyncio.get_running_loop().time() + pause >= self._deadline:
                raise
            self._spent = True
        await asyncio.sleep(pause)
        return await self._in_time(request)

    async def _in_time(self, request: Callable[[], Awaitable[Page]]) -> Page:
        try:
            async with asyncio.timeout_at(self._deadline):
                return await request()
        except TimeoutError:
            TALLIES.add(metrics.UPSTREAM_FAULTS)
            raise Unavailable("did not answer before the deadline") from None


class _Flight:
    """A search under way and those who wait for it; it ends with the last of them."""

    def __init__(self, task: asyncio.Future[Found]) -> None:
        self._task = task
        self._waiting = 0

    @property
    def over(self) -> bool:
        return not self._waiting or self._task.done()

    async def join(self) -> Found:
        self._waiting += 1
        try:
            return await asyncio.shield(self._task)
        finally:
            self._waiting -= 1
            if not self._waiting and not self._task.done():
                self._task.cancel()
