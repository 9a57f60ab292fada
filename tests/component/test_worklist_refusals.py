"""Searches that a server calls wrong: what is left out of them, and of which others."""

from itertools import count

from pydicom.dataset import Dataset
from starlette.requests import Request
from starlette.responses import Response

from tests.support.ups_items import YAMADA
from tests.support.ups_query import ask, query, settings
from tests.support.ups_server import UpsServer, answer

STUDY = "1.2.826.2.1"  # in an attribute that a server returns if asked for it
REQUESTS = "0040A370"


def as_asked(request: Request) -> Response:
    given = dict(YAMADA)
    if REQUESTS not in request.url.query:
        del given[REQUESTS]
    return answer([given])


def private() -> Dataset:
    asked = query(StudyInstanceUID="")
    asked.add_new(0x00091010, "LO", "")
    return asked


def test_one_device_with_a_refused_field_changes_no_other_ones_answers() -> None:
    def script(request: Request) -> Response:
        return Response(status_code=400) if "00091010" in request.url.query else as_asked(request)

    usual = query(StudyInstanceUID="")
    with UpsServer(script=script) as server:
        found = ask(settings(server.workitems_uri), usual, private(), private(), usual)

    assert [each.ids for each in found] == [["P1"]] * 4
    assert found[0].answers[0].StudyInstanceUID == STUDY
    assert found[3].answers[0].StudyInstanceUID == STUDY


def test_a_passing_refusal_changes_nothing_for_those_who_ask_later() -> None:
    searches = count(1)

    def script(request: Request) -> Response:
        return Response(status_code=400) if next(searches) in {1, 4} else as_asked(request)

    with UpsServer(script=script) as server:
        found = ask(settings(server.workitems_uri), *[query(StudyInstanceUID="")] * 4)

    assert [each.ids for each in found] == [["P1"]] * 4
    assert found[1].answers[0].StudyInstanceUID == STUDY
    assert found[3].answers[0].StudyInstanceUID == STUDY


def test_fields_that_are_refused_twice_are_not_sent_a_third_time() -> None:
    def script(request: Request) -> Response:
        refused = "includefield" in request.url.query
        return Response(status_code=400) if refused else answer([YAMADA])

    with UpsServer(script=script) as server:
        found = ask(settings(server.workitems_uri), *[query()] * 3)

    assert [each.ids for each in found] == [["P1"]] * 3
    assert ["includefield" in each for each in server.queries] == [True, False, True, False, False]


def test_a_server_that_refuses_everything_is_asked_once_for_each_query() -> None:
    with UpsServer(script=lambda _request: Response(status_code=400)) as server:
        queries = [query(PatientID=f"P{number}") for number in range(10)]
        found = ask(settings(server.workitems_uri), *queries)

    assert [each.status for each in found] == [0xC001] * 10
    assert len(server.queries) == 3 + 3 + 8  # as it is, without keys, without fields; then once
    assert all("00100020=" in each for each in server.queries[6:])


def test_a_server_that_is_mended_is_asked_for_all_at_once() -> None:
    searches = count(1)

    def script(request: Request) -> Response:
        broken = next(searches) <= 8
        return Response(status_code=400) if broken else as_asked(request)

    with UpsServer(script=script) as server:
        asked = [query(PatientID="P1", StudyInstanceUID="")] * 6
        found = ask(settings(server.workitems_uri), *asked)

    assert [each.status for each in found] == [0xC001] * 4 + [0x0000] * 2
    assert [each.answers[0].StudyInstanceUID for each in found[4:]] == [STUDY] * 2
    assert len(server.queries) == 10


def test_a_state_that_is_always_refused_takes_nothing_from_another() -> None:
    def script(request: Request) -> Response:
        refused = "PROGRESS" in request.url.query or "includefield" in request.url.query
        return Response(status_code=400) if refused else answer([YAMADA])

    with UpsServer(script=script) as server:
        configured = settings(server.workitems_uri, states=("SCHEDULED", "IN PROGRESS"))
        found = ask(configured, *[query()] * 6)

    assert [(each.status, each.ids) for each in found] == [(0xA700, ["P1"])] * 6
    refused = [each for each in server.queries if "PROGRESS" in each]
    assert len(refused) == 2 + 2 + 4


def test_a_server_that_has_always_too_many_is_asked_once_for_each_query() -> None:
    searches = count(1)

    def script(request: Request) -> Response:
        many = "00100020=P1" in request.url.query and next(searches) <= 8 + 8 + 3
        return Response(status_code=413) if many else as_asked(request)

    with UpsServer(script=script) as server:
        found = ask(
            settings(server.workitems_uri),
            *[query(PatientID="P1")] * 5,
            query(PatientID="P2"),
            *[query(PatientID="P1")] * 2,
        )

    statuses = [0xC005] * 5 + [0x0000] * 3  # the one in between asks for something else
    assert [each.status for each in found] == statuses
    assert len(server.queries) == 8 + 8 + 3 + 1 + 2  # in pages of 1000 to 10; then once
