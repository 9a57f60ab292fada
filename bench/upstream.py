"""A UPS-RS origin server that serves prepared bytes: `python -m bench.upstream PORT COUNT`.

A search that names the accession number of an item is answered with that item, as by a server that
matches the key; any other with all items, on one page.
"""

import asyncio
import re
import sys
from collections.abc import Callable
from contextlib import suppress
from urllib.parse import parse_qs, urlsplit

from bench.http_messages import Connection, Receiver, Request
from bench.worklist_items import encoded

JSON = "application/dicom+json"
ACCESSION = re.compile(r"A(\d{5})")
Answer = Callable[[int, str, bytes], None]


class Upstream(Receiver):
    """One connection's requests."""

    def __init__(self, pages: dict[int | None, bytes]) -> None:
        self._pages = pages  # by item; None: all of them
        self._request = Request("", "")

    def begin(self, request: Request) -> None:
        self._request = request

    def body(self, buffer: bytearray, start: int, end: int) -> None:
        """A search has none."""

    def end(self, answer: Answer) -> None:
        target = urlsplit(self._request.target)
        if not target.path.endswith("/workitems"):
            answer(404, "text/plain", b"not here\n")
        elif int(parse_qs(target.query).get("offset", ["0"])[0]):
            answer(200, JSON, b"[]")
        else:
            found = ACCESSION.search(target.query)
            answer(200, JSON, self._pages[int(found[1]) if found else None])


async def serve(port: int, count: int) -> None:
    pages: dict[int | None, bytes] = {
        number: encoded(range(number, number + 1)) for number in range(count)
    }
    pages[None] = encoded(range(count))
    listener = await asyncio.get_running_loop().create_server(
        lambda: Connection(Upstream(pages)), "127.0.0.1", port
    )
    await listener.serve_forever()


if __name__ == "__main__":
    with suppress(ImportError):
        import uvloop

        asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
    with suppress(KeyboardInterrupt):
        asyncio.run(serve(int(sys.argv[1]), int(sys.argv[2])))
