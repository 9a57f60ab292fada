"""What to do when the origin server has the SOP Instance UID already: the destination's policy."""

from typing import Literal

from shared.errors import DestinationFault
from uploader.instance import Instance
from uploader.outcome import Outcome, Verdict
from uploader.studies import Studies

CONFLICT = 409  # without a word: perhaps a duplicate, perhaps something else

Policy = Literal["accept", "quarantine", "overwrite"]


def settle(
    outcome: Outcome, instance: Instance, policy: Policy, studies: Studies, *, ambiguous: bool
) -> Outcome:
    """DUPLICATE from the server: it did not say whether it has the same bytes. CONFLICT: others,
    which are no earlier attempt of ours, since the same instance always becomes the same bytes.
    """
    if outcome.verdict is Verdict.UNACCOUNTED:
        if outcome.http_status == CONFLICT:
            outcome = _unexplained(outcome, instance, studies, ambiguous=ambiguous)
        elif policy != "accept":
            outcome = _unnamed(outcome, instance, studies)
    if outcome.verdict is Verdict.DUPLICATE:
        if ambiguous or policy == "accept" or studies.holds_the_same(instance):
            return outcome
        outcome = outcome._replace(verdict=Verdict.CONFLICT)
    if outcome.verdict is Verdict.CONFLICT and policy == "overwrite":
        return _overwrite(outcome, instance, studies)
    return outcome


def _unexplained(
    outcome: Outcome, instance: Instance, studies: Studies, *, ambiguous: bool
) -> Outcome:
    held = studies.holds(instance)
    if held:
        return outcome._replace(verdict=Verdict.DUPLICATE, detail="conflict, and it is there (409)")
    if held is None and ambiguous:
        return outcome
    return outcome._replace(verdict=Verdict.REJECTED, detail="conflict, and it is not there (409)")


def _unnamed(outcome: Outcome, instance: Instance, studies: Studies) -> Outcome:
    """Some say success and keep the older bytes."""
    try:
        differs = studies.holds(instance) and studies.holds_the_same(instance) is False
    except DestinationFault:
        return outcome  # it says nothing about the Store transaction
    detail = "not named in the answer, and other bytes are there"
    return outcome._replace(verdict=Verdict.CONFLICT, detail=detail) if differs else outcome


def _overwrite(outcome: Outcome, instance: Instance, studies: Studies) -> Outcome:
    replaced = studies.replace(instance)
    if replaced is not None:
        return replaced
    if not studies.delete(instance):
        detail = "held already, and the origin server neither replaces nor deletes it"
        return outcome._replace(verdict=Verdict.CONFLICT, detail=detail)
    [stored] = studies.store([instance])
    return stored
