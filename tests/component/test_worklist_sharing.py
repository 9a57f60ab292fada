"""Several questions at once, cancelled ones, several servers."""

import asyncio
import time
from contextlib import suppress

from shared.config import Settings
from shared.destination import Destination
from shared.dimse.service import Response
from shared.route_sections import Route
from shared.worklist_sections import WorklistSettings
from tests.support.ups_items import YAMADA, many, value, yamada
from tests.support.ups_query import answered, ask, begin, peer, query, settings
from tests.support.ups_server import UpsServer, answer
from tests.support.waiting import wait_until
from worklist.find import WorklistService


def test_a_cancelled_question_asks_for_no_further_page() -> None:
    async def run(server: UpsServer) -> list[Response]:
        service = WorklistService(settings(server.workitems_uri, page_size=1))
        operation = begin(service)
        responses: list[Response] = []

        async def respond(response: Response) -> None:
            responses.append(response)

        finishing = asyncio.ensure_future(operation.finish(respond))
        await asyncio.to_thread(wait_until, lambda: server.queries, 10, "a search")
        operation.cancel()
        await finishing
        await service.close()
        return responses

    with UpsServer(many(500)) as server:
        responses = asyncio.run(run(server))
        asked = len(server.queries)

    assert [each.status for each in responses] == [0xFE00]
    assert asked < 500


def test_a_cancel_between_answers_stops_them() -> None:
    async def run(server: UpsServer) -> list[int]:
        service = WorklistService(settings(server.workitems_uri))
        operation = begin(service)
        statuses: list[int] = []

        async def respond(response: Response) -> None:
            statuses.append(response.status)
            if len(statuses) == 3:
                operation.cancel()

        await operation.finish(respond)
        await service.close()
        return statuses

    with UpsServer(many(50)) as server:
        assert asyncio.run(run(server)) == [0xFF00] * 3 + [0xFE00]


def test_the_same_search_is_made_once_for_all_who_wait_for_it() -> None:
    async def run(server: UpsServer) -> None:
        service = WorklistService(settings(server.workitems_uri))
        found = await asyncio.gather(*(answered(service, query()) for _ in range(10)))
        assert all(each.ids == ["P1"] for each in found)
        await service.close()

    with UpsServer([YAMADA]) as server:
        asyncio.run(run(server))
        assert len(server.queries) == 1


def test_one_who_cancels_takes_the_search_from_nobody_else() -> None:
    async def run(server: UpsServer) -> None:
        service = WorklistService(settings(server.workitems_uri))
        operation = begin(service)
        ended: list[int] = []

        async def respond(response: Response) -> None:
            ended.append(response.status)

        cancelled = asyncio.ensure_future(operation.finish(respond))
        other = asyncio.ensure_future(answered(service, query()))
        await asyncio.sleep(0)
        operation.cancel()
        assert (await other).ids == ["P1"]
        await cancelled
        assert ended == [0xFE00]
        await service.close()

    with UpsServer([YAMADA]) as server:
        asyncio.run(run(server))


def test_each_ae_title_may_have_a_server_of_its_own() -> None:
    other = yamada(t00100020=value("LO", "P2"))
    with UpsServer([YAMADA]) as first, UpsServer([other], "azure") as second:
        configured = Settings(
            destinations=(
                Destination(name="first", worklist_uri=first.workitems_uri),
                Destination(
                    name="second", worklist_uri=second.workitems_uri, worklist_preset="azure"
                ),
            ),
            routes=(
                Route(called_ae="MR*", worklist_from="second"),
                Route(calling_ae="US?", worklist_from="second"),
            ),
            worklist=WorklistSettings(),
        )
        found = [
            ask(configured, query(), who=who)[0].ids
            for who in (peer("CT01", "WL"), peer("CT01", "MRWL"), peer("US1", "WL"))
        ]

    assert found == [["P1"], ["P2"], ["P2"]]


def test_each_network_may_have_a_server_of_its_own() -> None:
    """The same console at another site asks the very same, and gets its own site's patients."""

    async def run(configured: Settings) -> list[list[str]]:
        service = WorklistService(configured)
        consoles = [peer(address=each) for each in ("10.1.0.7", "10.2.0.7", "10.1.9.9")]
        found = [(await answered(service, query(), who=each)).ids for each in consoles]
        await service.close()
        return found

    other = yamada(t00100020=value("LO", "P2"))
    with UpsServer([YAMADA]) as first, UpsServer([other]) as second:
        configured = Settings(
            destinations=(
                Destination(name="first", worklist_uri=first.workitems_uri),
                Destination(name="second", worklist_uri=second.workitems_uri),
            ),
            routes=(Route(network="10.2.0.0/16", worklist_from="second"),),
        )
        assert asyncio.run(run(configured)) == [["P1"], ["P2"], ["P1"]]


def test_answers_with_the_same_bytes_are_matched_for_each_question_anew() -> None:
    items = many(20)
    with UpsServer(script=lambda _request: answer(items)) as server:
        found = ask(
            settings(server.workitems_uri),
            *(query(PatientID=f"P{number}") for number in (3, 7, 99)),
        )

    assert [each.ids for each in found] == [["P3"], ["P7"], []]


def test_a_question_that_takes_long_lets_others_have_their_turn() -> None:
    """Seconds of this thread's processor between two turns of somebody else."""
    longest = 0.0

    async def somebody_else() -> None:
        nonlocal longest
        while True:
            before = time.thread_time()
            await asyncio.sleep(0)
            longest = max(longest, time.thread_time() - before)

    async def run(configured: Settings) -> int:
        service = WorklistService(configured)
        await answered(service, query())
        names = query(PatientName=[f"N{number}" for number in range(5000)])
        other = asyncio.ensure_future(somebody_else())
        found = await answered(service, names)
        other.cancel()
        with suppress(asyncio.CancelledError):
            await other
        await service.close()
        return found.status

    with UpsServer(many(100)) as server:
        assert asyncio.run(run(settings(server.workitems_uri))) == 0x0000
    assert longest < 0.1
