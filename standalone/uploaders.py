"""Whether any uploader runs, as Redis knows: each says twice a second that it is there."""

import time

from redis import Redis

from shared.index import Index
from shared.keys import PRESENCE, UPLOADERS

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
