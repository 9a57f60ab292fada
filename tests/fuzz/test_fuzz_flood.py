"""Many random and mutated associations at once: memory stays, and a good association is served."""

import contextlib
import os
import random
import resource

from tests.fuzz.mutate import mutate
from tests.fuzz.seeds import inputs
from tests.support.acceptor import RecordingService, accepting
from tests.support.raw_association import RawAssociation
from tests.support.waiting import wait_until

ATTEMPTS = int(os.environ.get("FLOOD", "500"))  # `FLOOD=10000` for a long look
AT_ONCE = 50
MOST_GROWTH = 64 * 1024  # KiB


def test_a_flood_of_broken_associations_is_survived() -> None:
    chance = random.Random(ATTEMPTS)
    pool = inputs("association")
    service = RecordingService()
    with accepting(service, max_pending=100) as running, RawAssociation(running.port) as before:
        before.associate()
        flood: list[RawAssociation] = []
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss + MOST_GROWTH
        for number in range(ATTEMPTS):
            broken = RawAssociation(running.port)
            flood.append(broken)
            random_bytes = chance.randbytes(chance.choice((1, 10, 100, 1000)))
            with contextlib.suppress(OSError):
                broken.send(
                    random_bytes if number % 5 == 0 else mutate(chance.choice(pool), chance, pool)
                )
            if len(flood) == AT_ONCE:
                flood.pop(chance.randrange(AT_ONCE)).socket.close()
            if number % 100 == 0:
                assert before.store(b"data").status == 0
                with RawAssociation(running.port) as during:
                    during.associate()
                    assert during.store(b"data").status == 0
        for each in flood:
            each.socket.close()

        wait_until(lambda: running.acceptor.associations == 1 and running.acceptor.buffered == 0)
        assert before.store(b"data").status == 0
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < most
    assert not any(each.finished and each.abandoned for each in service.received)
