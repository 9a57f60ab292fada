"""The table of the state machine, held against PS3.8 Table 9-10."""

import pytest

from shared.dimse.association import Association
from shared.dimse.provider import TABLE, Action, Actions, Event, Provider, State

# PS3.8 Table 9-10, an acceptor's columns: Sta2 Sta3 Sta6 Sta7 Sta8 Sta10 Sta12 Sta13.
STATES = [
    State.AWAITING_REQUEST,
    State.DECIDING,
    State.ESTABLISHED,
    State.RELEASE_SENT,
    State.RELEASE_RECEIVED,
    State.COLLISION,
    State.COLLISION_ANSWERED,
    State.CLOSING,
]
STANDARD = {
    Event.REQUEST: "AE-6 AA-8 AA-8 AA-8 AA-8 AA-8 AA-8 AA-7",
    Event.DATA: "AA-1 AA-8 DT-2 AR-6 AA-8 AA-8 AA-8 AA-6",
    Event.RELEASE_RQ: "AA-1 AA-8 AR-2 AR-8 AA-8 AA-8 AA-8 AA-6",
    Event.RELEASE_RP: "AA-1 AA-8 AA-8 AR-3 AA-8 AR-10 AA-8 AA-6",
    Event.ABORTED: "AA-2 AA-3 AA-3 AA-3 AA-3 AA-3 AA-3 AA-2",
    Event.DISCONNECTED: "AA-5 AA-4 AA-4 AA-4 AA-4 AA-4 AA-4 AR-5",
    Event.INVALID: "AA-1 AA-8 AA-8 AA-8 AA-8 AA-8 AA-8 AA-7",
    Event.ABORT: "- AA-1 AA-1 AA-1 AA-1 AA-1 AA-1 -",
    Event.ACCEPT: "- AE-7 - - - - - -",
    Event.REJECT: "- AE-8 - - - - - -",
    Event.RELEASE: "- - AR-1 - - - - -",
    Event.RELEASE_ANSWER: "- - - - AR-4 - AR-4 -",
    Event.EXPIRED: "AA-2 - - - - - - AA-2",
}
NAMES = {
    "AE-6": Action.DECIDE,
    "AE-7": Action.SEND_ACCEPT,
    "AE-8": Action.SEND_REJECT,
    "DT-2": Action.TAKE_DATA,
    "AR-1": Action.SEND_RELEASE_RQ,
    "AR-2": Action.NOTE_RELEASE,
    "AR-3": Action.CLOSE,
    "AR-4": Action.SEND_RELEASE_RP,
    "AR-5": Action.NOTE_LOSS,
    "AR-6": Action.TAKE_DATA,
    "AR-8": Action.NOTE_RELEASE,
    "AR-10": Action.ANSWER_COLLISION,
    "AA-1": Action.ABORT_AS_USER,
    "AA-2": Action.CLOSE,
    "AA-3": Action.CLOSE,
    "AA-4": Action.NOTE_LOSS,
    "AA-5": Action.NOTE_LOSS,
    "AA-6": Action.IGNORE,
    "AA-7": Action.REPEAT_ABORT,
    "AA-8": Action.ABORT_AS_PROVIDER,
}
NEXT = {
    "AE-6": State.DECIDING,
    "AE-7": State.ESTABLISHED,
    "DT-2": State.ESTABLISHED,
    "AR-1": State.RELEASE_SENT,
    "AR-2": State.RELEASE_RECEIVED,
    "AR-6": State.RELEASE_SENT,
    "AR-8": State.COLLISION,
    "AR-10": State.COLLISION_ANSWERED,
    **dict.fromkeys(("AR-3", "AR-5", "AA-2", "AA-3", "AA-4", "AA-5"), State.CLOSED),
    **dict.fromkeys(("AE-8", "AR-4", "AA-1", "AA-6", "AA-7", "AA-8"), State.CLOSING),
}
CELLS = [
    (event, state, name)
    for event, row in STANDARD.items()
    for state, name in zip(STATES, row.split(), strict=True)
    if name != "-"
]


@pytest.mark.parametrize(("event", "state", "name"), CELLS)
def test_each_cell_is_that_of_the_standard(event: Event, state: State, name: str) -> None:
    assert TABLE[event, state] == (NAMES[name], NEXT[name])


def test_what_the_table_adds_to_the_standard_is_known() -> None:
    added = TABLE.keys() - {(event, state) for event, state, _ in CELLS}

    assert added == {
        (Event.CONNECTED, State.CLOSED),  # AE-5
        (Event.ABORT, State.AWAITING_REQUEST),  # we may lose patience before a request
        (Event.EXPIRED, State.RELEASE_SENT),  # the standard would wait for ever
        (Event.EXPIRED, State.COLLISION),
    }


def test_every_action_is_a_method_of_an_association() -> None:
    assert {each.value for each in Action} == {each for each in dir(Actions) if each[0] != "_"}
    assert all(callable(getattr(Association, each.value)) for each in Action)


def test_an_event_that_a_state_does_not_know_changes_nothing() -> None:
    class Never:
        def __getattr__(self, name: str) -> object:
            raise AssertionError(name)

    provider = Provider(Never())  # type: ignore[arg-type]  # it must not be called
    provider.on(Event.RELEASE_ANSWER)

    assert provider.state is State.CLOSED
