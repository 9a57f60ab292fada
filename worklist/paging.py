"""All pages of one search, without looping and without taking a part for the whole.

Servers ignore limit or offset, cap a page below what was asked, say so or not (PS3.18 8.3.4.4).
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from shared.dicomweb.ups import Page, TooMany
from shared.errors import ProxyError

SMALLEST_PAGE = 10  # workitems; a server that has too many for this much is given up on
# A silent cap is a round number or a power of two: a shorter page of such a length may not be the
# last.
ROUND, SMALLEST_CAP = 5, 20

Fetch = Callable[[int, int], Awaitable[Page]]  # by limit and offset
Read = Callable[[Page], tuple[list[Any], bool]]  # results, and whether the page has more


@dataclass(frozen=True, slots=True)
class Limits:
    page: int  # workitems asked for at a time
    most: int  # workitems in all
    smallest: int = SMALLEST_PAGE


@dataclass(slots=True)
class Pages:
    """What was read. A fault, or being incomplete, does not take away what came before."""

    found: list[Any] = field(default_factory=list)
    complete: bool = True
    fault: ProxyError | None = None
    warnings: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class _Last:
    first: object
    length: int
    more: bool


async def read_all(
    fetch: Fetch, read: Read, first_of: Callable[[Any], object], limits: Limits
) -> Pages:
    """`first_of` tells pages apart by their first result. Raises what the first page raises."""
    pages = Pages()
    limit = limits.page
    last: _Last | None = None
    while True:
        try:
            page = await fetch(limit, len(pages.found))
            results, cut = read(page)
        except TooMany as fault:
            if limit > limits.smallest:
                limit = max(limit // 2, limits.smallest)
                continue
            return _stopped(pages, fault)
        except ProxyError as fault:
            return _stopped(pages, fault)
        pages.warnings.update(page.warnings)
        this = _Last(first_of(results[0]) if results else None, len(results), page.more or cut)
        if _nothing_new(pages, last, this, limit):
            return pages
        pages.found += results
        if cut or len(pages.found) >= limits.most:
            pages.complete = False
            return pages
        if not page.more and not _may_go_on(len(results), limit):
            return pages
        last = this


def _nothing_new(pages: Pages, last: _Last | None, this: _Last, limit: int) -> bool:
    """Whether there is no page, or the last one once more: then the server ignores offset."""
    if this.length and (last is None or this.first != last.first):
        return False
    more = this.more
    if last is not None:
        cut = this.length > 0 and last.length == limit  # who knows what an offset would have given
        more = more or last.more or cut
    pages.complete = not more
    return True


def _may_go_on(length: int, limit: int) -> bool:
    round_number = length % ROUND == 0 or length & (length - 1) == 0
    return length >= limit or (length >= SMALLEST_CAP and round_number)


def _stopped(pages: Pages, fault: ProxyError) -> Pages:
    if not pages.found:
        raise fault
    pages.complete, pages.fault = False, fault
    return pages
