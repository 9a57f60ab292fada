"""One association: what its PDUs do to the state machine, and the other way round."""

import asyncio
import secrets
from typing import Protocol

from shared import logs, metrics
from shared.dimse import audit, callers, pdu, proposal
from shared.dimse.census import Member
from shared.dimse.deadlines import Deadlines
from shared.dimse.entity import Entity
from shared.dimse.framing import OnFragment
from shared.dimse.message import Messages
from shared.dimse.negotiate import Agreement, accept
from shared.dimse.pdu import ProtocolFault
from shared.dimse.provider import EVENTS, Event, Provider, State
from shared.dimse.rejection import PROTOCOL_VERSION_NOT_SUPPORTED, Rejection
from shared.dimse.service import Peer
from shared.dimse.tallies import ENDS, TALLIES, rejection_label
from shared.tallies import OTHER

MAX_REQUEST = 262144  # bytes of an A-ASSOCIATE-RQ; 128 contexts of 40 transfer syntaxes take 140 KB
MAX_DATA = 134217728  # bytes of a P-DATA-TF; some devices send longer ones than we ask for
MAX_OTHER = 256  # bytes of any other PDU; the standard says 4
_MAX_LENGTH = dict.fromkeys(EVENTS, MAX_OTHER)
_MAX_LENGTH |= {pdu.P_DATA_TF: MAX_DATA, pdu.A_ASSOCIATE_RQ: MAX_REQUEST}
_TOO_LONG = pdu.INVALID_PARAMETER, "the PDU is too long"
_NO_PDU = pdu.UNRECOGNIZED_PDU, "not a PDU"
_MAY_SEND = frozenset({State.ESTABLISHED, State.RELEASE_RECEIVED})

log = logs.get(__name__)


class Wire(Member, Protocol):
    """What an association needs of its connection."""

    deadlines: Deadlines

    def now(self) -> float: ...
    def write(self, data: bytes) -> asyncio.Future[None] | None: ...
    def hold(self) -> None: ...
    def proceed(self) -> None: ...


