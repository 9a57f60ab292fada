"""OAuth 2 client credentials by secret and by private key, over TLS on loopback."""

import base64
import hashlib
import math
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from pydantic import ValidationError

from shared.destination import Auth, Destination
from shared.errors import ConfigurationError, Denied, Misconfigured, Unavailable
from tests.support.certificates import Certificates
from tests.support.instances import make
from tests.support.issuer import Handler, Issuer, pem, private_key
from tests.support.origin_server import Exchange, OriginServer
from tests.support.origins import destination, secret
from uploader.origin import Origin


@pytest.fixture
def issuer(tls: Certificates) -> Iterator[Issuer]:
    with Issuer(tls=tls.server(), client="proxy:1", scopes=None) as running:
        yield running


@pytest.fixture
def server(issuer: Issuer, tls: Certificates) -> Iterator[OriginServer]:
    def gate(exchange: Exchange) -> bool:
        if issuer.accepts(exchange.headers.get("Authorization", "")):
            return False
        exchange.read_body()
        exchange.respond(401)
        return True

    with OriginServer(tls=tls.server(), gate=gate) as running:
        yield running


def at(server: OriginServer, tls: Certificates, auth: Auth) -> Destination:
    return destination(server.uri, auth=auth, ca_file=tls.ca_file)


def by_secret(issuer: Issuer, folder: Path, **settings: object) -> Auth:
    file = secret(folder, issuer.client_secret + "\n", "client_secret")
    return Auth.model_validate(
        {
            "kind": "oauth2",
            "token_uri": issuer.uri,
            "client_id": issuer.client,
            "client_secret_file": file,
            **settings,
        }
    )


def by_key(issuer: Issuer, folder: Path, **settings: object) -> Auth:
    file = secret(folder, pem(issuer.key), "client_key.pem")
    return Auth.model_validate(
        {
            "kind": "oauth2",
            "token_uri": issuer.uri,
            "client_id": issuer.client,
            "private_key_file": file,
            **settings,
        }
    )


def send(settings: Destination, folder: Path, number: int = 1) -> bool:
    origin = Origin(settings)
    try:
        [outcome] = origin.store([make(folder, number).path])
        return outcome.delivered
    finally:
        origin.close()


@pytest.mark.parametrize("place", ["body", "header"])
def test_a_client_is_known_by_its_secret(
    server: OriginServer, issuer: Issuer, tls: Certificates, place: str
) -> None:
    issuer.client_secret = "ünd + % : &"
    auth = by_secret(issuer, tls.folder, client_secret_in=place)

    assert send(at(server, tls, auth), tls.folder)
    assert ("client_secret" in issuer.forms[0]) is (place == "body")


def test_scopes_and_audience_are_asked_for_only_if_they_are_set(
    server: OriginServer, issuer: Issuer, tls: Certificates
) -> None:
    send(at(server, tls, by_secret(issuer, tls.folder)), tls.folder)
    issuer.scopes = "https://dicom.healthcareapis.azure.com/.default"
    auth = by_secret(issuer, tls.folder, scopes=[issuer.scopes], audience="archive")
    send(at(server, tls, auth), tls.folder)

    bare, full = issuer.forms
    assert not {"scope", "audience"} & bare.keys()
    assert (full["scope"], full["audience"]) == (issuer.scopes, "archive")


@pytest.mark.parametrize("kind", ["RS256", "ES256"])
def test_a_client_is_known_by_its_private_key(
    server: OriginServer, issuer: Issuer, tls: Certificates, kind: str
) -> None:
    if kind == "ES256":
        issuer.key = ec.generate_private_key(ec.SECP256R1())
    auth = by_key(issuer, tls.folder, private_key_id="key-1")

    assert send(at(server, tls, auth), tls.folder)
    assert issuer.headers == [{"typ": "JWT", "alg": kind, "kid": "key-1"}]
    assert "client_secret" not in issuer.forms[0]


def test_a_certificate_is_named_by_its_thumbprint(
    server: OriginServer, issuer: Issuer, tls: Certificates
) -> None:
    certificate = tls.ca_file
    auth = by_key(issuer, tls.folder, private_key_certificate_file=certificate)

    assert send(at(server, tls, auth), tls.folder)
    der = ssl.PEM_cert_to_DER_cert(certificate.read_text())
    expected = base64.urlsafe_b64encode(hashlib.sha1(der).digest()).decode().rstrip("=")
    assert issuer.headers[0]["x5t"] == expected


