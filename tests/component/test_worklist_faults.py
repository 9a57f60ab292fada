"""What goes wrong upstream ends in the status that says what to do, never in an empty Success."""

import asyncio
import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import Response

from shared.config import Settings
from tests.support.ups_items import YAMADA, many
from tests.support.ups_query import Answered, answered, ask, query, settings
from tests.support.ups_server import JSON, UpsServer, answer
from worklist.find import WorklistService


def script(*responses: Response | Callable[[Request], Response]) -> Callable[[Request], Response]:
    """One after the other, the last one again and again."""
    left = list(responses)

    def next_one(request: Request) -> Response:
        found = left.pop(0) if len(left) > 1 else left[0]
        return found if isinstance(found, Response) else found(request)

    return next_one


def scripted(*responses: Response | Callable[[Request], Response], **options: Any) -> Answered:
    with UpsServer(script=script(*responses)) as server:
        [found] = ask(settings(server.workitems_uri, **options), query({"Modality": ""}))
        return found


def text(status: int, body: str = "no", media: str = "text/plain", **headers: str) -> Response:
    return Response(body, status, media_type=media, headers=headers)


GOOD = answer([YAMADA])


@pytest.mark.parametrize(
    ("response", "status"),
    [
        (text(400), 0xC001),
        (text(409), 0xC001),
        (text(414), 0xC001),
        (text(401), 0xC002),
        (text(403), 0xC002),
        (text(406), 0xC003),
        (text(415), 0xC003),
        (text(200, "<html>Please log in</html>", "text/html"), 0xC003),
        (text(200, "<html>Please log in</html>", JSON), 0xC003),
        (text(200, "[{", JSON), 0xC003),
        (text(200, "[1, 2]", JSON), 0xC003),
        (text(200, '"text"', JSON), 0xC003),
        (text(200, "x", "image/png"), 0xC003),
        (text(404), 0xC004),
        (text(405), 0xC004),
        (text(301, Location="https://elsewhere.example/"), 0xC004),
        (text(413), 0xC005),
        (text(408), 0xA700),
        (text(429), 0xA700),
        (text(500), 0xA700),
        (text(502), 0xA700),
        (text(503), 0xA700),
    ],
)
def test_each_refusal_has_its_status(response: Response, status: int) -> None:
    found = scripted(response, deadline=2)

    assert found.status == status
    assert found.comment
    assert not found.answers


def test_a_refusal_says_nothing_about_the_patient() -> None:
    with UpsServer(script=script(text(400, "bad key PatientName=DOE^JOHN"))) as server:
        [found] = ask(settings(server.workitems_uri), query(PatientName="DOE^JOHN"))

    assert "DOE" not in found.comment


def test_a_passing_refusal_is_tried_again_once() -> None:
    found = scripted(text(503, **{"Retry-After": "0"}), GOOD)

    assert (found.status, found.ids) == (0x0000, ["P1"])


def test_a_server_that_wants_a_long_pause_is_not_waited_for() -> None:
    assert scripted(text(503, **{"Retry-After": "60"}), GOOD).status == 0xA700


@pytest.fixture
def closed_port() -> Iterator[int]:
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))
        yield unheard.getsockname()[1]


def test_a_server_that_is_down_is_told(closed_port: int) -> None:
    [found] = ask(settings(f"http://127.0.0.1:{closed_port}/workitems"), query())

    assert found.status == 0xA700
    assert "try again" in found.comment


def test_a_server_that_never_answers_is_given_up_at_the_deadline() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        uri = f"http://127.0.0.1:{silent.getsockname()[1]}/workitems"
        [found] = ask(settings(uri, deadline=0.3), query())

    assert found.status == 0xA700


def test_the_next_query_works() -> None:
    with UpsServer(script=script(text(200, "<html/>", "text/html"), GOOD)) as server:
        first, second = ask(settings(server.workitems_uri), query(), query())

    assert first.status == 0xC003
    assert (second.status, second.ids) == (0x0000, ["P1"])


@pytest.mark.parametrize("none", [text(204, ""), text(200, "[]", JSON), text(200, "", JSON)])
def test_none_is_success_without_answers(none: Response) -> None:
    found = scripted(none)

    assert (found.status, found.answers) == (0x0000, [])


def test_none_by_404_must_be_expected() -> None:
    assert scripted(text(404), preset="pyupsrs").status == 0x0000


def refusing(*forbidden: str) -> Callable[[Request], Response]:
    def respond(request: Request) -> Response:
        wrong = any(each in request.url.query for each in forbidden)
        return text(400) if wrong else answer([YAMADA])

    return respond


def test_a_refused_key_is_left_out_and_matched_here() -> None:
    with UpsServer(script=refusing("00100020=")) as server:
        configured = settings(server.workitems_uri)
        keys = query(PatientID="P1"), query(PatientID="P2")
        found = ask(configured, *keys)

    assert [each.ids for each in found] == [["P1"], []]
    assert [each.status for each in found] == [0x0000, 0x0000]
    assert len(server.queries) == 3  # the second query knew


def test_refused_fields_are_left_out_as_well() -> None:
    with UpsServer(script=refusing("includefield", "limit=1000")) as server:
        [found] = ask(settings(server.workitems_uri), query(PatientID="P1"))

    assert found.ids == ["P1"]
    assert [("includefield" in each, "00100020=" in each) for each in server.queries] == [
        (True, True),
        (True, False),
        (False, False),
    ]


def test_too_many_at_once_are_asked_for_in_smaller_pages() -> None:
    items = many(30)

    def few_at_a_time(request: Request) -> Response:
        limit, offset = (int(request.query_params.get(key, 0)) for key in ("limit", "offset"))
        return text(413) if limit > 15 else answer(items[offset : offset + limit])

    with UpsServer(script=few_at_a_time) as server:
        [found] = ask(settings(server.workitems_uri), query())

    assert (found.status, len(found.answers)) == (0x0000, 30)


def test_answers_before_a_fault_are_given_and_the_fault_is_told() -> None:
    first = answer(
        many(10), Warning='299 x "There are 90 additional results that can be requested"'
    )

    found = scripted(first, text(500), deadline=2)

    assert found.status == 0xA700
    assert len(found.answers) == 10


def both_states(request: Request) -> Response:
    if "PROGRESS" in request.url.query:
        return text(500)
    return answer([YAMADA])


def test_one_state_of_two_is_a_part_and_said_to_be() -> None:
    found = scripted(both_states, states=("SCHEDULED", "IN PROGRESS"), deadline=2)

    assert (found.status, found.ids) == (0xA700, ["P1"])


async def twice(configured: Settings, between: Callable[[], None]) -> list[Answered]:
    service = WorklistService(configured)
    try:
        first = await answered(service, query())
        await asyncio.to_thread(between)
        return [first, await answered(service, query())]
    finally:
        await service.close()


@pytest.mark.parametrize(("stale_for", "status", "ids"), [(0, 0xA700, []), (60, 0x0000, ["P1"])])
def test_a_dead_server_is_stood_in_for_only_if_the_site_says_so(
    stale_for: float, status: int, ids: list[str]
) -> None:
    server = UpsServer([YAMADA])
    with server:
        configured = settings(server.workitems_uri, stale_for=stale_for, deadline=2)

        def die() -> None:
            server.__exit__(None, None, None)

        first, second = asyncio.run(twice(configured, die))

    assert first.ids == ["P1"]
    assert (second.status, second.ids) == (status, ids)
