"""AWS Signature Version 4 over TLS: the server recomputes each signature with code of its own."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from shared.destination import Auth, AuthKind
from shared.dicomweb.client import open_async_client
from shared.errors import ConfigurationError, Denied
from tests.support import answers
from tests.support.aws import KEY, SECRET, at, delivered, forget_this_machine, keys
from tests.support.certificates import Certificates
from tests.support.instances import make
from tests.support.origin_server import Exchange, OriginServer
from tests.support.origins import destination
from tests.support.sigv4 import STREAMING, Account, Verifier, signature
from uploader.origin import Origin


@pytest.fixture(autouse=True)
def nothing_of_this_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    forget_this_machine(monkeypatch, tmp_path)


@pytest.fixture
def verifier() -> Verifier:
    return Verifier({KEY: Account(SECRET)})


@pytest.fixture
def server(verifier: Verifier, tls: Certificates) -> Iterator[OriginServer]:
    with OriginServer(tls=tls.server(), gate=verifier) as running:
        yield running


def test_the_verifier_agrees_with_the_published_example() -> None:
    """The example "get-vanilla" of AWS' test suite for Signature Version 4."""
    headers = {"host": "example.amazonaws.com", "x-amz-date": "20150830T123600Z"}
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    scope = "20150830/us-east-1/service/aws4_request"

    found = signature("GET", "/", headers, "host;x-amz-date", empty, scope, SECRET)

    assert found == "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"


def test_bodies_are_signed_by_their_hash(
    server: OriginServer, verifier: Verifier, tls: Certificates
) -> None:
    made = [make(tls.folder, number, size=2_500_000) for number in range(3)]

    assert delivered(at(server, tls), *(each.path for each in made))

    assert {server.held[each.uid].part_sha256 for each in made} == {
        each.part_sha256 for each in made
    }
    assert verifier.refusals == []
    [payload] = verifier.payloads
    assert len(payload) == 64


def test_a_site_may_sign_as_in_the_example_for_healthimaging(
    server: OriginServer, verifier: Verifier, tls: Certificates
) -> None:
    assert delivered(at(server, tls, payload="streaming"), make(tls.folder).path)

    assert verifier.payloads == [STREAMING]


def test_searches_are_signed_with_their_query(
    server: OriginServer, verifier: Verifier, tls: Certificates
) -> None:
    made = make(tls.folder)
    origin = Origin(at(server, tls))
    origin.store([made.path])

    assert origin.verify(made.path) is True

    origin.close()
    assert verifier.refusals == []
    assert "?" in server.requests[-1].path


def test_the_worklist_signs_too(
    server: OriginServer, verifier: Verifier, tls: Certificates
) -> None:
    async def ask() -> int:
        async with open_async_client(at(server, tls)) as client:
            query = {"00080018": "1.2", "includefield": "all", "PatientName": "Ü* ~/+"}
            return (await client.get(f"{server.uri}/1.2/instances", params=query)).status_code

    assert asyncio.run(ask()) == 204
    assert verifier.refusals == []


@pytest.mark.parametrize("payload", ["sha256", "streaming"])
def test_an_early_401_has_the_body_sent_again_with_other_keys(
    server: OriginServer, verifier: Verifier, tls: Certificates, payload: str
) -> None:
    target = at(server, tls, payload=payload)
    made = [make(tls.folder, number, size=8_000_000) for number in (1, 2)]
    verifier.accounts = {"AKIDOTHER": Account("another")}
    refuse = answers.early(401)

    def rotate(exchange: Exchange) -> bool:
        server.gate = verifier
        keys(tls.folder, "AKIDOTHER", "another")
        refuse(exchange)
        return True

    server.gate = rotate

    assert delivered(target, *(each.path for each in made))

    assert verifier.seen == ["AKIDOTHER"]
    assert len(server.held) == 2


@pytest.mark.parametrize("minutes", [-20, 20])
def test_a_clock_that_is_wrong_is_corrected_by_the_servers(
    server: OriginServer, verifier: Verifier, tls: Certificates, minutes: int
) -> None:
    verifier.ahead = timedelta(minutes=minutes)
    origin = Origin(at(server, tls))

    for number in range(3):
        assert origin.store([make(tls.folder, number).path])[0].delivered

    assert verifier.refusals == ["RequestTimeTooSkewed"]
    origin.close()


def test_a_date_that_is_none_is_left_alone(tls: Certificates) -> None:
    def refuse(exchange: Exchange) -> bool:
        exchange.read_body()
        exchange.send_response_only(403)
        exchange.send_header("Date", f"Mon, 01 Jan {'9' * 20} 00:00:00 GMT")
        exchange.send_header("Content-Length", "0")
        exchange.end_headers()
        return True

    with OriginServer(tls=tls.server(), gate=refuse) as server, pytest.raises(Denied):
        delivered(at(server, tls), make(tls.folder).path)


def test_region_and_service_may_be_others(
    server: OriginServer, verifier: Verifier, tls: Certificates
) -> None:
    verifier.region, verifier.service = "eu-west-1", "execute-api"

    assert delivered(
        at(server, tls, region="eu-west-1", service="execute-api"), make(tls.folder).path
    )


@pytest.mark.parametrize("host", ["dicom-medical-imaging.us-east-1.amazonaws.com"])
def test_the_region_is_that_of_the_host(tls: Certificates, host: str) -> None:
    auth = Auth(kind=AuthKind.AWS, credentials_file=keys(tls.folder))

    Origin(destination(f"https://{host}/datastore/1/studies", auth=auth)).close()

    with pytest.raises(ConfigurationError, match=r"auth\.region"):
        Origin(destination("https://archive.example/studies", auth=auth))
