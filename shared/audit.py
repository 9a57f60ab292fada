"""The audit trail of this process: one JSON line for each message, apart from the log."""

import atexit
import getpass
import json
import os
import socket
import sys
from collections.abc import Sequence
from typing import TextIO

from shared import audit_message as says
from shared import logs
from shared.audit_message import Code, Identity, Json, Participant
from shared.audit_sections import AuditSettings
from shared.quarantine import Quarantined

MODE = 0o640  # of the file

log = logs.get(__name__)


class Trail:
    def __init__(self, settings: AuditSettings, service: str, stream: TextIO) -> None:
        self._settings = settings
        self._stream = stream
        self.us = Participant(service, says.APPLICATION, address=socket.gethostname(), by="1")

    @property
    def on(self) -> bool:
        return self._settings.to != "off"

    @property
    def identifies(self) -> bool:
        """Whether UIDs are to be named."""
        return self.on and self._settings.identifiers

    def tell(  # noqa: PLR0913  # as audit_message.message
        self,
        event: Code,
        action: str,
        *participants: Participant,
        outcome: int = says.SUCCESS,
        kind: Code | None = None,
        why: str = "",
        objects: Sequence[Json] = (),
    ) -> None:
        """Never raises: an audit trail that cannot be written must not stop images."""
        if not self.on:
            return
        content = says.message(
            event,
            action,
            *participants,
            source=self._settings.source,
            outcome=outcome,
            kind=kind,
            why=why,
            objects=objects,
        )
        line = json.dumps(content, separators=(",", ":")) + "\n"
        try:
            self._write(line)
        except OSError as error:
            log.error("audit.failed", reason=os.strerror(error.errno or 0))

    def _write(self, line: str) -> None:
        path = self._settings.file
        if path is None:
            self._stream.write(line)
            self._stream.flush()
            return
        # Opened each time, so that it may be rotated; one write, so that processes may share it.
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, MODE)
        try:
            os.write(descriptor, line.encode())
        finally:
            os.close(descriptor)


_OFF = Trail(AuditSettings(), "", sys.stdout)
_trail = _OFF


def configure(
    settings: AuditSettings, service: str, stream: TextIO | None = None, *, announce: bool = True
) -> None:
    """For all of this process. `announce`: tell its start and its end."""
    global _trail  # noqa: PLW0603  # of the process, as the log is
    _trail = Trail(settings, service, stream or sys.stdout)
    if announce and _trail.on:
        _activity(says.APPLICATION_START)
        atexit.register(_activity, says.APPLICATION_STOP)


def trail() -> Trail:
    return _trail


def disposed(what: str, items: Sequence[Quarantined], user: str = "", address: str = "") -> None:
    """Somebody, else we ourselves, requeued or dropped what was in quarantine."""
    found = _trail
    if not found.on or not items:
        return
    deciding = [Participant(user, requestor=True, address=address)] if user else []
    uids = [Identity("", "", each.sop_instance_uid) for each in items]
    found.tell(
        says.INSTANCES_ACCESSED,
        says.DELETE if what == "drop" else says.UPDATE,
        *deciding,
        found.us,
        why=f"{what} from quarantine",
        objects=says.instances(len(items), uids if found.identifies else ()),
    )


def authenticated(what: Code, user: str, address: str, *, outcome: int = says.SUCCESS) -> None:
    """Somebody logged in or out, or tried to."""
    person = Participant(user or "unknown", requestor=True, address=address)
    _trail.tell(
        says.USER_AUTHENTICATION, says.EXECUTE, person, _trail.us, kind=what, outcome=outcome
    )


def login() -> str:
    """Who runs a command."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user has no name
        return f"uid {os.getuid()}"


def _activity(kind: Code) -> None:
    _trail.tell(says.APPLICATION_ACTIVITY, says.EXECUTE, _trail.us, kind=kind)