class Association:
    __slots__ = (
        "_agreement",
        "_entity",
        "_messages",
        "_peer",
        "_provider",
        "_reason",
        "_rejection",
        "_repeated",
        "_request",
        "_since",
        "_wire",
        "deadlines",
        "on_fragment",
        "outcome",
    )

    def __init__(self, entity: Entity, wire: Wire) -> None:
        self._entity = entity
        self._wire = wire
        self.deadlines = wire.deadlines
        self._provider = Provider(self)
        self._peer = Peer("", "", "", "", 0)
        self._request = b""  # the A-ASSOCIATE-RQ, while it is decided on
        self._agreement: Agreement | None = None
        self._rejection: Rejection | None = None
        self._messages: Messages | None = None  # while the association lasts
        self.on_fragment: OnFragment = self._out_of_place
        self._repeated = False  # the abort; once is enough, also for a peer that does not read it
        self._since = 0.0
        self.outcome = ""  # how it ended, where the state machine does not know
        self._reason = pdu.UNEXPECTED_PDU  # of our A-ABORT

    # What the connection calls

    def connected(self, address: str, port: int) -> None:
        self._peer = Peer(secrets.token_hex(4), "", "", address, port)
        self._provider.on(Event.CONNECTED)

    def disconnected(self) -> None:
        self._provider.on(Event.DISCONNECTED)

    def fault(self, fault: ProtocolFault) -> None:
        log.warning("association.faulty", reason=fault.why, **self._names())
        self.outcome, self._reason = fault.why, fault.reason
        self._provider.on(Event.INVALID)

    def sweep(self, now: float) -> None:
        if self.deadlines.artim_expired(now):
            self._provider.on(Event.EXPIRED)
        elif self._messages:
            why = self.deadlines.overdue(now, busy=self._messages.busy)
            if why:
                self.outcome = why
                self._provider.on(Event.ABORT)

    def drain(self, quiet: float) -> None:
        messages = self._messages
        idle = messages is not None and not messages.busy and not messages.partial
        if idle and self._wire.now() - self.deadlines.active >= quiet:
            self._provider.on(Event.RELEASE)

    def resume(self) -> None:
        if self._messages:
            self._messages.resume()

    @property
    def partial(self) -> bool:
        return self._messages is not None and self._messages.partial

    @property
    def kept(self) -> int:
        return self._messages.kept if self._messages else 0

    def on_read(self) -> None:
        """What the framer finds from now on came with one read."""
        self.deadlines.now = self._wire.now()
        if self._messages:
            self._messages.fresh = True

    # What the framer finds, beside fragments

    def on_header(self, kind: int, length: int) -> None:
        if length > _MAX_LENGTH.get(kind, -1):
            raise ProtocolFault(*(_TOO_LONG if kind in EVENTS else _NO_PDU))
        deadlines = self.deadlines
        deadlines.pdu = deadlines.now
        if kind == pdu.P_DATA_TF and self._provider.state is not State.ESTABLISHED:
            self._provider.on(Event.DATA)

    def _out_of_place(self, _context: int, _control: int, _value: memoryview, _whole: bool) -> None:
        """There is no association yet, or it is ending: its last PDUs may be on their way."""
        self._provider.on(Event.DATA)

    def on_pdu(self, kind: int, body: bytes) -> None:
        if kind == pdu.A_ASSOCIATE_RQ:
            self._request = body
        self._provider.on(EVENTS[kind])
        self._request = b""

    # What messages ask for

    def send(self, context: int, command: bytes, data: bytes | None) -> asyncio.Future[None] | None:
        if self._agreement and self._provider.state in _MAY_SEND:
            limit = self._agreement.maximum_length
            return self._wire.write(pdu.message(context, command, data, limit))
        return None

    def hold(self) -> None:
        self._wire.hold()

    def proceed(self) -> None:
        """An operation has ended."""
        deadlines = self.deadlines
        deadlines.active = self._wire.now()
        if deadlines.pdu:
            deadlines.pdu = deadlines.active  # the peer may have waited for us
        if self._provider.state is State.RELEASE_RECEIVED:
            self._provider.on(Event.RELEASE_ANSWER)
        self._wire.proceed()

    # What the state machine asks for

    def await_request(self) -> None:
        self._start_artim()

    def take_data(self) -> None: ...  # fragments are taken as they come
    def ignore(self) -> None: ...

    def decide(self) -> None:
        self.deadlines.artim = 0.0
        body, peer = self._request, self._peer
        called, calling = proposal.ae_titles(body, called=self._entity.ae_title)
        self._peer = Peer(peer.association, calling, called, peer.address, peer.port)
        # Only bit 0 of the version is to be tested (PS3.8 9.3.2).
        versioned = proposal.protocol_version(body) & 1
        self._rejection = (
            self._entity.judge(self._peer) if versioned else PROTOCOL_VERSION_NOT_SUPPORTED
        )
        if self._rejection:
            self._provider.on(Event.REJECT)
        else:
            self._agreement = self._entity.negotiator.agree(body)
            self._provider.on(Event.ACCEPT)

    def send_accept(self) -> None:
        if self._agreement:
            self._since = self.deadlines.active = self._wire.now()
            self.deadlines.limit(self._entity.timeouts_of(self._peer))
            self._messages = Messages(
                self,
                self._peer,
                self._agreement.contexts,
                self._entity.answering,
                self._entity.admission.denied(self._peer),
            )
            self.on_fragment = self._messages.fragment
            self._entity.census.join(self._wire, self._peer)
            TALLIES.add(metrics.ASSOCIATIONS)
            callers.accepted(self._known_as())
            audit.connected(self._peer)
            self._wire.write(accept(self._request, self._agreement))

    def send_reject(self) -> None:
        if self._rejection:
            self._wire.write(pdu.reject(*self._rejection))
            TALLIES.add(metrics.ASSOCIATIONS_REFUSED, rejection_label(self._rejection))
            callers.refused(self._known_as())
            audit.connected(self._peer, self._rejection)
            log.warning("association.refused", reason=str(self._rejection), **self._names())
        self._start_artim()

    def send_release_rq(self) -> None:
        self._wire.write(pdu.RELEASE_RQ)
        self._over("released by us")
        self._start_artim()

    def note_release(self) -> None:
        self.on_fragment = self._out_of_place
        if self._messages and self._messages.busy:
            self._wire.hold()  # answered in proceed
        else:
            self._provider.on(Event.RELEASE_ANSWER)

    def send_release_rp(self) -> None:
        self._wire.write(pdu.RELEASE_RP)
        self._over("released")
        self._start_artim()

    def answer_collision(self) -> None:
        self._provider.on(Event.RELEASE_ANSWER)

    def abort_as_user(self) -> None:
        self._send_abort(pdu.abort(pdu.SERVICE_USER))

    def abort_as_provider(self) -> None:
        self._send_abort(pdu.abort(pdu.SERVICE_PROVIDER, self._reason))

    def repeat_abort(self) -> None:
        if not self._repeated:
            self._wire.write(pdu.abort(pdu.SERVICE_PROVIDER, self._reason))
        self._repeated = True

    def _send_abort(self, encoded: bytes) -> None:
        self._wire.write(encoded)
        self._over("aborted by us")
        self._start_artim()

    def close(self) -> None:
        self._over("aborted by the peer")
        self._wire.drop()

    def note_loss(self) -> None:
        self._over("connection lost")

    def _start_artim(self) -> None:
        self.deadlines.artim = self._wire.now()

    def _over(self, how: str) -> None:
        """The association has ended, the connection perhaps not yet."""
        messages, self._messages = self._messages, None
        self.on_fragment = self._out_of_place
        if messages:
            messages.end()
            self._entity.census.part(self._wire)
            how = self.outcome or how
            TALLIES.add(metrics.ASSOCIATIONS, amount=-1)
            TALLIES.add(metrics.ASSOCIATIONS_ENDED, ENDS.get(how, OTHER))
            self._report(messages, how)
            audit.over(self._peer.association)

    def _report(self, messages: Messages, how: str) -> None:
        counts = messages.counts
        callers.ended(self._known_as(), counts.requests, counts.failures)
        report = log.debug if counts.requests == counts.echoes else log.info
        report(
            "association.ended",
            how=how,
            requests=counts.requests,
            failures=counts.failures,
            seconds=round(self._wire.now() - self._since, 3),
            **self._names(),
        )

    def _known_as(self) -> str:
        return self._entity.admission.known_as(self._peer)

    def _names(self) -> dict[str, str]:
        peer = self._peer
        return {
            "association": peer.association,
            "calling_ae": peer.calling_ae,
            "called_ae": peer.called_ae,
            "address": peer.address,
        }
