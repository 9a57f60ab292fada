"""How long an association may keep us waiting, by what it is waiting for.

Deadlines are looked at by one sweep over all associations; to set one costs no timer.
"""

from dataclasses import dataclass

# A message may take longer the longer it is: a whole-slide image over a slow line is no attack.
LEAST_RATE = 65536  # bytes a second


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds."""

    artim: float  # for A-ASSOCIATE-RQ, and for the peer to close (PS3.8 9.1.5)
    idle: float  # without a request
    pdu: float  # for a PDU that has begun, and for output the peer does not read
    message: float  # for a message that has begun, beside what its length takes

    @property
    def shortest(self) -> float:
        return min(self.artim, self.idle, self.pdu, self.message)


class Deadlines:
    __slots__ = ("_timeouts", "active", "artim", "message", "now", "output", "pdu", "received")

    def __init__(self, timeouts: Timeouts, now: float) -> None:
        self._timeouts = timeouts
        self.now = now  # of the last read: close enough for all that it brings
        self.artim = 0.0  # when ARTIM was started; 0 here and below: not running
        self.pdu = 0.0  # when the current PDU began
        self.message = 0.0  # when the current message began
        self.received = 0  # bytes of it
        self.output = 0.0  # since when the peer does not read
        self.active = now  # when the last message was complete

    def limit(self, timeouts: Timeouts) -> None:
        """These hold from now on."""
        self._timeouts = timeouts

    def complete(self) -> None:
        """The message that was under way is complete."""
        self.message, self.received = 0.0, 0
        self.active = self.now

    def overdue(self, now: float, *, busy: bool) -> str | None:
        """Why to give the peer up, if there is a reason; ARTIM apart."""
        limits = self._timeouts
        if self.output and now - self.output > limits.pdu:
            return "output not read"
        if busy:
            return None  # the peer waits for us
        if self.pdu and now - self.pdu > limits.pdu:
            return "PDU not completed"
        if self.message and now - self.message > limits.message + self.received / LEAST_RATE:
            return "message not completed"
        if now - self.active > limits.idle and not self.message:
            return "idle"
        return None

    def artim_expired(self, now: float) -> bool:
        return bool(self.artim) and now - self.artim > self._timeouts.artim
