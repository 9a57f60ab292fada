"""Serves an ASGI application: one process, one event loop, until SIGTERM or SIGINT."""

import asyncio
import contextlib
import os
import signal
import socket
from collections.abc import Mapping
from pathlib import Path

import uvicorn
from starlette.applications import Starlette

from standalone import ready

DRAIN = 5  # seconds for requests under way when we are asked to end
NO_HEADERS: Mapping[str, str] = {}


class CannotStart(Exception):
    """The port is taken or the folder cannot be written; the text is one clear line."""


def listener(host: str, port: int) -> socket.socket:
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family, backlog=256)
    except socket.gaierror as error:
        raise CannotStart(f"cannot listen on {host}:{port}: {error.strerror}") from None
    except OSError as error:
        reason = os.strerror(error.errno or 0)  # without what Python adds to it
        raise CannotStart(f"cannot listen on {host}:{port}: {reason}") from None


def base_uri(listening: socket.socket, *, secure: bool = False) -> str:
    host, port = listening.getsockname()[:2]
    scheme = "https" if secure else "http"
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


class WebServer(uvicorn.Server):
    """Ends quietly when signalled, from when it is made: uvicorn's own would raise the signal again
    and die of it.
    """

    def __init__(
        self,
        application: Starlette,
        listening: socket.socket,
        headers: Mapping[str, str] = NO_HEADERS,
        *,
        certificate: Path | None = None,
        key: Path | None = None,
    ) -> None:
        """`headers`: of every answer; `certificate`, `key`: PEM files, for TLS. Raises OSError."""
        config = uvicorn.Config(
            application,
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
        """Having announced where: `address`, else that of the socket."""
        ready.announce(address or base_uri(self._listening))
        asyncio.run(self.serve(sockets=[self._listening]))

    def capture_signals(self) -> contextlib.AbstractContextManager[None]:  # type: ignore[override]
        return contextlib.nullcontext()

    def _stop(self, *_: object) -> None:
        self.should_exit = True
