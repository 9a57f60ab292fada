"""Google service accounts: real keys, a token endpoint that verifies, tokens that end; over TLS."""

import asyncio
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from shared.destination import Auth, AuthKind, Destination
from shared.dicomweb.client import open_async_client
from shared.errors import ConfigurationError, Denied, DestinationFault, Unavailable
from tests.support import answers
from tests.support.certificates import Certificates
from tests.support.instances import make
from tests.support.issuer import Handler, Issuer, private_key
from tests.support.origin_server import Exchange, OriginServer
from tests.support.origins import destination, secret
from uploader.origin import Origin


@pytest.fixture
def issuer(tls: Certificates) -> Iterator[Issuer]:
    with Issuer(tls=tls.server()) as running:
        yield running


@pytest.fixture
def server(issuer: Issuer, tls: Certificates) -> Iterator[OriginServer]:
    def gate(exchange: Exchange) -> bool:
        if issuer.accepts(exchange.headers.get("Authorization", "")):
            return False
        exchange.read_body()
        exchange.respond(401, headers={"WWW-Authenticate": "Bearer"})
        return True

    with OriginServer(tls=tls.server(), gate=gate) as running:
        yield running


def at(
    server: OriginServer, issuer: Issuer, tls: Certificates, *, timeout: float = 5.0
) -> Destination:
    key = secret(tls.folder, issuer.service_account(), "key.json")
    auth = Auth(kind=AuthKind.GOOGLE, service_account_file=key)
    return destination(server.uri, auth=auth, ca_file=tls.ca_file, timeout=timeout)


def test_a_token_is_had_once_and_used_for_every_request(
    server: OriginServer, issuer: Issuer, tls: Certificates
) -> None:
    origin = Origin(at(server, issuer, tls))

    for number in range(5):
        [outcome] = origin.store([make(tls.folder, number).path])
        assert outcome.delivered

    assert issuer.requests == 1
    assert {each.headers["authorization"] for each in server.requests} == {"Bearer token-1"}
    origin.close()


def test_a_revoked_token_is_replaced_and_the_body_sent_again(
    server: OriginServer, issuer: Issuer, tls: Certificates
) -> None:
    origin = Origin(at(server, issuer, tls))
    made = [make(tls.folder, number, size=300_000) for number in range(10)]
    origin.store([make(tls.folder, 99).path])
    issuer.revoke()

    outcomes = origin.store([each.path for each in made])

    assert all(each.delivered for each in outcomes)
    assert {server.held[each.uid].part_sha256 for each in made} == {
        each.part_sha256 for each in made
    }
    assert issuer.requests == 2
    origin.close()


def test_a_server_that_refuses_every_token_denies_us(
    server: OriginServer, issuer: Issuer, tls: Certificates
) -> None:
    origin = Origin(at(server, issuer, tls))
    server.always = answers.status(401)

    with pytest.raises(Denied):
        origin.store([make(tls.folder).path])

    assert len(server.requests) == 2
    origin.close()


def _silent(handler: Handler) -> bool:
    handler.server.issuer.stopping.wait()
    return True


def _broken(handler: Handler) -> bool:
    handler.respond(503, {"error": "temporarily_unavailable"})
    return True


def _nonsense(handler: Handler) -> bool:
    handler.respond(200, {"no": "token"})
    return True


@pytest.mark.parametrize(("answer", "fault"), [(_broken, Unavailable), (_nonsense, Denied)])
def test_an_issuer_that_fails_holds_the_destination(
    server: OriginServer,
    issuer: Issuer,
    tls: Certificates,
    answer: Callable[[Handler], bool],
    fault: type[DestinationFault],
) -> None:
    issuer.answer = answer
    origin = Origin(at(server, issuer, tls))

    with pytest.raises(fault, match="token endpoint"):
        origin.store([make(tls.folder).path])

    assert server.requests == []
    origin.close()


