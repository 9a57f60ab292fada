"""DICOM TLS: with DCMTK's programs and with Python's own client."""

import os
import socket
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from pydicom import dcmread

from shared.dimse.acceptor import Acceptor
from shared.dimse.tls import Credentials
from shared.errors import ConfigurationError
from shared.sections import Receive
from tests.support import instances
from tests.support.acceptor import RecordingService, Running, accepting
from tests.support.authority import Authority, Identity
from tests.support.peers import peer
from tests.support.raw_association import RawAssociation


@pytest.fixture
def service() -> RecordingService:
    return RecordingService()


@contextmanager
def over_tls(service: RecordingService, ours: Identity, **more: Any) -> Iterator[Running]:
    settings = {"tls_port": 0, "tls_certificate_file": ours.certificate, "tls_key_file": ours.key}
    with accepting(service, **{**settings, **more}) as running:
        yield running


def dcmtk(program: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [peer(program), *map(str, arguments)],
        env={**os.environ, "TCP_NODELAY": "1"},
        check=False,
        capture_output=True,
        text=True,
    )


def pair(identity: Identity) -> tuple[Path, Path]:
    return identity.key, identity.certificate


def secure(port: int, authority: Authority, **options: Any) -> ssl.SSLSocket:
    context = ssl.create_default_context(cafile=authority.certificate)
    for name, value in options.items():
        setattr(context, name, value)
    plain = socket.create_connection(("127.0.0.1", port), timeout=10)
    return context.wrap_socket(plain, server_hostname="127.0.0.1")


def test_dcmtk_stores_over_tls_byte_for_byte(
    service: RecordingService, ours: Identity, authority: Authority, tmp_path: Path
) -> None:
    made = instances.make(tmp_path, size=700_000)
    with over_tls(service, ours) as running:
        port = str(running.acceptor.tls_port)
        trust = ["+tla", "+cf", str(authority.certificate)]
        sent = dcmtk("storescu", *trust, "127.0.0.1", port, made.path)
        echoed = dcmtk("echoscu", *trust, "127.0.0.1", port)

    assert (sent.returncode, echoed.returncode) == (0, 0), sent.stderr
    assert made.path.read_bytes().endswith(service.received[0].data)
    assert dcmread(made.path).SOPInstanceUID == made.uid
    assert len(service.received[0].data) > 690_000


def test_plain_and_tls_are_served_side_by_side(
    service: RecordingService, ours: Identity, authority: Authority
) -> None:
    with over_tls(service, ours) as running:
        with RawAssociation(running.port) as plain:
            plain.associate()
            assert plain.store(b"plain").status == 0
        with RawAssociation.over(secure(running.acceptor.tls_port, authority)) as encrypted:
            encrypted.associate()
            assert encrypted.store(b"encrypted").status == 0
            assert encrypted.release() == 6

    assert [each.data for each in service.received] == [b"plain", b"encrypted"]


def test_tls_alone_leaves_no_plain_port(service: RecordingService, ours: Identity) -> None:
    with over_tls(service, ours, plain=False) as running:
        assert running.acceptor.plain_port is None


def test_with_mutual_tls_only_who_shows_a_certificate_gets_in(
    service: RecordingService, ours: Identity, authority: Authority, tmp_path: Path
) -> None:
    modality = authority.issue("modality")
    stranger = Authority(tmp_path, "strange-ca").issue("stranger")
    with over_tls(service, ours, tls_client_ca_file=authority.certificate) as running:
        address = ["127.0.0.1", str(running.acceptor.tls_port)]
        trust = ["+cf", str(authority.certificate)]
        known = dcmtk("echoscu", "+tls", *pair(modality), *trust, *address)
        unknown = dcmtk("echoscu", "+tls", *pair(stranger), *trust, *address)
        nobody = dcmtk("echoscu", "+tla", *trust, *address)

    assert known.returncode == 0, known.stderr
    assert unknown.returncode != 0
    assert nobody.returncode != 0


def test_old_versions_and_ciphers_are_refused(
    service: RecordingService, ours: Identity, authority: Authority
) -> None:
    with over_tls(service, ours) as running:
        port = running.acceptor.tls_port
        assert _tls_1_0(port).returncode != 0
        with secure(port, authority) as negotiated:
            version, cipher = negotiated.version(), negotiated.cipher()

    assert version == "TLSv1.3"
    assert cipher is not None


@pytest.mark.parametrize("cipher", ["AES128-SHA", "AES128-GCM-SHA256", "ECDHE-ECDSA-AES128-SHA"])
def test_tls_1_2_without_aead_and_forward_secrecy_is_refused(
    service: RecordingService, ours: Identity, cipher: str
) -> None:
    with over_tls(service, ours) as running:
        port = running.acceptor.tls_port
        assert _handshake(port, "-tls1_2", "-cipher", cipher).returncode != 0
        good = _handshake(port, "-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-GCM-SHA256")
        assert good.returncode == 0, good.stderr


def test_an_old_device_gets_in_where_the_site_says_so(
    service: RecordingService, ours: Identity
) -> None:
    with over_tls(service, ours, tls_legacy=True) as running:
        old = _tls_1_0(running.acceptor.tls_port)

    assert old.returncode == 0, old.stderr


def test_silent_connections_on_the_tls_port_delay_nobody(
    service: RecordingService, ours: Identity, authority: Authority
) -> None:
    with over_tls(service, ours, max_pending=50) as running, ExitStack() as stack:
        port = running.acceptor.tls_port
        for _ in range(200):
            stack.enter_context(socket.create_connection(("127.0.0.1", port)))

        with RawAssociation.over(secure(port, authority)) as good:
            good.associate()
            assert good.store(b"data").status == 0


def test_a_handshake_that_does_not_end_is_closed(service: RecordingService, ours: Identity) -> None:
    with (
        over_tls(service, ours, artim_timeout=0.2) as running,
        RawAssociation(running.acceptor.tls_port) as silent,
    ):
        assert silent.closed()


def test_a_renewed_certificate_is_used_without_a_restart(
    ours: Identity, authority: Authority
) -> None:
    settings = Receive(tls_certificate_file=ours.certificate, tls_key_file=ours.key)
    credentials = Credentials(settings)
    before = credentials.context
    credentials.refresh()
    assert credentials.context is before

    ours.certificate.write_text("half written")
    credentials.refresh()
    assert credentials.context is before

    authority.issue("ours")
    credentials.refresh()
    assert credentials.context is not before


@pytest.mark.parametrize(
    ("broken", "named"),
    [
        ({"tls_certificate_file": "missing.pem"}, "tls_certificate_file: .*cannot be read"),
        ({"tls_key_file": "ca.pem"}, "tls_key_file: no key for the certificate"),
        ({"tls_client_ca_file": "ours.key"}, "tls_client_ca_file: no certificates in it"),
    ],
)
def test_files_that_cannot_be_used_are_named(
    ours: Identity, tmp_path: Path, broken: dict[str, str], named: str
) -> None:
    files: dict[str, Any] = {
        "tls_certificate_file": ours.certificate,
        "tls_key_file": ours.key,
        **{name: tmp_path / file for name, file in broken.items()},
    }

    with pytest.raises(ConfigurationError, match=named):
        Acceptor([], Receive(**files), host="127.0.0.1", port=0)


def _tls_1_0(port: int) -> subprocess.CompletedProcess[str]:
    return _handshake(port, "-tls1", "-cipher", "ALL:@SECLEVEL=0")


def _handshake(port: int, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [peer("openssl"), "s_client", "-connect", f"127.0.0.1:{port}", *options],
        check=False,
        capture_output=True,
        text=True,
        input="",
    )
