"""The state machine of the upper layer, an acceptor's part of it (PS3.8 9.2, Table 9-10).

States and events keep the standard's numbers, by which the table finds them fast. What only a
requestor meets is left out, and so is Sta3: whether to accept is decided at once.
"""

from enum import Enum, IntEnum
from typing import Protocol

from shared.dimse import pdu


class State(IntEnum):
    CLOSED = 1  # Sta1: no connection
    AWAITING_REQUEST = 2  # Sta2: connection open, A-ASSOCIATE-RQ to come
    DECIDING = 3  # Sta3: the local answer to it is due
    ESTABLISHED = 6  # Sta6: data may be transferred
    RELEASE_SENT = 7  # Sta7: we asked to release
    RELEASE_RECEIVED = 8  # Sta8: the peer did; our answer is due
    COLLISION = 10  # Sta10: both did; the peer's answer is awaited
    COLLISION_ANSWERED = 12  # Sta12: it came; ours is due
    CLOSING = 13  # Sta13: over; the peer is to close the connection


class Event(IntEnum):
    CONNECTED = 5  # E5
    REQUEST = 6  # E6: A-ASSOCIATE-RQ
    ACCEPT = 7  # E7: local
    REJECT = 8  # E8: local
    DATA = 10  # E10: P-DATA-TF
    RELEASE = 11  # E11: local
    RELEASE_RQ = 12  # E12
    RELEASE_RP = 13  # E13
    RELEASE_ANSWER = 14  # E14: local
    ABORT = 15  # E15: local
    ABORTED = 16  # E16: A-ABORT
    DISCONNECTED = 17  # E17
    EXPIRED = 18  # E18: ARTIM
    INVALID = 19  # E19: a PDU that is unknown or malformed; also E3 and E4, A-ASSOCIATE-AC and -RJ


class Actions(Protocol):
    """What an association does; the numbers are those of PS3.8 Tables 9-6 to 9-9."""

    def await_request(self) -> None:
        """AE-5: start ARTIM."""

    def decide(self) -> None:
        """AE-6: stop ARTIM, accept or reject."""

    def send_accept(self) -> None:
        """AE-7."""

    def send_reject(self) -> None:
        """AE-8: and start ARTIM."""

    def take_data(self) -> None:
        """DT-2, AR-6."""

    def send_release_rq(self) -> None:
        """AR-1: and, beyond the standard, start ARTIM."""

    def note_release(self) -> None:
        """AR-2, AR-8: end what is under way, then answer."""

    def close(self) -> None:
        """AR-3, AA-2, AA-3: stop ARTIM, close the connection."""

    def send_release_rp(self) -> None:
        """AR-4: and start ARTIM."""

    def answer_collision(self) -> None:
        """AR-10: the peer's answer came, now give ours."""

    def abort_as_user(self) -> None:
        """AA-1: send A-ABORT (user), start ARTIM."""

    def abort_as_provider(self) -> None:
        """AA-8: send A-ABORT (provider), start ARTIM."""

    def repeat_abort(self) -> None:
        """AA-7: send A-ABORT."""

    def note_loss(self) -> None:
        """AA-4, AA-5, AR-5: the connection is gone."""

    def ignore(self) -> None:
        """AA-6."""


class Action(Enum):
    """Each value is the name of its method."""

    AWAIT_REQUEST = "await_request"
    DECIDE = "decide"
    SEND_ACCEPT = "send_accept"
    SEND_REJECT = "send_reject"
    TAKE_DATA = "take_data"
    SEND_RELEASE_RQ = "send_release_rq"
    NOTE_RELEASE = "note_release"
    CLOSE = "close"
    SEND_RELEASE_RP = "send_release_rp"
    ANSWER_COLLISION = "answer_collision"
    ABORT_AS_USER = "abort_as_user"
    ABORT_AS_PROVIDER = "abort_as_provider"
    REPEAT_ABORT = "repeat_abort"
    NOTE_LOSS = "note_loss"
    IGNORE = "ignore"


_S, _E, _A = State, Event, Action
_ASSOCIATED = (
    _S.ESTABLISHED,
    _S.RELEASE_SENT,
    _S.RELEASE_RECEIVED,
    _S.COLLISION,
    _S.COLLISION_ANSWERED,
)
_PDUS = (_E.REQUEST, _E.DATA, _E.RELEASE_RQ, _E.RELEASE_RP, _E.INVALID)

