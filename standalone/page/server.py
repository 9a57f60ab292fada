"""Serves the page until SIGTERM or SIGINT."""

import contextlib
import os
import sys
from collections.abc import Iterator, Sequence
from ipaddress import ip_address
from pathlib import Path
from socket import socket

from shared import audit, logs, sandbox
from shared.broker import connect
from shared.config import Settings, file_of
from shared.errors import ProxyError
from shared.file_watch import watching
from shared.health import Health
from shared.keys import RECENT
from shared.page_sections import PageSettings
from shared.recorder import recording
from standalone import ready
from standalone.page.app import application
from standalone.page.current import Current
from standalone.page.worklists import Worklists
from standalone.web_server import CannotStart, WebServer, base_uri, listening_on

log = logs.get(__name__)


def serve(
    settings: Settings, page: PageSettings, config: Path | None = None, *, say_where: bool = False
) -> None:
    """`page`: the settings of the page, with what the command line says; `config`: the file that
    was read; `say_where`: on standard output. Raises ProxyError.
    """
    logs.configure(settings.log, "page")
    audit.configure(settings.audit, "page")
    current = Current(settings, config)
    app = application(current)
    with (
        _listening(page) as listening,
        _health(settings, page),
        _asking(settings, page),
        watching(file_of(config), settings.reload.watch),
    ):
        certificate = page.tls_certificate_file
        try:
            server = WebServer(app, listening, certificate=certificate, key=page.tls_key_file)
        except OSError as error:  # ssl.SSLError too
            files = f"{certificate}, {page.tls_key_file or 'no key'}"
            why = error.strerror or error
            raise ProxyError(f"page.tls_certificate_file: {files}: {why}") from None
        address = base_uri(listening, secure=certificate is not None)
        log.info("page.started", address=address, login=page.has_login)
        if page.password_file and not certificate and _is_exposed(page):
            log.warning("page.in_the_clear", note="passwords travel without TLS: see page.tls_*")
        if say_where and not ready.expected():
            sys.stdout.write(f"status page at {address}\n")
            sys.stdout.flush()
        current.renew_on_signal()
        server.serve_until_signalled(address)


@contextlib.contextmanager
def _listening(page: PageSettings) -> Iterator[Sequence[socket]]:
    with contextlib.ExitStack() as closing:
        try:
            listening = closing.enter_context(listening_on(page.host, page.port))
        except CannotStart as error:
            raise ProxyError(str(error)) from None
        yield listening


@contextlib.contextmanager
def _health(settings: Settings, page: PageSettings) -> Iterator[None]:
    if not page.health_port:
        yield
        return
    health = Health(settings.health.host, page.health_port, facts=sandbox.facts(settings))
    try:
        health.start()
    except OSError as error:
        reason = os.strerror(error.errno or 0)
        raise ProxyError(f"cannot listen on port {page.health_port} (health): {reason}") from None
    try:
        yield
    finally:
        health.close()


@contextlib.contextmanager
def _asking(settings: Settings, page: PageSettings) -> Iterator[None]:
    """Worklist services for what they answered, for the last hour."""
    if not page.worklists:
        yield
        return
    with recording(lambda: connect(settings.redis), {RECENT: Worklists(page.worklists).totals}):
        yield


def _is_exposed(page: PageSettings) -> bool:
    """Reached by others than this machine, and no reverse proxy in between speaks TLS for us."""
    try:
        loopback = ip_address(page.host).is_loopback
    except ValueError:
        loopback = page.host == "localhost"
    return not loopback and not page.trusted_proxies
