"""Status x body -> outcomes: what holds for every answer a server can give."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import DestinationFault, Misconfigured
from uploader.judge import Answer, judge
from uploader.outcome import BatchRefused, Outcome, Verdict

UIDS = ["1.1", "1.2", "1.3"]
STATUSES = [200, 201, 202, 203, 206, 207, 400, 409, 413, 414, 422]


def sequence(*items: dict[str, Any]) -> dict[str, Any]:
    return {"vr": "SQ", "Value": list(items)}


def item(uid: str | None, reason: object = None) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if uid:
        found["00081155"] = {"vr": "UI", "Value": [uid]}
    if reason is not None:
        found["00081197"] = {"vr": "US", "Value": [reason]}
    return found


def judged(status: int, content: object, *, uids: list[str] = UIDS) -> list[Outcome]:
    return judge(Answer(status, "application/dicom+json", json.dumps(content).encode()), uids)


items = st.builds(
    item, st.sampled_from([*UIDS, "9.9", None]), st.sampled_from([None, 0, 272, 49152])
)
responses = st.fixed_dictionaries(
    {},
    optional={
        "00081199": st.lists(items, max_size=4).map(lambda found: sequence(*found)),
        "00081198": st.lists(items, max_size=4).map(lambda found: sequence(*found)),
        "0008119A": st.lists(items, max_size=2).map(lambda found: sequence(*found)),
    },
)
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["00081199", "00081198", "00081155", "Value", "vr", "error"]), inner
        )
    ),
)


@given(st.sampled_from(STATUSES), responses | anything)
def test_nothing_is_stored_that_the_server_did_not_name(status: int, content: Any) -> None:
    try:
        outcomes = judged(status, content)
    except (BatchRefused, DestinationFault):
        return

    named = json.dumps(content.get("00081199")) if isinstance(content, dict) else ""
    assert len(outcomes) == len(UIDS)
    for uid, outcome in zip(UIDS, outcomes, strict=True):
        assert outcome.verdict is not Verdict.STORED or f'"{uid}"' in named


@given(st.sampled_from(STATUSES), st.binary(max_size=60), st.sampled_from(["", "text/plain", "x"]))
def test_no_body_whatever_stores_anything(status: int, body: bytes, kind: str) -> None:
    try:
        outcomes = judge(Answer(status, kind, body), UIDS)
    except (BatchRefused, DestinationFault):
        return

    assert {each.verdict for each in outcomes} == {Verdict.UNACCOUNTED}


@pytest.mark.parametrize("status", [200, 202, 400, 409, 500])
def test_success_and_failure_at_once_is_stored_with_the_reason(status: int) -> None:
    content = {"00081199": sequence(item("1.1")), "00081198": sequence(item("1.1", 45063))}

    [outcome] = judged(status, content, uids=["1.1"])

    assert (outcome.verdict, outcome.reason) == (Verdict.STORED, 45063)


def test_a_nameless_failure_belongs_to_the_only_instance_left() -> None:
    content = {
        "00081199": sequence(item("1.1"), item("1.3")),
        "00081198": sequence(item(None, 49152)),
    }

    outcomes = judged(202, content)

    assert [each.verdict for each in outcomes] == [
        Verdict.STORED,
        Verdict.REJECTED,
        Verdict.STORED,
    ]


def test_a_nameless_failure_belongs_to_nobody_if_several_are_left() -> None:
    content = {"00081199": sequence(item("1.1")), "00081198": sequence(item(None, 49152))}

    outcomes = judged(202, content)

    assert [each.verdict for each in outcomes] == [
        Verdict.STORED,
        Verdict.UNACCOUNTED,
        Verdict.UNACCOUNTED,
    ]


def test_a_fault_of_the_address_is_one_whatever_the_body_says() -> None:
    body = json.dumps({"00081199": sequence(item("1.1"))}).encode()

    with pytest.raises(Misconfigured):
        judge(Answer(404, "", body, Misconfigured("no such service")), ["1.1"])


def test_the_words_of_a_server_are_never_repeated() -> None:
    failure = {**item("1.1", 272), "00090097": {"vr": "LT", "Value": ["patient DOE^JANE differs"]}}

    [outcome] = judged(409, {"00081198": sequence(failure)}, uids=["1.1"])

    assert "DOE" not in repr(outcome)


def test_hopeless_and_delivered_exclude_one_another() -> None:
    for verdict in Verdict:
        outcome = Outcome(verdict, 200)
        assert not (outcome.delivered and outcome.hopeless)
