"""One worker process: an RQ SimpleWorker, which runs ticks in its own process and so keeps its
connections to the origin servers. `python -m uploader.worker`, started by uploader.supervisor.
"""

import contextlib
import logging
import os
import signal
import sys
import threading
import time
from pathlib import Path
from threading import Event
from typing import Any

from redis.exceptions import RedisError
from rq import SimpleWorker
from rq.serializers import JSONSerializer

from shared import audit, logs, tracing
from shared.broker import connect_worker
from shared.config import Settings, load
from shared.errors import ConfigurationError
from shared.handlers import set_aside
from shared.index_version import OtherIndex
from shared.jobs import QUEUE
from shared.keys import SCANS_WANTED
from shared.needs import UPLOADS
from uploader import jobs
from uploader.drain import Drain
from uploader.origin import Origin
from uploader.pace import pace_of
from uploader.workplace import Workplace, furnish

log = logs.get(__name__)

TTL = 30  # seconds; an idle worker looks up from its queue every 15 s
MAINTENANCE = 30  # seconds between RQ's own cleaning
OTHERS_FIRST = 2.0  # seconds in which workers of another version may take the next tick
ASIDE = 1.0  # seconds for a request to stop to be noted, see set_aside
REDIS_PAUSE = 1.0  # seconds between tries to reach Redis


class TickFailed(Exception):
    """A bug. What RQ keeps of it in Redis is this text."""


class Worker:
    """The ticks of this process."""

    def __init__(self, settings: Settings, workplace: Workplace) -> None:
        self._at = workplace
        hashed = settings.spool.ledger_digest and settings.spool.ledger_bytes > 0
        self._drains = {
            each.name: Drain(
                Origin(each, pace_of(workplace.client, each), hashed=hashed), workplace
            )
            for each in settings.upload_destinations
        }

    def tick(self, destination: str) -> None:
        drain = self._drains.get(destination)
        try:
            if drain is None:  # for an uploader with other settings, or before a reload
                self._at.index.forget_wake(destination)
            else:
                drain.tick()
        except OtherIndex:
            self._leave_to_others(destination)
        except RedisError:
            log.info("tick.interrupted", destination=destination)  # the lease brings it back
        except Exception as error:
            log.exception("tick.failed", destination=destination)
            raise TickFailed(type(error).__name__) from None

    def _leave_to_others(self, destination: str) -> None:
        """To uploaders that know this index, who share the queue with us."""
        with contextlib.suppress(RedisError):
            self._at.index.forget_wake(destination)
        self._at.stopping.wait(OTHERS_FIRST)


class _Ticker(SimpleWorker):
    """Lets a tick know that it should end after the request under way."""

    max_connection_wait_time = 2.0  # seconds between tries to reach Redis
    stopping = Event()

    def handle_warm_shutdown_request(self) -> None:  # RQ's name
        set_aside(self.stopping)


def work(settings: Settings) -> int:
    """Run ticks until told to stop; the exit code."""
    workplace = furnish(settings)
    jobs.install(Worker(settings, workplace).tick)
    _Ticker.stopping = workplace.stopping
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # until RQ handles it
    ticker = _reach_redis(settings)
    try:
        ticker.work(logging_level=None)
    except RedisError:  # the dispatcher says what is wrong, once for all workers
        return 1
    return 0 if workplace.stopping.wait(ASIDE) else 1


def _reach_redis(settings: Settings) -> Any:
    """Wait quietly: the supervisor says that Redis is missing, or takes no writes, once for all
    workers.
    """
    while True:
        try:
            connection = connect_worker(settings.redis)
            connection.incrby(SCANS_WANTED, 0)  # a write that changes nothing
            return _Ticker(
                [QUEUE],
                connection=connection,
                serializer=JSONSerializer,
                worker_ttl=TTL,
                maintenance_interval=MAINTENANCE,
                log_job_description=False,
            )
        except RedisError:
            time.sleep(REDIS_PAUSE)


def _end_with(supervisor: int) -> None:
    """A worker without its supervisor would be nobody's: its end closes this pipe."""
    while os.read(supervisor, 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


def main(arguments: list[str]) -> int:
    """Arguments: the pipe's descriptor, and the configuration file or nothing."""
    pipe, *config = arguments
    threading.Thread(target=_end_with, args=(int(pipe),), daemon=True).start()
    try:
        settings = load(Path(config[0]) if config else None, UPLOADS)
        logs.configure(settings.log, "uploader")
        audit.configure(settings.audit, "uploader", announce=False)
        # What matters we say ourselves, and once for all workers.
        logging.getLogger("rq.worker").setLevel(logging.CRITICAL)
        with tracing.tracing(settings.tracing, "uploader"):
            return work(settings)
    except ConfigurationError as error:
        sys.stderr.write(f"{error}\n")
        return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
