"""`python -m standalone.dimse`: C-STORE and C-FIND on one port, as the prototype had them."""

import contextlib
import os
import sys
from collections.abc import Iterator

from receiver.notify import Notifier
from receiver.routing import Router
from receiver.store import StorageService
from shared import logs, sandbox
from shared.config import Settings, load
from shared.dimse.acceptor import Acceptor
from shared.dimse.run import Stopped, serve
from shared.dimse.service import Service
from shared.errors import ConfigurationError, ProxyError
from shared.health import Check, Health
from shared.spool import Pressure, Spool
from standalone import ready
from worklist.find import WorklistService

FAILED, MISCONFIGURED = 1, 2  # exit codes
NOTIFY_TIMEOUT = 2.0  # seconds to tell the index the last of what was kept

log = logs.get(__name__)


def main() -> int:
    try:
        settings = load()
        logs.configure(settings.log, "dimse")
        sandbox.warn(settings)
        with contextlib.ExitStack() as stack:
            services, checks = _services(settings, stack)
            worklist = _worklist(settings)
            _serve(settings, [*services, *worklist], checks, worklist)
    except ConfigurationError as error:
        sys.stderr.writelines(f"configuration: {mistake}\n" for mistake in error.mistakes)
        return MISCONFIGURED
    except ProxyError as error:
        sys.stderr.write(f"{error}\n")
        return FAILED
    except OSError as error:
        reason = os.strerror(error.errno or 0)
        place = f"{settings.receive.host}:{settings.receive.port}"
        sys.stderr.write(f"cannot listen on {place}: {reason}\n")
        return FAILED
    return 0


def _services(
    settings: Settings, stack: contextlib.ExitStack
) -> tuple[list[Service], dict[str, Check]]:
    services: list[Service] = []
    checks: dict[str, Check] = {}
    if settings.upload_destinations:
        spool = stack.enter_context(_opened(Spool(settings.spool)))
        services.append(stack.enter_context(_storage(settings, spool)))
        checks["spool"] = lambda: "is full" if spool.pressure() is not Pressure.NONE else None
    return services, checks


def _worklist(settings: Settings) -> list[WorklistService]:
    wanted = any(each.worklist_uri for each in settings.destinations)
    return [WorklistService(settings)] if wanted else []


def _serve(
    settings: Settings,
    services: list[Service],
    checks: dict[str, Check],
    worklist: list[WorklistService],
) -> None:
    host, port = settings.receive.host, settings.receive.port
    facts = sandbox.facts(settings)
    health = Health(settings.health.host, settings.health.port, ready=checks, facts=facts)
    if settings.health.port:
        health.start()
    try:
        # Above the hard watermark nobody is turned away here: who asks for the worklist needs no
        # room on the disk, and a C-STORE is answered 0xA700 by itself.
        acceptor = Acceptor(services, settings.receive, host=host, port=port)
        serve(acceptor, _started, _closing(worklist))
    finally:
        health.close()


def _started(acceptor: Acceptor) -> None:
    log.info("dimse.started", port=acceptor.port)
    ready.announce(str(acceptor.port))


def _closing(worklist: list[WorklistService]) -> Stopped:
    async def close() -> None:
        for each in worklist:
            await each.close()

    return close


@contextlib.contextmanager
def _opened(spool: Spool) -> Iterator[Spool]:
    left = spool.open()
    if left:
        log.info("spool.recovered", partial_files=left)
    try:
        yield spool
    finally:
        spool.close()


@contextlib.contextmanager
def _storage(settings: Settings, spool: Spool) -> Iterator[StorageService]:
    notifier = Notifier(settings.redis)
    names = [each.name for each in settings.upload_destinations]
    service = StorageService(
        spool,
        Router(settings.routes, names),
        notifier.announce,
        validation=settings.receive.validation,
        sync=settings.spool.sync,
    )
    notifier.start()
    try:
        yield service
    finally:
        service.close()
        notifier.close(NOTIFY_TIMEOUT)


if __name__ == "__main__":
    sys.exit(main())
