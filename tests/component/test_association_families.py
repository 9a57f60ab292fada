"""Listening on IPv4 and IPv6 at once."""

import socket
import ssl
from pathlib import Path
from typing import Any

import pytest

from shared.dimse.ports import probe
from shared.sections import Receive
from tests.support.acceptor import RecordingService, accepting
from tests.support.authority import Authority
from tests.support.ports import LOOPBACKS
from tests.support.raw_association import RawAssociation

EVERYWHERE = ["::", ""]


@pytest.mark.parametrize("host", EVERYWHERE)
def test_a_peer_of_either_family_has_its_own_address(host: str) -> None:
    service = RecordingService()
    with accepting(service, host=host) as running:
        for address in LOOPBACKS:
            connected = socket.create_connection((address, running.port), timeout=10)
            with RawAssociation.over(connected) as requestor:
                requestor.associate()
                assert requestor.store(b"data").status == 0

    assert [each.request.peer.address for each in service.received] == LOOPBACKS


@pytest.mark.parametrize("host", EVERYWHERE)
def test_and_over_tls(host: str, tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    ours = authority.issue("ours")
    context = ssl.create_default_context(cafile=authority.certificate)
    service = RecordingService()
    files = {"tls_certificate_file": ours.certificate, "tls_key_file": ours.key}
    tls: dict[str, Any] = {"tls_port": 0, **files}
    with accepting(service, host=host, **tls) as running:
        for address in LOOPBACKS:
            plain = socket.create_connection((address, running.acceptor.tls_port), timeout=10)
            connected = context.wrap_socket(plain, server_hostname="127.0.0.1")
            with RawAssociation.over(connected) as requestor:
                requestor.associate()
                assert requestor.store(b"data").status == 0

    assert [each.request.peer.address for each in service.received] == LOOPBACKS


@pytest.mark.parametrize("taken", LOOPBACKS)
def test_a_port_that_either_family_has_in_use_is_taken(taken: str) -> None:
    family = socket.AF_INET6 if ":" in taken else socket.AF_INET
    with socket.create_server((taken, 0), family=family) as stranger:
        settings = Receive(host="::", port=stranger.getsockname()[1], processes=2)
        with pytest.raises(OSError, match="in use"):
            probe(settings)
