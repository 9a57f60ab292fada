"""Whether the ports are free that the services listen on, and else who has them."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

from shared.config import Settings
from shared.listening import listen
from standalone.findings import FAIL, OK, WARN, Finding
from standalone.options import serves_elsewhere
from standalone.port_holders import is_ours, name_of, pids_at

Wanted = tuple[str, str, str, int]  # what for, setting, host, port


def ports(settings: Settings) -> Iterator[Finding]:
    receive = settings.receive
    if receive.plain and receive.tls_certificate_file and receive.port == receive.tls_port != 0:
        found = f"receive.port and receive.tls_port are both {receive.port}"
        yield Finding(FAIL, "DIMSE port", found, "only one of them can listen there")
        return
    if serves_elsewhere():  # the ports of this container say nothing about theirs
        return
    for each in _wanted(settings):
        yield _found(*each)


def _wanted(settings: Settings) -> Iterator[Wanted]:
    receive, worklist = settings.receive, settings.worklist
    if receive.plain:
        yield "DIMSE port", "receive.port", receive.host, receive.port
    if receive.tls_certificate_file:
        yield "DICOM TLS port", "receive.tls_port", receive.host, receive.tls_port
    if any(each.worklist_uri for each in settings.destinations):
        # Of a worklist service of its own; `up` answers on the ports of `receive`.
        yield "worklist port", "worklist.port", worklist.host, worklist.port


def _found(subject: str, setting: str, host: str, number: int) -> Finding:
    place = f"{host}:{number}"
    try:
        for each in listen(host, number, shared=False):
            each.close()
    except socket.gaierror as error:
        return Finding(WARN, subject, f"{place}: {error.strerror}", "see the host beside it")
    except OSError as error:
        reason = f"{place}: {os.strerror(error.errno or 0)}"
        return Finding(WARN, subject, *_whose(reason, setting, number))
    return Finding(OK, subject, f"{place} is free")


def _whose(reason: str, setting: str, number: int) -> tuple[str, str]:
    """What was found, and what to do about it."""
    names = {pid: name_of(Path(f"/proc/{pid}")) for pid in pids_at(number)}
    if not names:  # another user's, or this is no Linux
        return reason, f"fine if the proxy itself runs there; else set {setting}"
    found = f"{reason}, by " + ", ".join(f"{name} (process {pid})" for pid, name in names.items())
    if all(is_ours(each) for each in names.values()):
        return found, f"fine if that is this proxy; else set {setting}"
    return found, f"end it, or set {setting}"