def test_each_token_has_an_assertion_of_its_own(
    server: OriginServer, issuer: Issuer, tls: Certificates
) -> None:
    origin = Origin(at(server, tls, by_key(issuer, tls.folder)))
    for number in range(3):
        issuer.revoke()
        [outcome] = origin.store([make(tls.folder, number).path])
        assert outcome.delivered
    origin.close()

    assert issuer.requests == 3


def test_a_rotated_secret_is_used_at_once(
    server: OriginServer, issuer: Issuer, tls: Certificates
) -> None:
    origin = Origin(at(server, tls, by_secret(issuer, tls.folder)))
    issuer.client_secret = "rotated"
    with pytest.raises(Denied, match=r"refuses our credentials \(invalid_client, 400\)"):
        origin.store([make(tls.folder).path])

    secret(tls.folder, "rotated", "client_secret")

    [outcome] = origin.store([make(tls.folder).path])
    assert outcome.delivered
    origin.close()


def test_a_client_is_known_by_a_token_of_its_cluster(
    server: OriginServer, issuer: Issuer, tls: Certificates
) -> None:
    file = secret(tls.folder, issuer.subject_token + "\n", "token")
    auth = by_secret(issuer, tls.folder, client_secret_file=None, client_assertion_file=file)
    origin = Origin(at(server, tls, auth))
    [first] = origin.store([make(tls.folder, 1).path])
    issuer.subject_token = "the next one"
    issuer.revoke()
    secret(tls.folder, issuer.subject_token, "token")

    [second] = origin.store([make(tls.folder, 2).path])

    assert (first.delivered, second.delivered) == (True, True)
    assert "client_secret" not in issuer.forms[0]
    origin.close()


@pytest.mark.parametrize(
    ("status", "content", "fault"),
    [
        (503, {}, Unavailable),
        (429, {}, Unavailable),
        (401, {"error": "invalid_client"}, Denied),
        (400, {"error": "patient DOE"}, Denied),
        (404, {}, Misconfigured),
        (200, {}, Misconfigured),
        (200, [], Misconfigured),
        (200, {"access_token": 7}, Misconfigured),
    ],
)
def test_an_issuer_that_gives_no_token_holds_the_destination(
    server: OriginServer,
    issuer: Issuer,
    tls: Certificates,
    status: int,
    content: object,
    fault: type[Exception],
) -> None:
    def answer(handler: Handler) -> bool:
        handler.respond(status, content)
        return True

    issuer.answer = answer

    with pytest.raises(fault, match="token endpoint") as raised:
        send(at(server, tls, by_secret(issuer, tls.folder)), tls.folder)

    assert "DOE" not in str(raised.value)
    assert server.requests == []


def test_a_life_without_end_is_as_good_as_none(
    server: OriginServer, issuer: Issuer, tls: Certificates
) -> None:
    def answer(handler: Handler) -> bool:
        issuer.issued["token"] = math.inf
        handler.respond(200, {"access_token": "token", "expires_in": 10**400})
        return True

    issuer.answer = answer

    assert send(at(server, tls, by_secret(issuer, tls.folder)), tls.folder)
    assert len(server.held) == 1


def test_an_issuer_that_is_not_there_is_named_as_such(
    server: OriginServer, issuer: Issuer, tls: Certificates
) -> None:
    auth = by_secret(issuer, tls.folder)
    issuer.__exit__()

    with pytest.raises(Unavailable, match="its token endpoint refuses connections"):
        send(at(server, tls, auth), tls.folder)


@pytest.mark.parametrize("content", ["", "no key", pem(private_key())[:300]])
def test_a_file_that_is_no_key_is_a_mistake_in_the_configuration(
    server: OriginServer, issuer: Issuer, tls: Certificates, content: str
) -> None:
    auth = by_key(issuer, tls.folder)
    secret(tls.folder, content, "client_key.pem")

    with pytest.raises(ConfigurationError) as error:
        Origin(at(server, tls, auth))

    [line] = error.value.mistakes
    assert line.startswith("destinations.cloud.auth.private_key_file: ")
    assert line.endswith("holds no unencrypted private key in PEM")


INCOMPLETE: dict[str, dict[str, object]] = {
    "no secret": {"client_secret_file": None},
    "no client": {"client_id": ""},
    "two secrets": {"private_key_file": "key.pem"},
    "a secret and an assertion": {"client_assertion_file": "token"},
    "clear text": {"token_uri": "http://login.example/token"},
    "half a certificate": {"client_key_file": "key.pem"},
}


@pytest.mark.parametrize("kind", INCOMPLETE)
def test_incomplete_settings_are_mistakes(issuer: Issuer, tls: Certificates, kind: str) -> None:
    with pytest.raises(ValidationError):
        by_secret(issuer, tls.folder, **INCOMPLETE[kind])