def test_an_issuer_that_is_silent_has_a_deadline(
    server: OriginServer, issuer: Issuer, tls: Certificates
) -> None:
    issuer.answer = _silent
    origin = Origin(at(server, issuer, tls, timeout=0.5))
    began = time.monotonic()

    with pytest.raises(Unavailable):
        origin.store([make(tls.folder).path])

    assert time.monotonic() - began < 5
    origin.close()


def test_a_key_that_the_issuer_does_not_know_is_denied(
    server: OriginServer, issuer: Issuer, tls: Certificates
) -> None:
    settings = at(server, issuer, tls)
    issuer.key = private_key()
    origin = Origin(settings)

    with pytest.raises(Denied):
        origin.store([make(tls.folder).path])

    assert issuer.refusals == ["invalid_grant"]
    origin.close()


def test_a_replaced_key_is_used_at_once(
    server: OriginServer, issuer: Issuer, tls: Certificates
) -> None:
    origin = Origin(at(server, issuer, tls))
    issuer.key = private_key()
    with pytest.raises(Denied):
        origin.store([make(tls.folder).path])

    secret(tls.folder, issuer.service_account(), "key.json")

    [outcome] = origin.store([make(tls.folder).path])
    assert outcome.delivered
    origin.close()


def test_a_key_that_vanishes_while_we_run_holds_the_destination(
    server: OriginServer, issuer: Issuer, tls: Certificates
) -> None:
    origin = Origin(at(server, issuer, tls))
    (tls.folder / "key.json").write_text("no key")

    with pytest.raises(Denied, match=r"key\.json: is no Google"):
        origin.store([make(tls.folder).path])
    origin.close()


def test_asking_for_scopes_that_are_not_ours_is_denied(
    server: OriginServer, issuer: Issuer, tls: Certificates
) -> None:
    issuer.scopes = "https://www.googleapis.com/auth/lifescience.dicomweb"
    origin = Origin(at(server, issuer, tls))

    with pytest.raises(Denied):
        origin.store([make(tls.folder).path])

    assert issuer.refusals == ["invalid_scope"]
    origin.close()


def test_the_worklist_uses_the_same_credentials(
    server: OriginServer, issuer: Issuer, tls: Certificates
) -> None:
    async def ask() -> list[int]:
        async with open_async_client(at(server, issuer, tls)) as client:
            issuer.revoke()
            found = await asyncio.gather(
                *(client.get(server.uri + "/x/instances") for _ in range(8))
            )
            issuer.revoke()
            again = await client.get(server.uri + "/x/instances")
            return [each.status_code for each in (*found, again)]

    assert asyncio.run(ask()) == [204] * 9
    assert issuer.requests == 2


NO_KEYS = {
    "text": "not a key",
    "a list": "[]",
    "a number": "1",
    "another kind": json.dumps({"type": "authorized_person"}),
    "incomplete": json.dumps({"type": "service_account", "client_email": "a@b"}),
    "a broken private key": json.dumps(
        {
            "type": "service_account",
            "client_email": "a@b",
            "token_uri": "https://localhost/token",
            "private_key": "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
        }
    ),
}


@pytest.mark.parametrize("kind", NO_KEYS)
def test_a_file_that_is_no_key_is_one_clear_line(tmp_path: Path, kind: str) -> None:
    key = secret(tmp_path, NO_KEYS[kind])
    auth = Auth(kind=AuthKind.GOOGLE, service_account_file=key)

    with pytest.raises(ConfigurationError) as error:
        Origin(destination("https://healthcare.googleapis.com/v1/studies", auth=auth))

    [line] = error.value.mistakes
    assert line.startswith(f"destinations.cloud.auth.service_account_file: {key}: is no Google")
    assert "\n" not in line


def test_a_key_file_that_is_gone_is_one_clear_line(tmp_path: Path) -> None:
    auth = Auth(kind=AuthKind.GOOGLE, service_account_file=tmp_path / "gone.json")

    with pytest.raises(ConfigurationError, match="cannot be read"):
        Origin(destination("https://healthcare.googleapis.com/v1/studies", auth=auth))


def test_no_http_library_but_ours_is_needed() -> None:
    assert httpx.__version__.startswith("0.28.")  # shared.dicomweb.transport reaches into its pool
