"""The worklist service: Modality Worklist C-FIND on worklist.port, until SIGTERM or SIGINT."""

import os
import sys

from shared import audit, logs, metrics, sandbox, secret_files
from shared.certificates import Certificates, of_clients, of_dimse
from shared.config import Settings, file_of, load
from shared.dimse.acceptor import Acceptor
from shared.dimse.admission import Admission
from shared.dimse.run import Reload, Stopped, serve
from shared.errors import ConfigurationError
from shared.file_watch import watching
from shared.health import Health
from shared.needs import WORKLISTS
from shared.reload import reload
from shared.sections import HealthSettings
from shared.worklist_sections import WorklistSettings
from worklist.find import WorklistService

FAILED, MISCONFIGURED = 1, 2  # exit codes

log = logs.get(__name__)


def main() -> int:
    try:
        settings = load(needs=WORKLISTS)
        service = WorklistService(settings)
    except ConfigurationError as error:
        sys.stderr.writelines(f"{mistake}\n" for mistake in error.mistakes)
        return MISCONFIGURED
    logs.configure(settings.log, "worklist")
    audit.configure(settings.audit, "worklist")
    sandbox.warn(settings)
    secret_files.warn(settings, WORKLISTS.of)
    return _run(settings, [service] if service.site.places else [])


def _run(settings: Settings, services: list[WorklistService]) -> int:
    if not services:
        log.warning("worklist.off", reason="no destination has a worklist URI")
    acceptors: list[Acceptor] = []
    health = Health(
        settings.health.host,
        settings.health.port,
        ready={"listening": lambda: _deaf(acceptors)},
        facts=sandbox.facts(settings),
    )
    if settings.health.port:
        try:
            health.start()
        except OSError as error:
            return _cannot_listen(settings.health, error)
    host, port = settings.worklist.host, settings.worklist.port
    try:
        acceptor = Acceptor(services, settings.receive, host=host, port=port)
        acceptor.admission = Admission(settings.admission, settings.peers)
        acceptors.append(acceptor)
        certificates = Certificates({**of_dimse(settings), **of_clients(settings)})
        with (
            metrics.exposed(certificates, *services),
            watching(file_of(), settings.reload.watch),
        ):
            serve(acceptor, None, _closing(services), _reloading(settings, services))
    except ConfigurationError as error:  # a TLS file that is none
        sys.stderr.writelines(f"{mistake}\n" for mistake in error.mistakes)
        return MISCONFIGURED
    except OSError as error:
        return _cannot_listen(settings.worklist, error)
    finally:
        health.close()
    for service in services:
        log.info("worklist.stopped", **service.counts)
    return 0


def _deaf(acceptors: list[Acceptor]) -> str | None:
    """A health check."""
    return acceptors[0].check() if acceptors else "does not listen yet"


def _reloading(settings: Settings, services: list[WorklistService]) -> Reload:
    def apply(new: Settings, acceptor: Acceptor) -> None:
        for service in services:
            service.renew(new)
        acceptor.admission = Admission(new.admission, new.peers)

    return lambda acceptor: reload(None, settings, lambda new: apply(new, acceptor), WORKLISTS)


def _closing(services: list[WorklistService]) -> Stopped:
    async def close() -> None:
        for service in services:
            await service.close()

    return close


def _cannot_listen(on: WorklistSettings | HealthSettings, error: OSError) -> int:
    reason = os.strerror(error.errno or 0)
    sys.stderr.write(f"worklist: cannot listen on {on.host}:{on.port}: {reason}\n")
    return FAILED
