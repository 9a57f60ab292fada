"""TLS to destinations: whom we trust, and what is said when we do not."""

import asyncio
import ssl
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from shared.destination import Auth, AuthKind
from shared.dicomweb.client import open_async_client
from shared.errors import ConfigurationError, Denied, DestinationFault, Misconfigured, Unavailable
from tests.support.certificates import Certificates
from tests.support.instances import make
from tests.support.origin_server import OriginServer
from tests.support.origins import destination, secret
from uploader.origin import Origin


@contextmanager
def server(context: ssl.SSLContext) -> Iterator[OriginServer]:
    with OriginServer(tls=context) as running:
        yield running


def send(uri: str, folder: Path, ca_file: Path | None, **settings: Any) -> bool:
    origin = Origin(destination(uri, ca_file=ca_file, **settings))
    try:
        [outcome] = origin.store([make(folder).path])
        return outcome.delivered
    finally:
        origin.close()


def test_the_ca_file_of_a_destination_is_trusted(tls: Certificates) -> None:
    with server(tls.server()) as running:
        assert send(running.uri, tls.folder, tls.ca_file)


def test_large_instances_go_over_tls_unchanged(tls: Certificates) -> None:
    made = make(tls.folder, size=5_000_000)
    with server(tls.server()) as running:
        origin = Origin(destination(running.uri, ca_file=tls.ca_file))
        origin.store([made.path])
        origin.close()

        assert running.held[made.uid].part_sha256 == made.part_sha256


def test_an_unknown_authority_is_not_trusted(tls: Certificates) -> None:
    with (
        server(tls.server()) as running,
        pytest.raises(Misconfigured, match="certificate we do not trust"),
    ):
        send(running.uri, tls.folder, None)


def test_a_certificate_of_another_host_is_not_trusted(tls: Certificates) -> None:
    with (
        server(tls.server("archive.example")) as running,
        pytest.raises(Misconfigured, match=r"certificate we do not trust.*localhost"),
    ):
        send(running.uri, tls.folder, tls.ca_file)


def test_old_tls_is_not_spoken(tls: Certificates) -> None:
    context = tls.server()
    context.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings(action="ignore"):
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    with server(context) as running, pytest.raises(DestinationFault, match="TLS"):
        send(running.uri, tls.folder, tls.ca_file)


def test_https_to_a_server_without_tls_is_named(tls: Certificates) -> None:
    with OriginServer() as running, pytest.raises(Misconfigured, match="no TLS"):
        send(running.uri.replace("http:", "https:"), tls.folder, tls.ca_file)


def test_a_server_that_demands_a_certificate_gets_ours(tls: Certificates) -> None:
    certificate, key = tls.client()
    auth = Auth(kind=AuthKind.NONE, client_certificate_file=certificate, client_key_file=key)
    with server(tls.server(demand_client=True)) as running:
        settings = destination(running.uri, auth=auth, ca_file=tls.ca_file)
        origin = Origin(settings)

        outcomes = origin.store([make(tls.folder, number).path for number in range(3)])

        assert all(each.delivered for each in outcomes)
        origin.close()


@pytest.mark.parametrize(
    ("newest", "fault", "reason"),
    [  # TLS 1.2 has no word for it: handshake_failure means many things
        (ssl.TLSVersion.TLSv1_2, Misconfigured, "handshake failure"),
        (ssl.TLSVersion.TLSv1_3, Denied, "client certificate"),
    ],
)
def test_without_the_certificate_it_demands_nothing_is_sent(
    tls: Certificates, newest: ssl.TLSVersion, fault: type[DestinationFault], reason: str
) -> None:
    context = tls.server(demand_client=True)
    context.maximum_version = newest
    with server(context) as running, pytest.raises(fault, match=reason):
        send(running.uri, tls.folder, tls.ca_file)


def test_the_worklist_shows_the_certificate_too(tls: Certificates) -> None:
    certificate, key = tls.client()
    auth = Auth(kind=AuthKind.NONE, client_certificate_file=certificate, client_key_file=key)

    async def ask(uri: str) -> int:
        settings = destination(uri, auth=auth, ca_file=tls.ca_file)
        async with open_async_client(settings) as client:
            return (await client.get(f"{uri}/1.2/instances")).status_code

    with server(tls.server(demand_client=True)) as running:
        assert asyncio.run(ask(running.uri)) == 204


@pytest.mark.parametrize("wrong", ["client_certificate_file", "client_key_file"])
def test_a_certificate_that_fits_no_key_is_a_mistake_in_the_configuration(
    tls: Certificates, wrong: str
) -> None:
    certificate, key = tls.client()
    files = {"client_certificate_file": certificate, "client_key_file": key}
    files[wrong] = tls.ca_file
    auth = Auth.model_validate({"kind": "none", **files})

    with pytest.raises(ConfigurationError) as error:
        Origin(destination("https://archive.example/studies", auth=auth))

    [line] = error.value.mistakes
    assert line.startswith("destinations.cloud.auth.client_certificate_file: ")


def test_a_site_may_demand_tls_1_3(tls: Certificates) -> None:
    context = tls.server()
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with server(context) as running:
        origin = Origin(destination(running.uri, ca_file=tls.ca_file, tls_minimum="1.3"))

        with pytest.raises(DestinationFault, match="TLS"):
            origin.store([make(tls.folder).path])
        origin.close()


def test_the_environment_names_the_proxy(
    tls: Certificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Plain http through a forwarding proxy, which sees the whole address."""
    with OriginServer() as forwarding:
        proxy = forwarding.uri.removesuffix("/dicom-web/studies")
        monkeypatch.setenv("HTTP_PROXY", proxy)
        monkeypatch.setenv("http_proxy", proxy)

        assert send("http://archive.example/studies", tls.folder, None, insecure=True)
        assert forwarding.requests[0].path == "http://archive.example/studies"

        monkeypatch.setenv("NO_PROXY", "archive.example")
        monkeypatch.setenv("no_proxy", "archive.example")
        with pytest.raises(Unavailable):
            send("http://archive.example/studies", tls.folder, None, insecure=True)


def test_a_ca_file_without_certificates_is_a_mistake_in_the_configuration(tmp_path: Path) -> None:
    file = secret(tmp_path, "no certificates")

    with pytest.raises(ConfigurationError) as error:
        Origin(destination("https://archive.example/studies", ca_file=file))

    [line] = error.value.mistakes
    assert line.startswith(f"destinations.cloud.ca_file: {file}: holds no certificates")
