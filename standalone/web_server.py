"""Serves an ASGI application: one process, one event loop, until SIGTERM or SIGINT."""

import asyncio
import contextlib
import os
import signal
import socket
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from uvicorn.protocols.http.h11_impl import H11Protocol

from shared.listening import listen
from standalone import ready

HEAD_PATIENCE = 10.0  # seconds from the connection, or the last answer, to the head of a request
DRAIN = 5  # seconds for requests under way when we are asked to end
NO_HEADERS: Mapping[str, str] = {}


class CannotStart(Exception):
    """The port is taken or the folder cannot be written; the text is one clear line."""


@contextlib.contextmanager
def listening_on(host: str, port: int) -> Iterator[Sequence[socket.socket]]:
    """Raises CannotStart."""
    with contextlib.ExitStack() as closing:
        try:
            sockets = listen(host, port, shared=False)
        except socket.gaierror as error:
            raise CannotStart(f"cannot listen on {host}:{port}: {error.strerror}") from None
        except OSError as error:
            reason = os.strerror(error.errno or 0)  # without what Python adds to it
            raise CannotStart(f"cannot listen on {host}:{port}: {reason}") from None
        yield [closing.enter_context(each) for each in sockets]


def base_uri(listening: Sequence[socket.socket], *, secure: bool = False) -> str:
    """Of the first."""
    host, port = listening[0].getsockname()[:2]
    scheme = "https" if secure else "http"
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


class Impatient(H11Protocol):
    """A connection that has to bring the head of a request in time, or goes: uvicorn would keep it
    for ever, and whoever opens enough of them would keep all others out.
    """

    _late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._expect()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._expect()

    def connection_lost(self, exc: Exception | None) -> None:
        self._expect_nothing()
        super().connection_lost(exc)

    def _expect(self) -> None:
        self._expect_nothing()
        self._late = self.loop.call_later(HEAD_PATIENCE, self._give_up)

    def _expect_nothing(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _give_up(self) -> None:
        if self.cycle is None or self.cycle.response_complete:  # else a request is being answered
            self.transport.close()


class WebServer(uvicorn.Server):
    """Ends quietly when signalled, from when it is made: uvicorn's own would raise the signal again
    and die of it.
    """

    def __init__(
        self,
        application: Starlette,
        listening: Sequence[socket.socket],
        headers: Mapping[str, str] = NO_HEADERS,
        *,
        certificate: Path | None = None,
        key: Path | None = None,
    ) -> None:
        """`headers`: of every answer; `certificate`, `key`: PEM files, for TLS. Raises OSError."""
        config = uvicorn.Config(
            application,
            http=Impatient,
            log_config=None,
            access_log=False,  # a query names the patient it asks for
            lifespan="off",
            server_header=False,
            proxy_headers=False,  # whom to believe is for the application to say
            headers=list(headers.items()),
            timeout_graceful_shutdown=DRAIN,
            ssl_certfile=certificate,
            ssl_keyfile=key,
        )
        config.load()  # now, so that a bad certificate is found before anybody is told
        super().__init__(config)
        self._listening = listening
        for each in (signal.SIGTERM, signal.SIGINT):
            signal.signal(each, self._stop)

    def serve_until_signalled(self, address: str = "") -> None:
        """Having announced where: `address`, else that of the first socket."""
        ready.announce(address or base_uri(self._listening))
        asyncio.run(self.serve(sockets=[*self._listening]))

    def capture_signals(self) -> contextlib.AbstractContextManager[None]:  # type: ignore[override]
        return contextlib.nullcontext()

    def _stop(self, *_: object) -> None:
        self.should_exit = True
