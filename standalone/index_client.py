"""The Redis of a configuration, or the embedded one of a proxy that runs here; for commands."""

import contextlib
from pathlib import Path

from redis import Redis
from redis.exceptions import RedisError

from shared.broker import connect
from shared.config import Settings
from shared.errors import ConfigurationError
from shared.index import Index
from shared.keys import keys

EMBEDDED = Path(".redis")  # below the spool
WAITING = 3  # keys of a destination that hold paths: urgent, routine, leased
PAGE = 1000  # members asked for at a time
SOCKET = "redis.sock"  # in that folder, where the path is not too long for one
URL_FILE = "url"  # else `up` says there where it is


def open_index(settings: Settings) -> Redis | None:
    """A client that has not connected yet; None where no Redis is configured and no embedded one
    was ever started.
    """
    found = settings.redis
    if "url" not in found.model_fields_set:
        url = _embedded(settings.spool.path.absolute() / EMBEDDED)
        if url is None:
            return None
        found = found.model_copy(update={"url": url})
    return connect(found, retries=0)  # for people, who wait: what hangs is told after one time-out


def _embedded(folder: Path) -> str | None:
    if (folder / SOCKET).exists():
        return f"unix://{folder / SOCKET}"
    try:
        return (folder / URL_FILE).read_text("utf-8").strip()
    except OSError:
        return None


def want_scan(settings: Settings) -> bool:
    """Have the spool looked through now, if Redis is there; without it that happens soon anyway."""
    with contextlib.suppress(RedisError, ConfigurationError):
        client = open_index(settings)
        if client is None:
            return False
        with client:
            Index(client).want_scan()
            return True
    return False


def indexed_paths(settings: Settings) -> set[str] | None:
    """Every path that the index knows; None where it cannot be asked."""
    client = open_index(settings)
    if client is None:
        return None
    sets = [key for each in settings.upload_destinations for key in keys(each.name)[:WAITING]]
    try:
        with client:
            return {path.decode() for key in sets for path, _ in client.zscan_iter(key, count=PAGE)}
    except RedisError:
        return None
