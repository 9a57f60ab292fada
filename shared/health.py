"""GET /livez, /readyz and /metrics of a service; `python -m shared.health` asks whether it is ready
(a container's check).

Standard library only, so that the check starts fast: what /metrics needs is imported when asked.
"""

import json
import os
import socket
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from shared.listening import listen

Check = Callable[[], str | None]  # None: all is well; else a short reason, no patient data in it

LIVE, READY, METRICS = "/livez", "/readyz", "/metrics"
JSON = "application/json"
GOOD = "ok"
PATIENCE = 5.0  # seconds that a client of ours may be silent, and that the container's check waits
MOST = 4096  # bytes of an answer that are shown
POLL = 0.1  # seconds that closing may take
DEFAULT_PORT = 8080
HOST_VARIABLE, PORT_VARIABLE = "DICOMWEB_PROXY_HEALTH__HOST", "DICOMWEB_PROXY_HEALTH__PORT"
LOOPBACK = "127.0.0.1"  # which is one of each of these
EVERYWHERE = {"0.0.0.0": LOOPBACK, "::": LOOPBACK, "": LOOPBACK}


class Health:
    """Answers in a daemon thread. `live`: is this process wedged? A dependency that is down belongs
    into `ready`: may work be sent here? `facts` are told with every answer and fail nothing; one
    that is a check, where it has something to say.
    """

    def __init__(
        self,
        host: str,
        port: int,
        *,
        live: Mapping[str, Check] | None = None,
        ready: Mapping[str, Check] | None = None,
        facts: Mapping[str, str | Check] | None = None,
    ) -> None:
        self._checks = {LIVE: dict(live or {}), READY: {**(live or {}), **(ready or {})}}
        self._facts = dict(facts or {})
        self._address = (host, port)
        self._servers: list[ThreadingHTTPServer] = []  # one for each address of the host

    @property
    def port(self) -> int:
        """The real one, once started; 0 if this service has none."""
        return int(self._servers[0].server_address[1]) if self._servers else 0

    def start(self) -> None:
        """Raises OSError for a taken port."""
        handler = _handler(self)
        self._servers = [_Server(each, handler) for each in listen(*self._address, shared=False)]
        for each in self._servers:
            threading.Thread(
                target=each.serve_forever, args=(POLL,), name="health", daemon=True
            ).start()

    def close(self) -> None:
        for each in self._servers:
            each.shutdown()
            each.server_close()
        self._servers = []

    def answer(self, path: str) -> tuple[int, dict[str, object]]:
        checks = self._checks.get(path)
        if checks is None:
            return 404, {"error": f"there is only {LIVE}, {READY} and {METRICS}"}
        found = {name: _result(check) for name, check in checks.items()}
        well = all(each == GOOD for each in found.values())
        status = GOOD if well else "failing"
        facts = {
            name: fact if isinstance(fact, str) else _result(fact)
            for name, fact in self._facts.items()
        }
        told = {name: fact for name, fact in facts.items() if fact != GOOD}
        return 200 if well else 503, {"status": status, "checks": found, **told}

    def exposition(self) -> tuple[str, bytes]:
        """Content type and text of /metrics."""
        from shared import metrics

        def checks() -> Iterator[metrics.Sample]:
            for name, check in self._checks[READY].items():
                yield metrics.Sample(metrics.CHECK, _result(check) == GOOD, (name,))

        return metrics.CONTENT_TYPE, metrics.exposition(checks)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, listening: socket.socket, handler: type[BaseHTTPRequestHandler]) -> None:
        super().__init__(listening.getsockname()[:2], handler, bind_and_activate=False)
        self.socket.close()  # it has made one of its own
        self.socket = listening


def _handler(health: Health) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = PATIENCE

        def do_GET(self) -> None:  # http.server's name
            path = self.path.partition("?")[0]
            if path == METRICS:
                self._respond(200, *health.exposition())
            else:
                status, content = health.answer(path)
                self._respond(status, JSON, json.dumps(content).encode() + b"\n")

        def _respond(self, status: int, content_type: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """A line for each probe would drown the log."""

    return Handler


def _result(check: Check) -> str:
    try:
        return check() or GOOD
    except Exception as error:  # noqa: BLE001  # a check that fails to check has failed
        return type(error).__name__


def _lines(answer: bytes) -> Iterator[str]:
    """Of an answer: its status, then each check and fact."""
    try:
        content = json.loads(answer)
        facts = {**content, **content["checks"]}
    except (ValueError, KeyError, TypeError):  # somebody else's
        yield answer.decode("utf-8", "replace").rstrip() + "\n"
        return
    yield f"{facts.pop('status', GOOD)}\n"
    del facts["checks"]
    yield from (f"{name}: {each}\n" for name, each in facts.items())


def main(arguments: list[str]) -> int:
    """Ask the service in this container; `livez` asks whether it is wedged, else: ready."""
    path = LIVE if arguments == ["livez"] else READY
    port = os.environ.get(PORT_VARIABLE) or str(DEFAULT_PORT)
    host = os.environ.get(HOST_VARIABLE, "")
    host = EVERYWHERE.get(host, host)
    if port == "0":
        sys.stdout.write("ok: this service has no health port, so there is nothing to ask\n")
        return 0
    address = f"http://{f'[{host}]' if ':' in host else host}:{port}{path}"
    try:
        # A proxy that the environment names is no way to ourselves.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(address, timeout=PATIENCE) as answer:
            sys.stdout.writelines(_lines(answer.read(MOST)))
            return 0
    except urllib.error.HTTPError as error:
        sys.stderr.writelines(_lines(error.read(MOST)))
    except (OSError, ValueError) as error:
        sys.stderr.write(f"{address}: {error}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
