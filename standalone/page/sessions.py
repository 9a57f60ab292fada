"""Who has logged in, in memory: whoever restarts the page logs in again."""

import hashlib
import secrets
import time
from collections import OrderedDict
from dataclasses import dataclass, field
from threading import Lock

MOST = 256  # past it the one ends that was used least lately


@dataclass(slots=True)
class Session:
    user: str
    line: str  # of the password file, by which they logged in
    token: str = field(default_factory=lambda: secrets.token_urlsafe(32))  # against forged requests
    began: float = field(default_factory=time.monotonic)
    used: float = field(default_factory=time.monotonic)


class Sessions:
    """Safe to use from several threads. `age`, `idle`: seconds of a session, in all and unused."""

    def __init__(self, age: float, idle: float) -> None:
        self._age, self._idle = age, idle
        self._lock = Lock()
        self._found: OrderedDict[bytes, Session] = OrderedDict()  # by the digest of their cookie

    def begin(self, user: str, line: str) -> str:
        """The value for a cookie."""
        cookie = secrets.token_urlsafe(32)
        with self._lock:
            self._found[_digest(cookie)] = Session(user, line)
            if len(self._found) > MOST:
                self._found.popitem(last=False)
        return cookie

    def find(self, cookie: str) -> Session | None:
        now, key = time.monotonic(), _digest(cookie)
        with self._lock:
            session = self._found.get(key)
            if session is None:
                return None
            if now - session.began > self._age or now - session.used > self._idle:
                del self._found[key]
                return None
            session.used = now
            self._found.move_to_end(key)
            return session

    def end(self, cookie: str) -> None:
        with self._lock:
            self._found.pop(_digest(cookie), None)


def _digest(cookie: str) -> bytes:
    return hashlib.sha256(cookie.encode()).digest()
