"""`python -m receiver`: C-STORE on receive.port, until SIGTERM or SIGINT."""

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path

from receiver.storage import Storage, storage
from receiver.tallies import TALLIES
from shared import audit, logs, metrics, sandbox, tracing
from shared.broker import connect
from shared.certificates import Certificates, of_dimse
from shared.config import Settings, file_of, load
from shared.dimse.acceptor import Acceptor
from shared.dimse.dealing import Seat
from shared.dimse.ports import places, probe
from shared.dimse.processes import share
from shared.dimse.run import serve
from shared.errors import ConfigurationError, ProxyError
from shared.file_watch import watching
from shared.health import Health
from shared.needs import NOTHING
from shared.recorder import of_process, recording
from shared.reload import newest, reload

FAILED, MISCONFIGURED = 1, 2  # exit codes

log = logs.get(__name__)


def main() -> int:
    parser = argparse.ArgumentParser(prog="receiver", description=__doc__)
    parser.add_argument("--config", type=Path, help="configuration file (TOML)")
    config = parser.parse_args().config
    try:
        settings = load(config, NOTHING)
    except ConfigurationError as error:
        sys.stderr.writelines(f"{mistake}\n" for mistake in error.mistakes)
        return MISCONFIGURED
    logs.configure(settings.log, "receiver")
    audit.configure(settings.audit, "receiver")
    sandbox.warn(settings)
    if not settings.upload_destinations:
        log.warning("storage.off", reason="no destination has an upload URI")
    return _told(settings, lambda: _share(settings, config))


def _share(settings: Settings, config: Path | None) -> int:
    probe(settings.receive)
    return share(
        settings.receive.processes,
        lambda number, seat: _told(
            settings, lambda: _run(_again(settings, config), config, number, seat)
        ),
    )


def _again(settings: Settings, config: Path | None) -> Settings:
    """One of several processes may be started again after others were told of new settings."""
    return newest(config, settings) if settings.receive.processes > 1 else settings


def _told(settings: Settings, run: Callable[[], int]) -> int:
    """Run; of a fault that was foreseen one line is told."""
    try:
        return run()
    except ConfigurationError as error:
        sys.stderr.writelines(f"{mistake}\n" for mistake in error.mistakes)
        return MISCONFIGURED
    except ProxyError as error:
        sys.stderr.write(f"receiver: {error}\n")
    except OSError as error:
        reason = os.strerror(error.errno or 0)
        sys.stderr.write(f"receiver: cannot listen on {places(settings.receive)}: {reason}\n")
    return FAILED


def _run(settings: Settings, config: Path | None, number: int, seat: Seat | None) -> int:
    """One process of those that share the port."""
    certificates = Certificates(of_dimse(settings))
    with (
        tracing.tracing(settings.tracing, "receiver"),
        storage(settings) as receiving,
        recording(lambda: connect(settings.redis), of_process(number, TALLIES)),
        metrics.exposed(certificates),
        watching(file_of(config), settings.reload.watch),
    ):
        acceptor = _acceptor(settings, receiving, seat)
        health = Health(
            settings.health.host,
            settings.health.port,
            ready={"spool": receiving.check, "listening": acceptor.check},
            facts={"uploads": receiving.unsent, **sandbox.facts(settings)},
        )
        try:
            if number == 0 and settings.health.port:
                _start(health, settings)
            serve(
                acceptor,
                _started,
                on_reload=lambda acceptor: _reload(acceptor, receiving, config, settings),
            )
        finally:
            health.close()
    return 0


def _acceptor(settings: Settings, receiving: Storage, seat: Seat | None) -> Acceptor:
    acceptor = Acceptor(
        [receiving.service],
        settings.receive,
        host=settings.receive.host,
        port=settings.receive.port,
        admit=receiving.admit,
    )
    acceptor.seat = seat
    acceptor.admission = receiving.service.admission
    return acceptor


def _reload(
    acceptor: Acceptor, receiving: Storage, config: Path | None, settings: Settings
) -> None:
    def apply(new: Settings) -> None:
        receiving.apply(new)
        acceptor.admission = receiving.service.admission

    reload(config, settings, apply)


def _start(health: Health, settings: Settings) -> None:
    try:
        health.start()
    except OSError as error:
        place = f"{settings.health.host}:{settings.health.port}"
        reason = os.strerror(error.errno or 0)
        raise ProxyError(f"cannot listen on {place} (health): {reason}") from None


def _started(acceptor: Acceptor) -> None:
    log.info("receiver.started", port=acceptor.plain_port, tls_port=acceptor.secure_port)
