"""All that C-STORE needs, put together from the settings and taken apart again."""

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass

from receiver.notify import Notifier
from receiver.routing import Router
from receiver.store import StorageService
from shared import logs, metrics
from shared.config import Settings
from shared.config_rules import unusable_files
from shared.dimse.admission import Admission
from shared.dimse.rejection import TEMPORARY_CONGESTION, Rejection
from shared.dimse.service import Peer
from shared.disk import Disk
from shared.errors import SpoolFull
from shared.needs import UPLOADS
from shared.reserves import space
from shared.route_overlap import warnings, warnings_of_peers
from shared.routing import Routes
from shared.spool import Pressure, Spool
from shared.spool_sections import SpoolSettings
from shared.uri_template import has_variables
from shared.watermark import WHY

NOTIFY_TIMEOUT = 2.0  # seconds to tell the index the last of what was kept

FULL = {
    each: TEMPORARY_CONGESTION.because(f"the spool is full: {WHY[each]}")
    for each in (Pressure.SOFT, Pressure.HARD)
}

log = logs.get(__name__)


@dataclass(slots=True)
class Storage:
    service: StorageService
    spool: Spool
    settings: Settings

    def admit(self, peer: Peer) -> Rejection | None:
        """Above the soft watermark a modality keeps its images, and may try another receiver."""
        del peer
        return FULL.get(self.spool.pressure())

    def apply(self, settings: Settings) -> None:
        """Instances go by these routes from now on; one under way may still go by the old."""
        self.settings = settings
        self.service.router = router(settings)
        self.service.admission = Admission(settings.admission, settings.peers)

    def check(self) -> str | None:
        """For /readyz: may instances be sent here?"""
        if not os.access(self.spool.root, os.W_OK | os.X_OK):
            return "cannot be written"
        return WHY[self.spool.pressure()] or None

    def unsent(self) -> str | None:
        """For /readyz: why what is received here may wait, as far as files can tell."""
        return "; ".join(unusable_files(self.settings, UPLOADS)) or None


def router(settings: Settings) -> Router:
    doubts = (
        *warnings(settings.routes, settings.routing),
        *warnings_of_peers(settings.peers),
    )
    for each in doubts:
        log.warning("routes.doubtful", reason=each)
    uploads = [each.name for each in settings.upload_destinations]
    routes = Routes(settings.routes, settings.routing, uploads)
    curious = [
        each.name for each in settings.upload_destinations if has_variables(each.upload_uri or "")
    ]
    return Router(routes, leads_anywhere=bool(uploads), curious=curious)


def _tell_of(settings: SpoolSettings) -> None:
    """What is left free is decided by the volume where the settings do not say."""
    with contextlib.suppress(OSError):  # /readyz says so
        found = space(settings)
        soft, hard = found.reserves
        log.info(
            "spool.opened",
            size=found.size,
            free=found.free,
            soft_reserve=soft,
            hard_reserve=hard,
        )


@contextlib.contextmanager
def storage(settings: Settings) -> Iterator[Storage]:
    """Raises ConfigurationError, SpoolError."""
    spool = Spool(settings.spool)
    notifier = Notifier(settings.redis)
    try:
        if left := spool.open():
            log.info("spool.recovered", partial_files=left)
    except SpoolFull as fault:  # until there is room again every C-STORE is answered 0xA700
        log.warning("spool.full", reason=str(fault))
    _tell_of(settings.spool)
    spool.pressure()  # tells of it where there is too little space
    service = StorageService(
        spool,
        router(settings),
        notifier.announce,
        validation=settings.receive.validation,
        sync=settings.spool.sync,
    )
    service.admission = Admission(settings.admission, settings.peers)
    notifier.start()
    try:
        with metrics.exposed(Disk(settings.spool)):
            yield Storage(service, spool, settings)
    finally:
        service.close()
        notifier.close(NOTIFY_TIMEOUT)
        spool.close()
