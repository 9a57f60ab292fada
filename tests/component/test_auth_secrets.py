"""Passwords and bearer tokens in files, which change while we run."""

import base64
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.destination import Auth, AuthKind
from shared.errors import ConfigurationError, Denied
from tests.support.instances import make
from tests.support.origin_server import Exchange, OriginServer
from tests.support.origins import destination, secret
from uploader.origin import Origin


class Gate:
    """Lets in one Authorization header."""

    header = ""

    def __call__(self, exchange: Exchange) -> bool:
        if exchange.headers.get("Authorization", "") == self.header:
            return False
        exchange.read_body()
        exchange.respond(401)
        return True


@pytest.fixture
def gate() -> Gate:
    return Gate()


@pytest.fixture
def server(gate: Gate) -> Iterator[OriginServer]:
    with OriginServer(gate=gate) as running:
        yield running


def delivered(origin: Origin, folder: Path, number: int = 1) -> bool:
    [outcome] = origin.store([make(folder, number).path])
    return outcome.delivered


@pytest.mark.parametrize("ending", ["", "\n", "\r\n"])
def test_a_password_is_the_line_in_its_file(
    server: OriginServer, gate: Gate, tmp_path: Path, ending: str
) -> None:
    gate.header = "Basic " + base64.b64encode("prüfer:pä:ss wörd ".encode()).decode()
    file = secret(tmp_path, "pä:ss wörd " + ending)
    auth = Auth(kind=AuthKind.BASIC, username="prüfer", password_file=file)
    origin = Origin(destination(server.uri, auth=auth))

    assert delivered(origin, tmp_path)
    origin.close()


def test_a_bearer_token_is_read_again_when_its_file_changes(
    server: OriginServer, gate: Gate, tmp_path: Path
) -> None:
    file = secret(tmp_path, "first\n")
    auth = Auth(kind=AuthKind.BEARER_FILE, token_file=file)
    origin = Origin(destination(server.uri, auth=auth))
    gate.header = "Bearer first"
    assert delivered(origin, tmp_path)

    gate.header = "Bearer second"
    secret(tmp_path, "second\n", "new").rename(file)

    assert delivered(origin, tmp_path, 2)
    assert len(server.requests) == 2
    origin.close()


def test_a_secret_that_stays_wrong_is_tried_once_and_denied(
    server: OriginServer, gate: Gate, tmp_path: Path
) -> None:
    gate.header = "Bearer another"
    auth = Auth(kind=AuthKind.BEARER_FILE, token_file=secret(tmp_path, "wrong"))
    origin = Origin(destination(server.uri, auth=auth))

    with pytest.raises(Denied):
        delivered(origin, tmp_path)

    assert len(server.requests) == 1
    origin.close()


@pytest.mark.parametrize("content", [None, "", "two\nlines"])
def test_a_secret_that_vanishes_while_we_run_holds_the_destination(
    server: OriginServer, gate: Gate, tmp_path: Path, content: str | None
) -> None:
    file = secret(tmp_path, "secret")
    origin = Origin(destination(server.uri, auth=Auth(kind=AuthKind.BEARER_FILE, token_file=file)))
    gate.header = "Bearer secret"
    file.unlink()
    if content is not None:
        file.write_text(content)

    with pytest.raises(Denied, match=str(file)):
        delivered(origin, tmp_path)

    file.write_text("secret")
    assert delivered(origin, tmp_path)
    origin.close()


@pytest.mark.parametrize("content", ["", "\n", "two\nlines", "nul\0", "with space", "tökén"])
def test_a_file_without_a_bearer_token_is_a_mistake_in_the_configuration(
    tmp_path: Path, content: str
) -> None:
    file = secret(tmp_path, content)
    auth = Auth(kind=AuthKind.BEARER_FILE, token_file=file)

    with pytest.raises(ConfigurationError) as error:
        Origin(destination("https://archive.example/studies", auth=auth))

    [line] = error.value.mistakes
    assert line.startswith(f"destinations.cloud.auth.token_file: {file}: holds no")
    assert not content.strip() or content not in line


def test_no_authentication_sends_none(server: OriginServer, gate: Gate, tmp_path: Path) -> None:
    gate.header = ""
    origin = Origin(destination(server.uri))

    assert delivered(origin, tmp_path)
    assert "authorization" not in server.requests[0].headers
    origin.close()
