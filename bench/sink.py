"""A STOW-RS origin server that keeps nothing: `python -m bench.sink PORT`.

POST …/studies       counts the parts and answers a Store Instances Response (PS3.18 10.5.3)
                     after the latency, which stands for the server's work and a WAN round trip
GET  /counts         counts since the last reset, as JSON
GET  /arrivals       when each instance was answered, seconds on the monotonic clock
POST /reset?latency=SECONDS&down=0
                     down=1: count requests, keep nothing, drop the connection
"""

import asyncio
import json
import re
import resource
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from urllib.parse import parse_qs, urlsplit

from bench.http_messages import DROPPED, Connection, Receiver, Request
from bench.parts import Part, Parts

BOUNDARY = re.compile(r'boundary="?([^";,]+)', re.IGNORECASE)
BACKLOG = 512
Answer = Callable[[int, str, bytes], None]


class Counts:
    """Since the last reset."""

    def __init__(self, latency: float = 0.0, *, down: bool = False) -> None:
        self.latency, self.down = latency, down
        self.requests = self.instances = self.unreadable = self.refused = 0
        self.in_flight = self.most_in_flight = 0
        self.first = self.last = 0.0
        self.arrivals: dict[str, float] = {}

    def begin(self) -> None:
        self.in_flight += 1
        self.most_in_flight = max(self.in_flight, self.most_in_flight)

    def end(self, parts: Parts) -> None:
        now = time.monotonic()
        self.in_flight -= 1
        self.requests += 1
        if self.down:
            return
        self.instances += len(parts.found)
        self.unreadable += parts.unreadable + (not parts.closed)
        self.first, self.last = self.first or now, now
        for part in parts.found:
            self.arrivals.setdefault(part.sop_instance, now)

    def figures(self) -> dict[str, float]:
        usage = resource.getrusage(resource.RUSAGE_SELF)
        return {
            "requests": self.requests,
            "instances": self.instances,
            "unique": len(self.arrivals),
            "unreadable": self.unreadable,
            "refused": self.refused,
            "most_in_flight": self.most_in_flight,
            "first": self.first,
            "last": self.last,
            "cpu": usage.ru_utime + usage.ru_stime,
        }


class Sink(Receiver):
    """One connection's requests."""

    def __init__(self, server: "Server") -> None:
        self._server = server
        self._request = Request("", "")
        self._parts: Parts | None = None

    def begin(self, request: Request) -> None:
        self._request, self._parts = request, None
        boundary = BOUNDARY.search(request.fields.get("content-type", ""))
        if request.method == "POST" and "/studies" in request.target and boundary:
            self._parts = Parts(boundary[1].encode())
            self._server.counts.begin()

    def body(self, buffer: bytearray, start: int, end: int) -> None:
        if self._parts:
            self._parts.feed(buffer, start, end)

    def end(self, answer: Answer) -> None:
        if self._parts is None:
            self._server.control(self._request, answer)
            return
        self._parts.finish()
        asyncio.get_running_loop().call_later(
            self._server.counts.latency, self._server.store, self._parts, answer
        )


class Server:
    def __init__(self) -> None:
        self.counts = Counts()

    def connection(self) -> Connection:
        return Connection(Sink(self))

    def store(self, parts: Parts, answer: Answer) -> None:
        self.counts.end(parts)
        if self.counts.down:
            answer(DROPPED, "", b"")
            return
        status = 200 if parts.found else 400
        answer(status, "application/dicom+json", json.dumps(response(parts.found)).encode())

    def control(self, request: Request, answer: Answer) -> None:
        target = urlsplit(request.target)
        documents: dict[str, Callable[[], object]] = {
            "/counts": self.counts.figures,
            "/arrivals": lambda: self.counts.arrivals,
            "/reset": lambda: self.reset(parse_qs(target.query)),
        }
        document = documents.get(target.path)
        if document is None:
            self.counts.refused += 1
            answer(404, "text/plain", b"not here\n")
        else:
            answer(200, "application/json", json.dumps(document()).encode())

    def reset(self, query: dict[str, list[str]]) -> dict[str, float]:
        self.counts = Counts(
            float(query.get("latency", ["0"])[0]), down=query.get("down", ["0"])[0] == "1"
        )
        return self.counts.figures()


def response(parts: list[Part]) -> dict[str, object]:
    """A Store Instances Response that names every part as stored (PS3.18 Annex I)."""
    stored = [
        {
            "00081150": {"vr": "UI", "Value": [part.sop_class]},
            "00081155": {"vr": "UI", "Value": [part.sop_instance]},
            "00081190": {"vr": "UR", "Value": [f"http://sink/instances/{part.sop_instance}"]},
        }
        for part in parts
    ]
    return {
        "00081190": {"vr": "UR", "Value": ["http://sink/studies"]},
        "00081199": {"vr": "SQ", "Value": stored},
    }


async def serve(port: int) -> None:
    server = Server()
    listener = await asyncio.get_running_loop().create_server(
        server.connection, "127.0.0.1", port, backlog=BACKLOG
    )
    await listener.serve_forever()


if __name__ == "__main__":
    with suppress(ImportError):
        import uvloop

        asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
    with suppress(KeyboardInterrupt):
        asyncio.run(serve(int(sys.argv[1])))
