"""What others have put under our names in Redis, and is in our way, gets another name.

The index is then made anew by a scan of the spool, as after any loss. What holds a single value of
ours for some seconds is just written over.
"""

import re
import secrets
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from redis import Redis
from redis.exceptions import RedisError, ResponseError

from shared import logs
from shared.keys import SCANS_WANTED, type_of

WRONG_TYPE = "WRONGTYPE"

# Of these values, or those of these hashes, Redis itself wants integers. The scripts bear the rest.
_COUNTED = frozenset({"faults", "totals", "figures", "scans"})
_INTEGER = re.compile(rb"-?[0-9]{1,18}")

log = logs.get(__name__)
T = TypeVar("T")


def mending(client: Redis, keys: Iterable[str], call: Callable[[], T]) -> T:
    """The call's result; made again if something foreign was in its way. Raises RedisError."""
    try:
        return call()
    except ResponseError as error:
        if not _of_content(error) or not _set_aside(client, [*keys, SCANS_WANTED]):
            raise
    client.incr(SCANS_WANTED)
    return call()


def _of_content(error: ResponseError) -> bool:
    """Not about the server: errors of that kind have a code of their own, as MISCONF and BUSY."""
    code = str(error).split(" ", 1)[0]
    return type(error) is ResponseError and (WRONG_TYPE in str(error) or not code.isupper())


def _set_aside(client: Redis, keys: Iterable[str]) -> bool:
    """Whether there was anything."""
    found = False
    for key in keys:
        if _is_ours(client, key):
            continue
        aside = f"{key}:foreign:{secrets.token_hex(4)}"
        try:
            client.rename(key, aside)
        except ResponseError:  # another process was faster
            continue
        log.error("index.foreign", key=key, aside=aside)
        found = True
    return found


def _is_ours(client: Redis, key: str) -> bool:
    kind: Any = client.type(key)
    if kind == b"none":
        return True
    try:
        return kind.decode() == type_of(key) and _well_formed(client, key)
    except RedisError:  # replaced while it was looked at
        return False


def _well_formed(client: Redis, key: str) -> bool:
    name = key.rpartition(":")[2]
    if name not in _COUNTED:
        return True
    fields: Any = client.hgetall(key) if type_of(key) == "hash" else {b"": client.get(key) or b"0"}
    if name == "figures":  # the others are texts
        fields = {field: value for field, value in fields.items() if b":" in field}
    return all(_INTEGER.fullmatch(value) for value in fields.values())
