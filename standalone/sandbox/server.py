"""Runs the sandbox: one process, one event loop, until SIGTERM or SIGINT."""

import logging
import warnings

from shared import logs
from standalone.sandbox.app import application
from standalone.sandbox.archive import Archive
from standalone.sandbox.ups import routes
from standalone.sandbox.ups_store import UpsStore
from standalone.web_server import CannotStart, WebServer, base_uri, listening_on

log = logs.get(__name__)


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
    with listening_on(host, port) as listening:
        app = application(archive, routes(worklist, played))
        server = WebServer(app, listening, {"Server": "SANDBOX-not-an-archive"})
        log.warning(
            "sandbox.started",
            note="SANDBOX: not an archive; send it nothing that names a real patient",
            address=base_uri(listening),
            **archive.counts(),
            workitems=len(worklist.all()),
            capacity=archive.capacity,
        )
        server.serve_until_signalled()
        log.info("sandbox.stopped")
