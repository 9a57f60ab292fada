"""Which uploaders run, as Redis knows: each says twice a second that it is there, and one of those
with the same destinations that it leads them.
"""

import time
from collections.abc import Iterable

from redis import Redis

from shared.index import Index
from shared.keys import LEADER, PRESENCE, UPLOADERS, led

AGAIN = 1.0  # seconds; where Redis was away, every uploader is back in it by then
LEEWAY = 1.0  # seconds that the score of one that is there may be ahead


def running(client: Redis) -> int | None:
    """How many; None while Redis itself is so young that they may only be starting. Raises
    RedisError, for a Redis that takes no writes too: nobody can say there that he runs.
    """
    if found := _present(client):
        return found
    Index(client).scans_wanted()  # a write that changes nothing
    if int(client.info("server")["uptime_in_seconds"]) < PRESENCE:
        return None
    time.sleep(AGAIN)
    return _present(client)


def _present(client: Redis) -> int:
    seconds, microseconds = client.time()
    now = seconds + microseconds / 1_000_000
    # What ends later was left by a clock that was set back.
    return int(client.zcount(UPLOADERS, now, now + PRESENCE + LEEWAY))


def left_out(client: Redis, destinations: Iterable[str]) -> frozenset[str]:
    """Those that no uploader which runs sends to: each has other settings. Raises RedisError."""
    missing = frozenset(destinations) - _led(client)
    if missing:  # whoever led them may just have ended, and another is about to
        time.sleep(AGAIN)
        missing -= _led(client)
    return missing


def _led(client: Redis) -> frozenset[str]:
    found = client.scan_iter(match=f"{LEADER}*", count=1000)
    return frozenset(name for key in found for name in led(key.decode("utf-8", "replace")))
