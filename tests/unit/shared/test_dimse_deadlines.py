"""Deadlines, with the clock as an argument."""

import pytest

from shared.dimse.deadlines import LEAST_RATE, Deadlines, Timeouts

TIMEOUTS = Timeouts(artim=10, idle=600, pdu=60, message=300)


def deadlines(**fields: float) -> Deadlines:
    made = Deadlines(TIMEOUTS, 1000.0)
    for name, value in fields.items():
        setattr(made, name, value)
    return made


@pytest.mark.parametrize(
    ("fields", "elapsed", "why"),
    [
        ({}, 599, None),
        ({}, 601, "idle"),
        ({"pdu": 1000.0}, 59, None),
        ({"pdu": 1000.0}, 61, "PDU not completed"),
        ({"message": 1000.0}, 299, None),
        ({"message": 1000.0}, 301, "message not completed"),
        ({"message": 1000.0, "received": 100 * LEAST_RATE}, 399, None),
        ({"message": 1000.0, "received": 100 * LEAST_RATE}, 401, "message not completed"),
        ({"message": 1000.0, "received": 900 * LEAST_RATE}, 1100, None),
        ({"output": 1000.0}, 61, "output not read"),
    ],
)
def test_a_peer_is_given_up_for_a_reason(
    fields: dict[str, float], elapsed: float, why: str | None
) -> None:
    assert deadlines(**fields).overdue(1000.0 + elapsed, busy=False) == why


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"pdu": 1000.0, "message": 1000.0}, None),
        ({"output": 1000.0}, "output not read"),
    ],
)
def test_while_we_work_only_unread_output_counts(fields: dict[str, float], why: str | None) -> None:
    assert deadlines(**fields).overdue(9000.0, busy=True) == why


def test_artim_runs_only_once_it_is_started() -> None:
    assert not deadlines().artim_expired(9000.0)
    assert not deadlines(artim=1000.0).artim_expired(1009.0)
    assert deadlines(artim=1000.0).artim_expired(1011.0)