TABLE: dict[tuple[Event, State], tuple[Action, State]] = {
    # Whatever the table does not allow below is answered with an abort.
    **{(event, _S.AWAITING_REQUEST): (_A.ABORT_AS_USER, _S.CLOSING) for event in _PDUS},
    **{
        (event, state): (_A.ABORT_AS_PROVIDER, _S.CLOSING)
        for event in _PDUS
        for state in (_S.DECIDING, *_ASSOCIATED)
    },
    **{(event, _S.CLOSING): (_A.IGNORE, _S.CLOSING) for event in _PDUS},
    (_E.REQUEST, _S.CLOSING): (_A.REPEAT_ABORT, _S.CLOSING),
    (_E.INVALID, _S.CLOSING): (_A.REPEAT_ABORT, _S.CLOSING),
    # Association establishment
    (_E.CONNECTED, _S.CLOSED): (_A.AWAIT_REQUEST, _S.AWAITING_REQUEST),
    (_E.REQUEST, _S.AWAITING_REQUEST): (_A.DECIDE, _S.DECIDING),
    (_E.ACCEPT, _S.DECIDING): (_A.SEND_ACCEPT, _S.ESTABLISHED),
    (_E.REJECT, _S.DECIDING): (_A.SEND_REJECT, _S.CLOSING),
    # Data transfer
    (_E.DATA, _S.ESTABLISHED): (_A.TAKE_DATA, _S.ESTABLISHED),
    (_E.DATA, _S.RELEASE_SENT): (_A.TAKE_DATA, _S.RELEASE_SENT),
    # Release
    (_E.RELEASE, _S.ESTABLISHED): (_A.SEND_RELEASE_RQ, _S.RELEASE_SENT),
    (_E.RELEASE_RP, _S.RELEASE_SENT): (_A.CLOSE, _S.CLOSED),
    (_E.RELEASE_RQ, _S.ESTABLISHED): (_A.NOTE_RELEASE, _S.RELEASE_RECEIVED),
    (_E.RELEASE_ANSWER, _S.RELEASE_RECEIVED): (_A.SEND_RELEASE_RP, _S.CLOSING),
    # Release collision: the acceptor answers last
    (_E.RELEASE_RQ, _S.RELEASE_SENT): (_A.NOTE_RELEASE, _S.COLLISION),
    (_E.RELEASE_RP, _S.COLLISION): (_A.ANSWER_COLLISION, _S.COLLISION_ANSWERED),
    (_E.RELEASE_ANSWER, _S.COLLISION_ANSWERED): (_A.SEND_RELEASE_RP, _S.CLOSING),
    # Abort and loss
    **{
        (_E.ABORT, state): (_A.ABORT_AS_USER, _S.CLOSING)
        for state in (_S.AWAITING_REQUEST, _S.DECIDING, *_ASSOCIATED)
    },
    **{
        (_E.ABORTED, state): (_A.CLOSE, _S.CLOSED)
        for state in (_S.AWAITING_REQUEST, _S.DECIDING, *_ASSOCIATED, _S.CLOSING)
    },
    **{
        (_E.DISCONNECTED, state): (_A.NOTE_LOSS, _S.CLOSED)
        for state in (_S.AWAITING_REQUEST, _S.DECIDING, *_ASSOCIATED, _S.CLOSING)
    },
    **{
        (_E.EXPIRED, state): (_A.CLOSE, _S.CLOSED)
        for state in (_S.AWAITING_REQUEST, _S.RELEASE_SENT, _S.COLLISION, _S.CLOSING)
    },
}

EVENTS = {
    pdu.A_ASSOCIATE_RQ: _E.REQUEST,
    pdu.P_DATA_TF: _E.DATA,
    pdu.A_RELEASE_RQ: _E.RELEASE_RQ,
    pdu.A_RELEASE_RP: _E.RELEASE_RP,
    pdu.A_ABORT: _E.ABORTED,
}


class Provider:
    """Where an association stands. An event that a state does not know changes nothing."""

    __slots__ = ("_actions", "state")

    def __init__(self, actions: Actions) -> None:
        self._actions = actions
        self.state = State.CLOSED

    def on(self, event: Event) -> None:
        found = TABLE.get((event, self.state))
        if found:
            action, self.state = found
            getattr(self._actions, action.value)()
