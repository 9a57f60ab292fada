"""HTTP status x Store Instances Response -> an outcome per instance (PS3.18 10.5.3).

The body counts before the status: servers answer 200 and store nothing, and 400 after storing some.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from shared.dicomweb.stow import Failure, StoreResponse, is_web_page, store_response
from shared.errors import Denied, DestinationFault, Misconfigured
from uploader.outcome import BatchRefused, Outcome, Verdict
from uploader.reasons import Kind, Ruling, ruling

ACCEPTED = 202
NO_CONTENT = 204
CONFLICT = 409
TOO_LARGE = frozenset({413, 414})
DICOM_TYPES = ("", "application/dicom+json", "application/json", "application/dicom+xml")

_VERDICTS = {
    Kind.REJECTED: Verdict.REJECTED,
    Kind.RETRYABLE: Verdict.RETRYABLE,
    Kind.DUPLICATE: Verdict.DUPLICATE,
    Kind.DIFFERENT: Verdict.CONFLICT,
}
# What the refusal of a request without a word about its instances means for a single one. Azure
# answers 400 to streams that broke off, so a 400 is believed only the third time.
_REFUSALS = {
    400: (Verdict.RETRYABLE, "bad request", 3),
    409: (Verdict.UNACCOUNTED, "conflict", None),
    413: (Verdict.TOO_LARGE, "larger than the origin server takes", None),
    414: (Verdict.TOO_LARGE, "larger than the origin server takes", None),
    422: (Verdict.RETRYABLE, "cannot be processed", 3),
}


@dataclass(frozen=True, slots=True)
class Answer:
    """`fault`: what the status alone says about the destination (client.fault_of); `framed`: the
    body is whole, as its length was told: an empty one is not what a broken connection left.
    """

    status: int
    content_type: str
    body: bytes
    fault: DestinationFault | None = None
    framed: bool = True


def judge(answer: Answer, uids: Sequence[str], *, trust_empty: bool = False) -> list[Outcome]:
    """Outcomes in the order of `uids`, which are distinct. Raises DestinationFault, BatchRefused.

    DUPLICATE and CONFLICT are what the server said; the destination's policy comes later.
    """
    if isinstance(answer.fault, Denied | Misconfigured):
        raise answer.fault
    response = None if answer.status in TOO_LARGE else store_response(answer.body)
    if response is not None:
        outcomes = _accounts(answer.status, response, uids)
        if any(each.verdict is not Verdict.UNACCOUNTED for each in outcomes):
            return outcomes
    if answer.fault:
        raise answer.fault
    if answer.status in _REFUSALS:
        return _refused(answer.status, len(uids))
    return _silent(answer, response, len(uids), trust_empty=trust_empty)


def _accounts(status: int, response: StoreResponse, uids: Sequence[str]) -> list[Outcome]:
    missing = [uid for uid in uids if uid not in response.stored and uid not in response.failed]
    failed = dict(response.failed)
    if len(missing) == 1 and response.nameless:  # Azure names no instance it could not read
        failed[missing[0]] = response.nameless[0]
    rulings = {uid: ruling(failed[uid]) for uid in uids if uid in failed}
    _whole_request(rulings, uids, response)
    return [_outcome(status, uid, response, failed.get(uid), rulings.get(uid)) for uid in uids]


def _whole_request(
    rulings: dict[str, Ruling], uids: Sequence[str], response: StoreResponse
) -> None:
    """A full disk or a missing right is no fault of the instances, if all of them met it.

    One instance proves nothing: held back for it, a destination might never get the good ones.
    """
    found = {
        rulings[uid] if uid in rulings and uid not in response.stored else None for uid in uids
    }
    [only, *others] = found
    if only and only.fault and not others and len(uids) > 1:
        raise only.fault(f"stores nothing: {only.detail}")


def _outcome(
    status: int, uid: str, response: StoreResponse, failure: Failure | None, rule: Ruling | None
) -> Outcome:
    if uid in response.stored:  # and in the other sequence too: stored, with a warning
        reason = failure.reason if failure else None
        return Outcome(Verdict.STORED, status, reason, response.stored[uid])
    if failure and rule:
        verdict = _VERDICTS[rule.kind]
        return Outcome(
            verdict,
            status,
            failure.reason,
            detail=rule.detail,
            limit=rule.limit,
            outage=rule.fault is not None,
        )
    return Outcome(Verdict.UNACCOUNTED, status, detail="not named in the answer")


def _refused(status: int, count: int) -> list[Outcome]:
    verdict, detail, limit = _REFUSALS[status]
    outcome = Outcome(verdict, status, detail=f"{detail} ({status})", limit=limit)
    if count > 1:
        raise BatchRefused(outcome)
    return [outcome]


def _silent(
    answer: Answer, response: StoreResponse | None, count: int, *, trust_empty: bool
) -> list[Outcome]:
    """A success that names none of the instances proves nothing."""
    if answer.status == NO_CONTENT:
        raise Misconfigured("took nothing of a Store request (204)")
    empty = not answer.body.strip() or (response is not None and response.empty)
    if empty and trust_empty and answer.framed and answer.status != ACCEPTED:
        return [Outcome(Verdict.STORED, answer.status, detail="an empty answer, trusted")] * count
    kind = answer.content_type.partition(";")[0].strip().lower()
    foreign = response is None and kind not in DICOM_TYPES
    if not empty and (foreign or is_web_page(answer.body, kind)):
        raise Misconfigured("answers with a web page or the like: is this a STOW-RS service?")
    detail = "an empty answer" if empty else "an answer that names none of the instances"
    return [Outcome(Verdict.UNACCOUNTED, answer.status, detail=detail)] * count
