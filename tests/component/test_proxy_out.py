"""Proxies that the environment names, for servers behind TLS: CONNECT, and our TLS inside."""

import base64
from collections.abc import Iterator

import pytest

from shared.errors import Denied, DestinationFault
from tests.support import answers
from tests.support.certificates import Certificates
from tests.support.connect_proxy import ConnectProxy
from tests.support.instances import make
from tests.support.origin_server import OriginServer
from tests.support.origins import destination
from uploader.origin import Origin

URI = "https://archive.example/dicom-web/studies"


@pytest.fixture
def server(tls: Certificates) -> Iterator[OriginServer]:
    with OriginServer(tls=tls.server("archive.example")) as running:
        yield running


@pytest.fixture
def proxy(server: OriginServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[ConnectProxy]:
    with ConnectProxy(server.port) as running:
        monkeypatch.setenv("https_proxy", f"http://{running.address}")
        yield running


@pytest.mark.parametrize("http2", [True, False])
def test_instances_go_through_the_tunnel(
    server: OriginServer, proxy: ConnectProxy, tls: Certificates, http2: bool
) -> None:
    made = [make(tls.folder, number, size=2_000_000) for number in range(3)]
    origin = Origin(destination(URI, ca_file=tls.ca_file, http2=http2))

    outcomes = origin.store([each.path for each in made])
    origin.close()

    assert all(each.delivered for each in outcomes)
    assert {server.held[each.uid].part_sha256 for each in made} == {
        each.part_sha256 for each in made
    }
    assert proxy.asked == ["archive.example:443"]


def test_an_early_answer_is_heard_through_it(
    server: OriginServer, proxy: ConnectProxy, tls: Certificates
) -> None:
    server.always = answers.early(401)
    origin = Origin(destination(URI, ca_file=tls.ca_file))

    with pytest.raises(Denied):
        origin.store([make(tls.folder, size=8_000_000).path])

    assert proxy.asked == ["archive.example:443"]
    origin.close()


@pytest.mark.parametrize("password", ["right", "wrong"])
def test_a_proxy_may_want_a_login(
    proxy: ConnectProxy, tls: Certificates, monkeypatch: pytest.MonkeyPatch, password: str
) -> None:
    proxy.login = "Basic " + base64.b64encode(b"site:right").decode()
    monkeypatch.setenv("https_proxy", f"http://site:{password}@{proxy.address}")
    origin = Origin(destination(URI, ca_file=tls.ca_file))

    if password == "right":
        assert origin.store([make(tls.folder).path])[0].delivered
    else:
        with pytest.raises(DestinationFault, match="proxy"):
            origin.store([make(tls.folder).path])
    origin.close()


def test_a_host_may_be_exempt(
    proxy: ConnectProxy, tls: Certificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("no_proxy", "archive.example")
    origin = Origin(destination(URI, ca_file=tls.ca_file))

    with pytest.raises(DestinationFault):
        origin.store([make(tls.folder).path])

    assert proxy.asked == []
    origin.close()
