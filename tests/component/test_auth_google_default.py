"""Google without a key: federated identities and the metadata server, over TLS on loopback."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from shared.destination import Auth, AuthKind, Destination
from shared.errors import Denied, Misconfigured
from tests.support import answers
from tests.support.certificates import Certificates
from tests.support.instances import make
from tests.support.issuer import Issuer
from tests.support.origin_server import Exchange, OriginServer
from tests.support.origins import destination, secret
from tests.support.sigv4 import AUTHORIZATION, signature
from uploader.origin import Origin


@pytest.fixture
def issuer(tls: Certificates) -> Iterator[Issuer]:
    with Issuer(
        tls=tls.server(),
    ) as running:
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


def send(settings: Destination, folder: Path, number: int = 1) -> bool:
    origin = Origin(settings)
    try:
        [outcome] = origin.store([make(folder, number).path])
        return outcome.delivered
    finally:
        origin.close()


def federation(issuer: Issuer, folder: Path) -> Path:
    """What `gcloud iam workload-identity-pools create-cred-config` writes."""
    token = secret(folder, issuer.subject_token, "subject_token")
    content = {
        "type": "external_account",
        "audience": "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p",
        "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
        "token_url": issuer.uri,
        "credential_source": {"file": str(token)},
    }
    return secret(folder, json.dumps(content), "federation.json")


def test_a_federated_identity_is_exchanged_for_a_token(
    server: OriginServer, issuer: Issuer, tls: Certificates
) -> None:
    auth = Auth(kind=AuthKind.GOOGLE, service_account_file=federation(issuer, tls.folder))
    issuer.scopes = auth.scopes[0]

    assert send(at(server, tls, auth), tls.folder)


def test_a_subject_token_that_is_gone_or_refused_denies_us(
    server: OriginServer, issuer: Issuer, tls: Certificates
) -> None:
    auth = Auth(kind=AuthKind.GOOGLE, service_account_file=federation(issuer, tls.folder))
    issuer.subject_token = "another"
    with pytest.raises(Denied):
        send(at(server, tls, auth), tls.folder)

    (tls.folder / "subject_token").unlink()
    with pytest.raises(Denied):
        send(at(server, tls, auth), tls.folder)


def test_application_default_credentials_name_a_file(
    server: OriginServer, issuer: Issuer, tls: Certificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    auth = Auth(kind=AuthKind.GOOGLE)
    issuer.scopes = auth.scopes[0]
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(federation(issuer, tls.folder)))

    assert send(at(server, tls, auth), tls.folder)


def test_application_default_credentials_of_a_user_are_those_that_gcloud_keeps(
    server: OriginServer, issuer: Issuer, tls: Certificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = {
        "type": "authorized_user",
        "client_id": issuer.client,
        "client_secret": issuer.client_secret,
        "refresh_token": issuer.refresh_token,
        "token_uri": issuer.uri,
    }
    secret(tls.folder, json.dumps(content), "application_default_credentials.json")
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tls.folder))
    issuer.scopes = None  # a user's are fixed at the login

    assert send(at(server, tls, Auth(kind=AuthKind.GOOGLE)), tls.folder)
    assert [form["grant_type"] for form in issuer.forms] == ["refresh_token"]


def test_an_identity_of_aws_is_exchanged_by_a_request_that_it_signed(
    server: OriginServer, issuer: Issuer, tls: Certificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The subject token is a signed request, which Google's side has AWS answer."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a secret")
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    content = {
        "type": "external_account",
        "audience": "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p",
        "subject_token_type": "urn:ietf:params:aws:token-type:aws4_request",
        "token_url": issuer.uri,
        "credential_source": {
            "environment_id": "aws1",
            "regional_cred_verification_url": CALLER,
        },
    }
    file = secret(tls.folder, json.dumps(content), "federation.json")
    auth = Auth(kind=AuthKind.GOOGLE, service_account_file=file)
    issuer.scopes, issuer.believes = auth.scopes[0], signed_for_aws

    assert send(at(server, tls, auth), tls.folder)


CALLER = "https://sts.{region}.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15"


def signed_for_aws(token: str) -> bool:
    request = json.loads(unquote(token))
    headers = {each["key"].lower(): each["value"] for each in request["headers"]}
    found = AUTHORIZATION.fullmatch(headers["authorization"])
    assert found
    target = "/?" + urlsplit(request["url"]).query
    empty = hashlib.sha256(b"").hexdigest()
    expected = signature(
        request["method"], target, headers, found["names"], empty, found["scope"], "a secret"
    )
    return expected == found["signature"] and "eu-west-1/sts" in found["scope"]


def test_in_googles_cloud_the_metadata_server_gives_tokens(
    server: OriginServer, issuer: Issuer, tls: Certificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    issuer.issued["of-the-machine"] = float("inf")
    with OriginServer() as metadata:
        token = {"access_token": "of-the-machine", "expires_in": 3599, "token_type": "Bearer"}
        metadata.always = answers.status(200, token)
        monkeypatch.setenv("GCE_METADATA_HOST", urlsplit(metadata.uri).netloc)

        assert send(at(server, tls, Auth(kind=AuthKind.GOOGLE)), tls.folder)

        [request] = metadata.requests
        assert request.headers["metadata-flavor"] == "Google"
        assert "scopes=https" in request.path


def test_a_metadata_server_without_an_account_denies_us(
    server: OriginServer, tls: Certificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    with OriginServer() as metadata:
        metadata.always = answers.status(404, "no service account")
        monkeypatch.setenv("GCE_METADATA_HOST", urlsplit(metadata.uri).netloc)

        with pytest.raises(Misconfigured):
            send(at(server, tls, Auth(kind=AuthKind.GOOGLE)), tls.folder)
