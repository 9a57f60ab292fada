"""How often somebody may try to log in: so seldom that guessing leads nowhere."""

import time
from collections import OrderedDict, deque
from ipaddress import IPv6Address, IPv6Network
from threading import Lock

WINDOW = 300.0  # seconds
EACH = 5  # failures of one address in that time
ALL = 60  # failures of all addresses together
ADDRESSES = 4096  # that are remembered; past it the oldest is forgotten
PREFIX = 64  # bits of an IPv6 address that one subscriber has


class Throttle:
    """A try counts as failed until it has succeeded. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._of_each: OrderedDict[str, deque[float]] = OrderedDict()
        self._of_all: deque[float] = deque()

    def wait(self, address: str, now: float | None = None) -> float:
        """Seconds until this address may try; 0: it may, and that counts as a failure."""
        now = time.monotonic() if now is None else now
        with self._lock:
            own = self._of_each.setdefault(_subscriber(address), deque())
            for found in (own, self._of_all):
                while found and now - found[0] >= WINDOW:
                    found.popleft()
            for found, most in ((own, EACH), (self._of_all, ALL)):
                if len(found) >= most:
                    return WINDOW - (now - found[0])
            own.append(now)
            self._of_all.append(now)
            if len(self._of_each) > ADDRESSES:
                self._of_each.popitem(last=False)
            return 0.0

    def succeeded(self, address: str) -> None:
        """The last try was none that guessed wrong."""
        with self._lock:
            own = self._of_each.pop(_subscriber(address), None)
            if own and self._of_all:
                self._of_all.pop()


def _subscriber(address: str) -> str:
    try:
        found = IPv6Address(address)
    except ValueError:
        return address
    if found.ipv4_mapped:  # a listener for both has IPv4 so (RFC 4291 2.5.5.2): one network of all
        return str(found.ipv4_mapped)
    return str(IPv6Network((int(found), PREFIX), strict=False))
