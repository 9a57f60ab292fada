"""`python -m standalone.dimse`: C-STORE and C-FIND on one port, as the prototype had them."""

import contextlib
import os
import sys
from collections.abc import Callable, Iterator

from receiver.storage import Storage, storage
from receiver.tallies import TALLIES as RECEIVER
from shared import audit, logs, metrics, sandbox, tracing
from shared.broker import connect
from shared.certificates import Certificates, of_clients, of_dimse
from shared.config import Settings, file_of, load
from shared.dimse.acceptor import Acceptor
from shared.dimse.admission import Admission
from shared.dimse.dealing import Seat
from shared.dimse.entity import Admit, admit_all
from shared.dimse.ports import places, probe
from shared.dimse.processes import share
from shared.dimse.run import Reload, Stopped, serve
from shared.dimse.service import Service
from shared.errors import ConfigurationError, ProxyError
from shared.file_watch import watching
from shared.health import Check, Health
from shared.index import Index
from shared.needs import NOTHING
from shared.recorder import of_process, recording
from shared.reload import newest, reload
from standalone import ready
from standalone.exits import PROGRAM
from uploader.gauges import Gauges
from worklist.find import WorklistService
from worklist.tallies import TALLIES as WORKLIST

FAILED, MISCONFIGURED = 1, 2  # exit codes

log = logs.get(__name__)


class CannotListen(ProxyError):
    """A port is taken, or is not ours to take."""


def main() -> int:
    try:
        settings = load(needs=NOTHING)
    except ConfigurationError as error:
        return _unusable(error)
    logs.configure(settings.log, "dimse")
    audit.configure(settings.audit, "dimse")
    sandbox.warn(settings)
    return _told(lambda: _share(settings))


def _told(run: Callable[[], int]) -> int:
    """Run; of a fault that was foreseen one line is told."""
    try:
        return run()
    except ConfigurationError as error:
        return _unusable(error)
    except ProxyError as error:
        sys.stderr.write(f"{PROGRAM}: {error}\n")
        return FAILED


def _unusable(error: ConfigurationError) -> int:
    sys.stderr.writelines(f"{PROGRAM}: configuration: {mistake}\n" for mistake in error.mistakes)
    return MISCONFIGURED


def _share(settings: Settings) -> int:
    receive = settings.receive
    with _listening(places(receive)):
        probe(receive)
    return share(
        receive.processes, lambda number, seat: _told(lambda: _run(_again(settings), number, seat))
    )


def _again(settings: Settings) -> Settings:
    """One of several processes may be started again after others were told of new settings."""
    return newest(None, settings) if settings.receive.processes > 1 else settings


def _run(settings: Settings, number: int, seat: Seat | None) -> int:
    """One process of those that share the port."""
    with contextlib.ExitStack() as stack:
        stack.enter_context(tracing.tracing(settings.tracing, "receiver"))
        services: list[Service] = []
        checks: dict[str, Check] = {}
        facts: dict[str, Check] = {}
        admit: Admit = admit_all
        receiving: Storage | None = None
        if settings.upload_destinations:
            receiving = stack.enter_context(storage(settings))
            services.append(receiving.service)
            checks["spool"] = receiving.check
            facts["uploads"] = receiving.unsent
            if number == 0:
                stack.enter_context(metrics.exposed(*_of_destinations(settings)))
            admit = receiving.admit
        worklist = _worklist(settings)
        if any(each.worklist_uri for each in settings.destinations):
            services.append(worklist)
            # Who asks for the worklist needs no room on the disk, so nobody is turned away at the
            # soft watermark; at the hard one a C-STORE is answered 0xA700 by itself.
            admit = admit_all
        if receiving:  # else there is no Redis either
            counted = of_process(number, RECEIVER, WORKLIST)
            stack.enter_context(recording(lambda: connect(settings.redis), counted))
        certificates = Certificates({**of_dimse(settings), **of_clients(settings)})
        stack.enter_context(metrics.exposed(certificates, worklist))
        receive = settings.receive
        acceptor = Acceptor(services, receive, host=receive.host, port=receive.port, admit=admit)
        acceptor.seat = seat
        checks["listening"] = acceptor.check
        if number == 0 and settings.health.port:
            stack.enter_context(_health(settings, checks, facts))
        acceptor.admission = Admission(settings.admission, settings.peers)
        stack.enter_context(watching(file_of(), settings.reload.watch))
        with _listening(places(receive)):
            serve(acceptor, _started, _closing(worklist), _reloading(settings, receiving, worklist))
    return 0


def _worklist(settings: Settings) -> WorklistService:
    """Without any worklist where one's secret cannot be used: C-STORE goes on, and a reload mends
    it. Raises ConfigurationError where there is no C-STORE.
    """
    try:
        return WorklistService(settings)
    except ConfigurationError as error:
        if not settings.upload_destinations:
            raise
        uploads = [each.model_copy(update={"worklist_uri": None}) for each in settings.destinations]
        without = WorklistService(settings.model_copy(update={"destinations": tuple(uploads)}))
        log.error("worklist.off", reason=str(error))
        return without


def _of_destinations(settings: Settings) -> list[Gauges]:
    """The uploader of a process tree has no port; whoever has tells what it told Redis."""
    names = [each.name for each in settings.upload_destinations]
    root = settings.spool.path.absolute()
    try:
        index = Index(connect(settings.redis))
    except ConfigurationError:  # its password: the uploader says so
        return []
    return [Gauges(index, root, names, lambda: True)]


@contextlib.contextmanager
def _health(
    settings: Settings, checks: dict[str, Check], facts: dict[str, Check]
) -> Iterator[None]:
    host, port = settings.health.host, settings.health.port
    health = Health(host, port, ready=checks, facts={**facts, **sandbox.facts(settings)})
    with _listening(f"{host}:{port}"):
        health.start()
    try:
        yield
    finally:
        health.close()


@contextlib.contextmanager
def _listening(place: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise CannotListen(f"cannot listen on {place}: {reason}") from None


def _started(acceptor: Acceptor) -> None:
    ready.announce(str(acceptor.port))


def _reloading(settings: Settings, receiving: Storage | None, worklist: WorklistService) -> Reload:
    def apply(new: Settings, acceptor: Acceptor) -> None:
        worklist.renew(new)  # first: it may refuse
        if receiving:
            receiving.apply(new)
        acceptor.admission = Admission(new.admission, new.peers)

    return lambda acceptor: reload(None, settings, lambda new: apply(new, acceptor))


def _closing(worklist: WorklistService) -> Stopped:
    async def close() -> None:
        await worklist.close()

    return close


if __name__ == "__main__":
    sys.exit(main())
