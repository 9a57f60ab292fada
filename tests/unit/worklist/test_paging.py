"""Pages of a search: servers that ignore limit, offset or both, cap pages, or go on for ever."""

import asyncio
from collections.abc import Callable

import pytest

from shared.dicomweb.ups import Page, TooMany
from shared.errors import Unavailable
from worklist.paging import Limits, Pages, read_all

Server = Callable[[int, int], Page]


def page(numbers: range | list[int], *, more: bool = False) -> Page:
    return Page(",".join(map(str, numbers)).encode(), more=more)


def read(found: Page) -> tuple[list[int], bool]:
    return [int(each) for each in found.body.decode().split(",") if each], False


def pages(server: Server, *, limit: int = 100, most: int = 10_000) -> tuple[Pages, int]:
    """What was read, and in how many requests."""
    requests = 0

    async def fetch(limit: int, offset: int) -> Page:
        nonlocal requests
        requests += 1
        assert requests < 1000, "a loop"
        return server(limit, offset)

    return asyncio.run(read_all(fetch, read, lambda number: number, Limits(limit, most))), requests


@pytest.mark.parametrize("count", [0, 1, 19, 99, 100, 101, 250, 1000])
def test_an_honest_server_is_read_to_its_end(count: int) -> None:
    found, _ = pages(lambda limit, offset: page(range(count)[offset : offset + limit]))

    assert found.found == list(range(count))
    assert found.complete


def test_a_short_page_needs_no_second_request() -> None:
    assert pages(lambda _limit, _offset: page(range(13)))[1] == 1


@pytest.mark.parametrize("cap", [20, 25, 32, 50, 64, 100, 128, 200, 256])
def test_a_silent_cap_loses_nothing(cap: int) -> None:
    found, _ = pages(
        lambda limit, offset: page(range(333)[offset : offset + min(cap, limit)]), limit=1000
    )

    assert found.found == list(range(333))
    assert found.complete


def test_a_cap_that_the_server_tells_of_loses_nothing() -> None:
    def server(_limit: int, offset: int) -> Page:
        return page(range(50)[offset : offset + 7], more=offset + 7 < 50)

    assert pages(server)[0].found == list(range(50))


@pytest.mark.parametrize(("count", "complete"), [(13, True), (150, True), (100, False)])
def test_a_server_that_ignores_limit_and_offset_is_asked_no_third_time(
    count: int, complete: bool
) -> None:
    """A full page from such a server may be all it has, or not: nobody can tell."""
    found, requests = pages(lambda _limit, _offset: page(range(count)))

    assert found.found == list(range(count))
    assert found.complete is complete
    assert requests <= 2


def test_a_server_that_ignores_the_offset_and_has_more_is_not_complete() -> None:
    found, _ = pages(lambda limit, _offset: page(range(500)[:limit], more=True))

    assert len(found.found) == 100
    assert not found.complete


def test_a_second_page_that_comes_back_empty_is_the_end() -> None:
    found, _ = pages(lambda limit, offset: page(range(100)[offset:limit]))

    assert found.found == list(range(100))


def test_a_promised_page_that_is_empty_is_a_gap() -> None:
    found, _ = pages(lambda _limit, offset: page([] if offset else [1, 2], more=not offset))

    assert not found.complete


@pytest.mark.parametrize("before", [0, 100])
def test_an_empty_page_that_promises_more_is_a_gap(before: int) -> None:
    found, _ = pages(lambda limit, offset: page(range(before)[offset:limit], more=offset == before))

    assert found.found == list(range(before))
    assert not found.complete


def test_a_last_page_once_more_that_promises_more_is_a_gap() -> None:
    found, _ = pages(lambda _limit, offset: page(range(50), more=bool(offset)))

    assert found.found == list(range(50))
    assert not found.complete


def test_a_server_without_end_is_stopped() -> None:
    found, _ = pages(lambda limit, offset: page(range(offset, offset + limit)), most=1234)

    assert 1234 <= len(found.found) < 1334
    assert not found.complete


def test_pages_are_halved_down_to_ten() -> None:
    asked: list[int] = []

    def server(limit: int, _offset: int) -> Page:
        asked.append(limit)
        raise TooMany

    with pytest.raises(TooMany):
        pages(server, limit=100)
    assert asked == [100, 50, 25, 12, 10]


def test_a_fault_after_the_first_page_keeps_the_first_page() -> None:
    def server(limit: int, offset: int) -> Page:
        if offset:
            raise Unavailable("is gone")
        return page(range(limit))

    found, _ = pages(server)

    assert len(found.found) == 100
    assert isinstance(found.fault, Unavailable)
    assert not found.complete
