"""The version of the index's form. An index of another version is put aside and made anew from the
spool: that costs a scan. One of a later version is left to whoever wrote it.
"""

import secrets
import time
from collections.abc import Iterable
from typing import Any

from redis import Redis
from redis.client import Pipeline
from redis.exceptions import RedisError

from shared import logs
from shared.foreign import mending
from shared.keys import EPOCH, VERSION_KEY, keys

VERSION = 2  # members are paths of shared.entry; 1 had no senders in them, and wrote no version
READ = frozenset({1, VERSION})  # those whose entries are read as they are
UNREADABLE = 0  # the version of what is no number
ASIDE = 24 * 3600  # seconds that an index put aside stays to be looked at
CHECKED = 1.0  # seconds that an answer holds: some calls are made twenty times a second

log = logs.get(__name__)


class OtherIndex(RedisError):
    """Redis holds an index that is not ours to read."""


class IndexVersion:
    """All methods raise RedisError."""

    def __init__(self, client: Redis) -> None:
        self._client = client
        self._good_until = 0.0  # time.monotonic()

    def check(self) -> None:
        """Raises OtherIndex unless the index is one that we read."""
        now = time.monotonic()
        if now < self._good_until:
            return
        found = self._found()
        if found not in READ:
            raise _other(found)
        self._good_until = now + CHECKED

    def check_later(self) -> None:
        """Raises OtherIndex for one of a later version, whose uploaders shall lead."""
        found = self._found()
        if found > VERSION:
            raise _other(found)

    def settle(self, destinations: Iterable[str]) -> bool:
        """To be called by whoever leads: make the index one of ours; whether it has to be filled
        anew. Raises OtherIndex for one of a later version.
        """
        found = self._found()
        if found > VERSION:
            raise _other(found)
        if found == VERSION:
            return False
        if anew := found not in READ:
            self._put_aside(found, destinations)
        self._claim(found)
        return anew

    def _found(self) -> int:
        return _version(mending(self._client, [VERSION_KEY], lambda: self._client.get(VERSION_KEY)))

    def _put_aside(self, found: int, destinations: Iterable[str]) -> None:
        mark = f"version{found}:{secrets.token_hex(4)}"
        for key in (key for each in destinations for key in keys(each)):
            if self._client.exists(key):
                self._client.rename(key, f"{key}:{mark}")
                self._client.expire(f"{key}:{mark}", ASIDE)
        self._client.delete(EPOCH)
        log.warning("index.put_aside", version=found, known=VERSION)

    def _claim(self, found: int) -> None:
        """Unless somebody of a later version was faster: the next look says so."""

        def write(pipeline: Pipeline) -> None:
            same = _version(pipeline.get(VERSION_KEY)) == found
            pipeline.multi()
            if same:
                pipeline.set(VERSION_KEY, VERSION)

        self._client.transaction(write, VERSION_KEY)


def _version(value: Any) -> int:
    if not isinstance(value, bytes):
        return 1
    return int(value) if value.isdigit() else UNREADABLE


def _other(found: int) -> OtherIndex:
    if found > VERSION:
        return OtherIndex(f"holds an index of a later version ({found}, this one knows {VERSION})")
    return OtherIndex(f"holds an index of another version ({found}, this one knows {VERSION})")
