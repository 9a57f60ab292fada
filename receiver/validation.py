"""Whether a data set matches the C-STORE request it came with (PS3.4 B.2.3).

Each rule says what it answers where `receive.validation` is strict. Lenient keeps the instance and
names the rules it breaks in the log: a modality that is told Cxxx or Axxx gives up, and the image
is lost to the archive for the sake of a formality.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

from shared.dimse.service import Request
from shared.head import Head
from shared.head_tags import SOP_CLASS_UID, SOP_INSTANCE_UID, STUDY_INSTANCE_UID
from shared.statuses import CANNOT_UNDERSTAND, DATA_SET_MISMATCH, INVALID_INSTANCE
from shared.uid import LONGEST_UID, is_uid

_IMPLICIT, _EXPLICIT = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1"  # VR Little Endian
_OTHER = {_IMPLICIT: _EXPLICIT, _EXPLICIT: _IMPLICIT}


class Rule(NamedTuple):
    name: str  # for the log; as a comment in the response, too
    status: int
    broken: Callable[[Request, Head], bool]


def is_usable(value: str) -> bool:
    """Good enough to name an instance: letters occur, and archives take them."""
    return 0 < len(value) <= LONGEST_UID and value.isascii() and value.isprintable()


def sop_class_uid(request: Request, head: Head) -> str:
    return _class_of(
        head.values.get(SOP_CLASS_UID, ""), request.affected_sop_class_uid, request.abstract_syntax
    )


def sop_instance_uid(request: Request, head: Head) -> str:
    """The data set's own, else the command's; empty if neither is usable."""
    return _first_usable(head.values.get(SOP_INSTANCE_UID, ""), request.affected_sop_instance_uid)


def transfer_syntax_uid(request: Request, head: Head) -> str:
    """What the data set is in: what was agreed, or the other one of the two that differ in nothing
    but VRs, where what is read by that names the instance that the command names: a first value may
    look like a head. Of a compressed one nobody knows.
    """
    agreed = request.transfer_syntax
    named = request.affected_sop_instance_uid
    if head.mislabelled and named and head.values.get(SOP_INSTANCE_UID) == named:
        return _OTHER.get(agreed, agreed)
    return agreed


def _first_usable(*values: str) -> str:
    for value in values:  # mostly the first
        if is_usable(value):
            return value
    return ""


_class_of = lru_cache(maxsize=256)(_first_usable)
_is_uid = lru_cache(maxsize=256)(is_uid)  # of studies: many instances have the same


def is_regular(request: Request, head: Head) -> bool:
    """Whether no rule is broken, in a third of the time it takes to ask each: so are nearly all."""
    value, instance = head.values.get, request.affected_sop_instance_uid
    return (
        value(SOP_INSTANCE_UID) == instance
        and value(SOP_CLASS_UID) == request.affected_sop_class_uid == request.abstract_syntax
        and not head.mislabelled
        and is_uid(instance)
        and _is_uid(value(STUDY_INSTANCE_UID, ""))
    )


NAMELESS = Rule(
    "no SOP Instance UID",
    INVALID_INSTANCE,
    lambda request, head: not sop_instance_uid(request, head),
)
RULES = (
    Rule(
        "Affected SOP Instance UID is no UID",
        INVALID_INSTANCE,
        lambda request, _: not is_uid(request.affected_sop_instance_uid),
    ),
    Rule(
        "data set cannot be read up to Study Instance UID",
        CANNOT_UNDERSTAND,
        lambda _, head: not is_uid(head.values.get(STUDY_INSTANCE_UID, "")),
    ),
    Rule(
        "data set is not in its transfer syntax",
        CANNOT_UNDERSTAND,
        lambda _, head: head.mislabelled,
    ),
    Rule(
        "SOP Class UID of data set and command differ",
        DATA_SET_MISMATCH,
        lambda request, head: head.values.get(SOP_CLASS_UID) != request.affected_sop_class_uid,
    ),
    Rule(
        "SOP Instance UID of data set and command differ",
        DATA_SET_MISMATCH,
        lambda request, head: (
            head.values.get(SOP_INSTANCE_UID) != request.affected_sop_instance_uid
        ),
    ),
    Rule(
        "SOP Class UID of command and context differ",
        DATA_SET_MISMATCH,
        lambda request, _: request.affected_sop_class_uid != request.abstract_syntax,
    ),
)


def broken_rules(request: Request, head: Head) -> list[Rule]:
    return [rule for rule in RULES if rule.broken(request, head)]
