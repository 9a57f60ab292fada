"""An uploader: its workers, its dispatcher and its health port, until told to stop."""

import os
import signal
import threading
from pathlib import Path

from shared import hangup, logs, metrics, sandbox, secret_files
from shared.certificates import Certificates, of_clients
from shared.config import Settings, file_of
from shared.disk import Disk
from shared.errors import ProxyError, SpoolFull, SpoolReadOnly
from shared.file_watch import watching
from shared.handlers import set_on
from shared.health import Check, Health
from shared.needs import UPLOADS
from shared.reload import applied, reload
from shared.spool import Spool
from uploader.dispatcher import Dispatcher
from uploader.origin import Origin
from uploader.workers import Workers
from uploader.workplace import furnish

log = logs.get(__name__)

POLL = 0.1  # seconds between looks at the workers


def run(settings: Settings, config: Path | None) -> None:
    """Raises ProxyError, and OSError for a health port that is taken."""
    sandbox.warn(settings)
    secret_files.warn(settings, UPLOADS.of)
    stopping = threading.Event()
    renewing = threading.Event()
    set_on((signal.SIGTERM, signal.SIGINT), stopping)
    set_on((signal.SIGHUP,), renewing)
    hangup.deliver()
    if not settings.upload_destinations:
        log.warning("uploads.off", reason="no destination has an upload URI")
        health = _health(settings, {}, {})
        stopping.wait()
        health.close()
        return
    _prove(settings)
    following: Settings | None = settings
    with watching(file_of(config), settings.reload.watch):
        while following:
            following = _upload(following, config, stopping, renewing)


def _prove(settings: Settings) -> None:
    """Credentials that cannot be used show now, not at night. Raises ConfigurationError."""
    for destination in settings.upload_destinations:
        Origin(destination).close()


def _upload(
    settings: Settings,
    config: Path | None,
    stopping: threading.Event,
    renewing: threading.Event,
) -> Settings | None:
    """Until told to stop, or until other destinations are to be served: those."""
    workplace = furnish(settings)
    _open(workplace.spool)
    workers = Workers(settings.upload.workers, [str(config)] if config else [])
    names = [each.name for each in settings.upload_destinations]
    dispatcher = Dispatcher(workplace, names, settings.upload.rescan)
    ready: dict[str, Check] = {
        "redis": dispatcher.trouble,
        "spool": lambda: _unusable(workplace.spool.root),
        "workers": workers.missing,
    }
    health = _health(settings, {"dispatcher": dispatcher.wedged}, ready)
    log.info("uploader.started", destinations=names, workers=settings.upload.workers)
    sources = (Disk(settings.spool), Certificates(of_clients(settings)))
    for each in sources:
        metrics.expose(each)
    dispatcher.start()
    try:
        while not stopping.wait(POLL):
            workers.tend()
            if not dispatcher.running:
                raise ProxyError("the dispatcher has ended, which is a bug; see the log")
            if renewing.is_set():
                renewing.clear()
                if following := _following(settings, config):
                    return following
        return None
    finally:
        log.info("uploader.stopping")
        workers.end(settings.upload.drain_timeout)
        dispatcher.close()
        for each in sources:
            metrics.withdraw(each)
        health.close()
        workplace.spool.close()


def _open(spool: Spool) -> None:
    """Raises SpoolError for what hinders sending too."""
    try:
        spool.open()
    except SpoolFull as fault:  # sending is what makes room: the receiver alone has to stop
        log.warning("spool.full", reason=str(fault))
    except SpoolReadOnly as fault:  # a disk that fails is no reason to keep its instances
        log.error("spool.read_only", reason=str(fault))


def _following(settings: Settings, config: Path | None) -> Settings | None:
    """The settings as they are now, if they name other destinations and can be used."""
    found: list[Settings] = []

    def prove(new: Settings) -> None:
        _prove(new)
        found.append(new)

    reload(config, settings, prove, UPLOADS)
    if not found or found[0].upload_destinations == settings.upload_destinations:
        return None
    return applied(settings, found[0])


def _health(settings: Settings, live: dict[str, Check], ready: dict[str, Check]) -> Health:
    host, port = settings.health.host, settings.health.port
    health = Health(host, port, live=live, ready=ready, facts=sandbox.facts(settings))
    if settings.health.port:
        health.start()
    return health


def _unusable(root: Path) -> str | None:
    return None if os.access(root, os.W_OK | os.X_OK) else "cannot be written"
