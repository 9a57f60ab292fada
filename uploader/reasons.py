"""What a Failure Reason (0008,1197) says about the instance (PS3.18 Annex I, PS3.7 Annex C)."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto

from shared.dicomweb.stow import Failure
from shared.errors import Denied, DestinationFault, Unavailable


class Kind(Enum):
    REJECTED = auto()
    RETRYABLE = auto()
    DUPLICATE = auto()  # the server has this UID; whether the same bytes is not said
    DIFFERENT = auto()  # the server has this UID with other bytes


@dataclass(frozen=True, slots=True)
class Ruling:
    """`fault`: what it says about the destination when several instances, and all, got it."""

    kind: Kind
    detail: str
    limit: int | None = None
    fault: type[DestinationFault] | None = None


# Attempts: long enough for a full archive to be extended; not for ever, as some answer this to
# what they will never take.
_PATIENCE = 1000
_FULL = Ruling(Kind.RETRYABLE, "out of resources", _PATIENCE, Unavailable)
_MISMATCH = Ruling(Kind.REJECTED, "data set does not match its SOP class")
_CANNOT_UNDERSTAND = Ruling(Kind.REJECTED, "cannot understand the instance")
_REFUSED = Ruling(Kind.RETRYABLE, "refused", limit=10)
_RULE = Ruling(Kind.REJECTED, "refused by a rule of the archive")
_GENERAL = Ruling(Kind.RETRYABLE, "general failure", limit=5)
_NO_REASON = Ruling(Kind.RETRYABLE, "failure without a reason", limit=5)
_UNKNOWN = Ruling(Kind.RETRYABLE, "failure for a reason we do not know", limit=5)

_EXACT: dict[int | None, Ruling] = {
    None: _NO_REASON,
    0: _NO_REASON,  # Orthanc: internal
    0x0110: _GENERAL,  # PS3.7 C.5.11
    0x0111: Ruling(Kind.DUPLICATE, "duplicate SOP instance"),  # PS3.7 C.5.3
    0x0117: Ruling(Kind.REJECTED, "invalid SOP Instance UID"),  # PS3.7 C.5.16
    0x0118: Ruling(Kind.REJECTED, "no such SOP class"),  # PS3.7 C.5.17
    0x0120: Ruling(Kind.REJECTED, "missing attribute"),  # PS3.7 C.5.14
    0x0121: Ruling(Kind.REJECTED, "missing attribute value"),  # PS3.7 C.5.15
    0x0122: Ruling(Kind.REJECTED, "SOP class not supported"),  # PS3.7 C.5.6
    0x0124: Ruling(Kind.RETRYABLE, "not authorized", _PATIENCE, Denied),  # PS3.7 C.5.13
    0x0213: Ruling(Kind.RETRYABLE, "resource limitation", _PATIENCE, Unavailable),  # PS3.7 C.5.29
    0xA700: _FULL,  # PS3.4 Table B.2-1; Orthanc: storage full
    0xA77A: Ruling(Kind.RETRYABLE, "its study is being deleted"),  # dcm4chee
    0xB00E: Ruling(Kind.DUPLICATE, "duplicate SOP instance"),  # Azure, 45070
    0xB00F: Ruling(Kind.RETRYABLE, "being stored or deleted just now", limit=20),  # Azure, 45071
    0xC122: Ruling(Kind.REJECTED, "transfer syntax not supported"),  # PS3.18 Table I.2-2
}
_RANGES: tuple[
    tuple[range, Ruling], ...
] = (  # PS3.4 Table B.2-1, PS3.18 Table I.2-2; first decides
    (range(0xA770, 0xA77C), _RULE),  # dcm4chee: retention, rejection, patient ID conflict
    (range(0xA700, 0xA800), _REFUSED),
    (range(0xA900, 0xAA00), _MISMATCH),
    (range(0xC000, 0xD000), _CANNOT_UNDERSTAND),
)
# Google answers 0x0110 to everything and gives the cause in words.
_WORDS: tuple[tuple[tuple[str, ...], Ruling], ...] = (
    (("checksum mismatch", "files differ"), Ruling(Kind.DIFFERENT, "holds other bytes")),
    (("already exists",), Ruling(Kind.DUPLICATE, "already exists")),
    (
        (
            "invalid dicom",
            "not a dicom",
            "parse",
            "missing required",
            "invalid value",
            "invalid uid",
        ),
        Ruling(Kind.REJECTED, "cannot understand the instance"),
    ),
)


def ruling(failure: Failure) -> Ruling:
    return next(_candidates(failure))


def _candidates(failure: Failure) -> Iterator[Ruling]:
    reason = failure.reason
    words = failure.detail.lower()
    known = _EXACT.get(reason)
    if known in {_GENERAL, _NO_REASON} or (known and known.kind is Kind.DUPLICATE):
        yield from (each for needles, each in _WORDS if any(word in words for word in needles))
    if known:
        yield known
    yield from (each for span, each in _RANGES if reason is not None and reason in span)
    yield _UNKNOWN
