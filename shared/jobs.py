"""The RQ queue between those who find work and the uploader's workers. A job is a drain tick: an
order to look at one destination's index. It names no instance; a lost or doubled one is harmless.
"""

from collections.abc import Mapping

from redis import Redis
from rq import Queue
from rq.serializers import JSONSerializer

from shared.foreign import mending

QUEUE = "dicomweb-proxy"  # one queue: with two, RQ would take jobs off by BLPOP and could lose them
TICK = "uploader.jobs.tick"  # by name: whoever enqueues it need not have the uploader
TTL = 120  # seconds that a tick may wait: whatever made it is woken for again long before
FAILURE_TTL = 24 * 3600  # seconds that a failed tick, which is a bug, stays to be looked at
# Seconds. Requests that make no progress end much earlier by themselves; one that does may be long.
LONGEST_TICK = 24 * 3600


class Ticks:
    def __init__(self, client: Redis) -> None:
        self._client = client
        self._queue = Queue(QUEUE, connection=client, serializer=JSONSerializer)

    def enqueue(self, destination: str, *, urgent: bool = False) -> None:
        """Raises RedisError."""
        of_rq = [self._queue.key, Queue.redis_queues_keys]
        mending(self._client, of_rq, lambda: self._enqueue(destination, urgent=urgent))

    def _enqueue(self, destination: str, *, urgent: bool) -> None:
        self._queue.enqueue_call(
            TICK,
            args=(destination,),
            timeout=LONGEST_TICK,
            ttl=TTL,
            result_ttl=0,
            failure_ttl=FAILURE_TTL,
            description=f"drain {destination}",
            at_front=urgent,
        )

    def enqueue_all(self, wanted: Mapping[str, bool]) -> None:
        """`wanted`: destination -> whether something urgent waits there. Raises RedisError."""
        for destination, urgent in wanted.items():
            self.enqueue(destination, urgent=urgent)
