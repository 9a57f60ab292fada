"""Runs the sandbox: one process, one event loop, until SIGTERM or SIGINT."""

import asyncio
import contextlib
import logging
import os
import signal
import socket
import warnings

import uvicorn

from shared import logs
from standalone import ready
from standalone.sandbox.app import application
from standalone.sandbox.archive import Archive
from standalone.sandbox.ups import routes
from standalone.sandbox.ups_store import UpsStore

log = logs.get(__name__)
DRAIN = 5  # seconds for requests under way when we are asked to end


class CannotStart(Exception):
    """The port is taken or the folder cannot be written; the text is one clear line."""


def serve(host: str, port: int, archive: Archive, worklist: UpsStore, played: str) -> None:
    """Serve until signalled. `played`: whose manner of searching workitems. Raises CannotStart."""
    # pydicom warns by showing values, and a value may be a patient's name.
    warnings.simplefilter("ignore")
    logging.getLogger("pydicom").setLevel(logging.CRITICAL)
    try:
        archive.open()
        worklist.open()
    except OSError as error:
        raise CannotStart(f"cannot write to {archive.root}: {error.strerror}") from None
    except (ValueError, KeyError):
        raise CannotStart(f"the worklist in {archive.root} cannot be read") from None
    with listener(host, port) as listening:
        config = uvicorn.Config(
            application(archive, routes(worklist, played)),
            log_config=None,
            access_log=False,  # a query names the patient it asks for
            lifespan="off",
            server_header=False,
            headers=[("Server", "SANDBOX-not-an-archive")],
            timeout_graceful_shutdown=DRAIN,
        )
        server = Server(config)
        address = base_uri(listening)
        log.warning(
            "sandbox.started",
            note="SANDBOX: not an archive; send it nothing that names a real patient",
            address=address,
            **archive.counts(),
            workitems=len(worklist.all()),
            capacity=archive.capacity,
        )
        ready.announce(address)
        asyncio.run(server.serve(sockets=[listening]))
        log.info("sandbox.stopped")


def listener(host: str, port: int) -> socket.socket:
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family, backlog=256)
    except socket.gaierror as error:
        raise CannotStart(f"cannot listen on {host}:{port}: {error.strerror}") from None
    except OSError as error:
        reason = os.strerror(error.errno or 0)  # without what Python adds to it
        raise CannotStart(f"cannot listen on {host}:{port}: {reason}") from None


def base_uri(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


class Server(uvicorn.Server):
    """Ends quietly when signalled: uvicorn's own would raise the signal again and die of it."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        for each in (signal.SIGTERM, signal.SIGINT):
            signal.signal(each, self._stop)

    def capture_signals(self) -> contextlib.AbstractContextManager[None]:  # type: ignore[override]
        return contextlib.nullcontext()

    def _stop(self, *_: object) -> None:
        self.should_exit = True
