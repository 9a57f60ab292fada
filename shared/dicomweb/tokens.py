"""Access tokens, renewed by one flight at a time: ahead of their end, or once refused."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from shared import logs
from shared.errors import DestinationFault

AHEAD = (
    300.0  # s before its end that a token is renewed: longer than any request that starts with it
)
SHORT_LIVED = 0.25  # of its life, for tokens that hardly live longer than that
LATER = 30.0  # s until another try, when renewal ahead of time failed

log = logs.get(__name__)


@dataclass(frozen=True, slots=True)
class Token:
    value: str
    lifetime: float  # seconds left when it was fetched


class TokenSource(Protocol):
    def fetch(self) -> Token:
        """A new token from its issuer. Raises DestinationFault; has a deadline."""
        ...


class TokenCredentials:
    """Bearer tokens of a source, for HeaderAuth."""

    def __init__(self, source: TokenSource, clock: Callable[[], float] = time.monotonic) -> None:
        self._source = source
        self._clock = clock
        self._lock = threading.Lock()
        self._header = ""
        self._renew_at = 0.0
        self._ends_at = 0.0

    def header(self, refused: str | None = None) -> str:
        with self._lock:  # who waits here finds the new token
            if self._header == refused or self._clock() >= self._renew_at:
                self._renew(still_good=self._header != refused)
            return self._header

    @property
    def seconds_left(self) -> float | None:
        """Until the token ends, below 0 once it has; None before the first."""
        return self._ends_at - self._clock() if self._header else None

    def _renew(self, *, still_good: bool) -> None:
        now = self._clock()
        try:
            token = self._source.fetch()
        except DestinationFault as fault:
            if not still_good or now >= self._ends_at:
                raise
            log.warning("token.not_renewed", reason=fault.reason, seconds_left=self._ends_at - now)
            self._renew_at = now + LATER
            return
        self._header = f"Bearer {token.value}"
        self._ends_at = now + token.lifetime
        self._renew_at = self._ends_at - min(AHEAD, SHORT_LIVED * token.lifetime)
