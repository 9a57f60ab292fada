"""Answers with more in them than any worklist: told, and never held in memory."""

import tracemalloc

from starlette.responses import Response

from tests.support.ups_query import ask, query, settings
from tests.support.ups_server import JSON, UpsServer

MIB = 1 << 20
PART = b"--b\r\nContent-Type: application/dicom+xml\r\n\r\n<NativeDicomModel/>\r\n"
XML = 'multipart/related; type="application/dicom+xml"; boundary=b'


def test_a_flood_of_tiny_workitems_is_told_and_takes_no_memory() -> None:
    flood = b"[" + b'{"":0},' * (4 * MIB // 7) + b"null]"
    tracemalloc.start()
    try:
        with UpsServer(script=lambda _request: Response(flood, media_type=JSON)) as server:
            [found] = ask(settings(server.workitems_uri), query())
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert (found.status, found.answers) == (0xA700, [])
    assert peak < 128 * MIB


def test_more_parts_than_are_read_are_told_where_there_are_no_pages() -> None:
    flood = PART * 101 + b"--b--"
    with UpsServer(script=lambda _request: Response(flood, media_type=XML)) as server:
        configured = settings(server.workitems_uri, profile="ups-legacy-google", max_workitems=100)
        [found] = ask(configured, query())

    assert (found.status, found.answers) == (0xA700, [])


def test_what_is_too_heavy_for_one_answer_is_told() -> None:
    heavy = b'[{"00400100":{"Value":[' + b"{}," * (4 * MIB) + b"null]}}]"
    with UpsServer(script=lambda _request: Response(heavy, media_type=JSON)) as server:
        [found] = ask(settings(server.workitems_uri, page_size=10), query())

    assert (found.status, found.answers) == (0xC005, [])
