"""TLS to destinations: whom we trust, and what is said when we do not."""

import ssl
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from shared.errors import ConfigurationError, DestinationFault, Misconfigured
from tests.support.certificates import Certificates, certificates
from tests.support.instances import make
from tests.support.origin_server import OriginServer
from tests.support.origins import destination, secret
from uploader.origin import Origin


@pytest.fixture
def tls(tmp_path: Path) -> Certificates:
    return certificates(tmp_path)


@contextmanager
def server(context: ssl.SSLContext) -> Iterator[OriginServer]:
    with OriginServer(tls=context) as running:
        yield running


def send(uri: str, folder: Path, ca_file: Path | None) -> bool:
    origin = Origin(destination(uri, ca_file=ca_file))
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


def test_a_ca_file_without_certificates_is_a_mistake_in_the_configuration(tmp_path: Path) -> None:
    file = secret(tmp_path, "no certificates")

    with pytest.raises(ConfigurationError) as error:
        Origin(destination("https://archive.example/studies", ca_file=file))

    [line] = error.value.mistakes
    assert line.startswith(f"destinations.cloud.ca_file: {file}: holds no certificates")
