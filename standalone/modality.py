"""The side of a modality: verification, storage and worklist queries over DIMSE, for trying things.

pynetdicom is the user here; nothing of this runs in the services.
"""

import contextlib
import os
import socket
import ssl
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydicom.dataset import Dataset
from pydicom.uid import UID
from pynetdicom import AE, _config, evt
from pynetdicom.association import Association
from pynetdicom.presentation import PresentationContext, build_context
from pynetdicom.sop_class import (  # type: ignore[attr-defined]  # made at run time
    ModalityWorklistInformationFind,
    Verification,
)

from shared.errors import ProxyError
from shared.statuses import PENDING, SUCCESS
from standalone import tls_client
from standalone.reactor import mend

CALLING_AE = "DEMOMODALITY"
TIMEOUT = 30.0  # seconds for a connection, an association, an answer
PENDING_STATUSES = frozenset({PENDING, 0xFF01})  # PS3.4 Table K.4.1-1

OFFERS_NONE = {
    ModalityWorklistInformationFind: "it offers no worklist (no accepted presentation context)",
    Verification: "it offers no C-ECHO (no accepted presentation context)",
}

# Files go as they are, in fragments: nothing is decoded and encoded again on the way.
_config.STORE_SEND_CHUNKED_DATASET = True


class PeerFault(ProxyError):
    """The other side cannot be reached, or did not do what it was asked."""


class NotAccepted(PeerFault):
    """Other instances may still be taken."""


@dataclass(frozen=True, slots=True)
class Target:
    """The application entity we talk to, and as whom."""

    host: str
    port: int
    called_ae: str = "ANY-SCP"
    calling_ae: str = CALLING_AE
    tls: ssl.SSLContext | None = None  # None: in plain

    def __str__(self) -> str:
        return f"{self.called_ae} at {self.host}:{self.port}"


@contextlib.contextmanager
def association(target: Target, contexts: Iterable[PresentationContext]) -> Iterator[Association]:
    """Raises PeerFault."""
    _reach(target)
    with contextlib.ExitStack() as stack:

        def opened(event: evt.Event) -> None:
            # pynetdicom leaves it open where the other side was faster.
            transport: Any = event.assoc.dul.socket
            stack.callback(transport.socket.close)

        ae = AE(ae_title=target.calling_ae)
        ae.acse_timeout = ae.dimse_timeout = ae.network_timeout = ae.connection_timeout = TIMEOUT
        made = ae.associate(
            target.host,
            target.port,
            contexts=list(contexts),
            ae_title=target.called_ae,
            tls_args=(target.tls, target.host) if target.tls else None,
            evt_handlers=[(evt.EVT_CONN_OPEN, opened)],
        )
        if not made.is_established:
            raise PeerFault(f"no association with {target}: {_why(made, target)}")
        mend(made)
        try:
            yield made
        finally:
            if made.is_established:
                made.release()


def echo(target: Target) -> float:
    """Seconds that a C-ECHO took. Raises PeerFault."""
    with association(target, [build_context(Verification)]) as made:
        began = time.monotonic()
        status = _status(made.send_c_echo())
        if status != SUCCESS:
            raise PeerFault(f"{target} answered C-ECHO with 0x{status:04X}")
        return time.monotonic() - began


def context(sop_class: str, *transfer_syntaxes: str) -> PresentationContext:
    return build_context(UID(sop_class), [UID(each) for each in transfer_syntaxes])


def store(made: Association, instance: Dataset | Path) -> int:
    """Status of a C-STORE. Raises PeerFault if the association ended or offers no context."""
    try:
        return _status(made.send_c_store(instance))
    except ValueError:
        raise NotAccepted("its SOP class and transfer syntax were not accepted") from None
    except RuntimeError:
        raise PeerFault("the association ended") from None


def find(target: Target, identifier: Dataset) -> list[Dataset]:
    """What a Modality Worklist C-FIND matches. Raises PeerFault."""
    found: list[Dataset] = []
    with association(target, [build_context(ModalityWorklistInformationFind)]) as made:
        for answer, match in made.send_c_find(identifier, ModalityWorklistInformationFind):
            status = _status(answer)
            if status in PENDING_STATUSES and match is not None:
                found.append(match)
            elif status != SUCCESS:
                comment = f" ({answer.ErrorComment})" if "ErrorComment" in answer else ""
                raise PeerFault(f"{target} answered C-FIND with 0x{status:04X}{comment}")
    return found


def _status(answer: Any) -> int:
    if "Status" not in answer:
        raise PeerFault("the association ended before an answer came")
    return int(answer.Status)


def _why(made: Association, target: Target) -> str:
    if made.is_rejected:
        answer = made.acceptor.primitive
        return f"rejected ({answer.result_str}: {answer.reason_str})" if answer else "rejected"
    refused = made.rejected_contexts  # pynetdicom aborts where none is accepted
    if refused and not made.accepted_contexts:
        return OFFERS_NONE.get(str(refused[0].abstract_syntax), "it accepts none of what we offer")
    return _tried(target, tls_client.fault_afterwards) or "it broke off the connection"


def _reach(target: Target) -> None:
    """Raises PeerFault for what pynetdicom does not tell from an aborted association."""
    if reason := _tried(target, tls_client.fault):
        raise PeerFault(f"no association with {target}: {reason}")


def _tried(target: Target, fault: Callable[[socket.socket, ssl.SSLContext, str], str]) -> str:
    """Why a connection cannot be had, or `fault` finds it of no use; empty where it can."""
    try:
        with socket.create_connection((target.host, target.port), TIMEOUT) as connection:
            return fault(connection, target.tls, target.host) if target.tls else ""
    except socket.gaierror:
        return "its name does not resolve"
    except OSError as error:
        return os.strerror(error.errno).lower() if error.errno else "it does not answer"
