"""At the level debug too, no library tells a key, a token or a password."""

import io
import logging
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from shared import logs
from shared.destination import Auth, AuthKind
from shared.sections import LogSettings
from tests.support.aws import at, forget_this_machine
from tests.support.aws_roles import TokenService
from tests.support.certificates import Certificates
from tests.support.http2_server import Http2Server
from tests.support.instances import make
from tests.support.logins import KINDS, login
from tests.support.origin_server import OriginServer
from tests.support.origins import destination, secret
from tests.support.sigv4 import Verifier
from uploader.origin import Origin


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """Of everything, as a service with log.level = "debug" writes it."""
    stream = io.StringIO()
    root, shown = logging.getLogger(), warnings.showwarning
    handlers, level = root.handlers[:], root.level
    logs.configure(LogSettings(level="debug"), "test", stream)
    yield stream
    root.handlers[:], warnings.showwarning = handlers, shown
    root.setLevel(level)
    structlog.reset_defaults()


def send(target: Origin, folder: Path) -> None:
    logging.getLogger("of.this.test").debug("it is heard")
    assert target.store([make(folder).path])[0].delivered
    target.close()


@pytest.mark.parametrize("kind", KINDS)
def test_of_a_login(kind: str, tls: Certificates, log: io.StringIO) -> None:
    with login(kind, tls) as mine, OriginServer(tls=tls.server(), gate=mine.gate) as server:
        send(Origin(destination(server.uri, auth=mine.auth, ca_file=tls.ca_file)), tls.folder)
        [shown] = {each.headers["authorization"] for each in server.requests}

    said = log.getvalue()
    assert "it is heard" in said
    assert shown.partition(" ")[2] not in said
    assert "secret-0" not in said
    assert not mine.issuer or mine.issuer.client_secret not in said


def test_of_aws_and_its_token_service(
    tls: Certificates, log: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    forget_this_machine(monkeypatch, tls.folder)
    token = secret(tls.folder, "token-of-the-pod", "token")
    with TokenService(identity=token.read_text()) as service:
        verifier = Verifier(service.accounts)
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", service.uri)
        monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", str(token))
        monkeypatch.setenv("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/proxy")
        with OriginServer(tls=tls.server(), gate=verifier) as server:
            send(Origin(at(server, tls, credentials_file=None)), tls.folder)

    said = log.getvalue()
    [(key, account)] = service.accounts.items()
    assert "it is heard" in said
    assert [
        each for each in (key, account.secret, account.token, "of-the-pod") if each in said
    ] == []


def test_of_headers_over_http_2(tls: Certificates, log: io.StringIO) -> None:
    token = secret(tls.folder, "token-of-a-side-car")
    auth = Auth(kind=AuthKind.BEARER_FILE, token_file=token)
    with Http2Server(tls.server()) as server:
        target = destination(server.uri, auth=auth, ca_file=tls.ca_file, http2=True)
        send(Origin(target), tls.folder)

    said = log.getvalue()
    assert "it is heard" in said
    assert "token-of-a-side-car" not in said
