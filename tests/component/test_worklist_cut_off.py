"""A worklist server's connection that ends where its answer should begin."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.support.ups_items import DataSet, many
from tests.support.ups_query import ask, query, settings


@contextmanager
def closing_after(*pages: list[DataSet] | None) -> Iterator[str]:
    """Nothing tells the end of its answers but that of the connection; None has headers alone."""
    left = list(pages)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            page = left.pop(0) if len(left) > 1 else left[0]
            self.send_response(200)
            self.send_header("Content-Type", "application/dicom+json")
            self.end_headers()
            if page is not None:
                self.wfile.write(json.dumps(page).encode())

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/workitems"
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize(
    ("pages", "count"), [([None], 0), ([many(10), None], 10), ([many(10), many(20)[10:], None], 20)]
)
def test_headers_alone_are_no_empty_worklist(pages: list[list[DataSet] | None], count: int) -> None:
    with closing_after(*pages) as uri:
        [found] = ask(settings(uri, page_size=10, deadline=2), query())

    assert (found.status, len(found.answers)) == (0xA700, count)


def test_an_answer_that_broke_off_is_asked_for_again() -> None:
    with closing_after(None, many(1)) as uri:
        [found] = ask(settings(uri), query())

    assert (found.status, found.ids) == (0x0000, ["P1"])


def test_an_empty_list_needs_no_length() -> None:
    with closing_after([]) as uri:
        [found] = ask(settings(uri), query())

    assert (found.status, found.answers) == (0x0000, [])
