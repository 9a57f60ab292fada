"""A-ASSOCIATE-RJ: why an association is refused (PS3.8 Table 9-21)."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace


@dataclass(frozen=True, slots=True)
class Rejection:
    """One equals another that tells the peer the same; why is for the log."""

    result: int  # 1 permanent, 2 transient
    source: int  # 1 service user, 2 provider (ACSE), 3 provider (presentation)
    reason: int
    words: str = field(default="", compare=False)  # of the standard
    cause: str = field(default="", compare=False)  # here: as few kinds as there are reasons

    def __iter__(self) -> Iterator[int]:
        return iter((self.result, self.source, self.reason))

    def __str__(self) -> str:
        """As people look for it: 2,3,1: temporary congestion, we are draining."""
        words = ", ".join(each for each in (self.words, self.cause) if each)
        return f"{self.code}: {words}" if words else self.code

    @property
    def code(self) -> str:
        return ",".join(map(str, self))

    def because(self, cause: str) -> "Rejection":
        return replace(self, cause=cause)


NO_REASON = Rejection(1, 1, 1, "no reason given")
APPLICATION_CONTEXT_NOT_SUPPORTED = Rejection(1, 1, 2, "application context name not supported")
CALLING_AE_NOT_RECOGNIZED = Rejection(1, 1, 3, "calling AE title not recognized")
CALLED_AE_NOT_RECOGNIZED = Rejection(1, 1, 7, "called AE title not recognized")
PROTOCOL_VERSION_NOT_SUPPORTED = Rejection(1, 2, 2, "protocol version not supported")
TEMPORARY_CONGESTION = Rejection(2, 3, 1, "temporary congestion")
LOCAL_LIMIT_EXCEEDED = Rejection(2, 3, 2, "local limit exceeded")
