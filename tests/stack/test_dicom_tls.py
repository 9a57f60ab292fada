"""deploy/compose/dicom-tls.yml without plain ports and with client certificates, said in .env."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest

from tests.support.authority import Authority, Identity
from tests.support.compose import ROOT, Composed, composed
from tests.support.dcmtk import run
from tests.support.ports import free_port
from tests.support.sending import ARRIVAL, arrived, series
from tests.support.waiting import wait_until

pytestmark = pytest.mark.stack
PROXY = ("receiver", "uploader", "worklist", "page")


@dataclass
class Closed:
    system: Composed
    authority: Authority
    modality: Identity
    ports: dict[str, int]


@pytest.fixture
def closed(tmp_path: Path) -> Iterator[Closed]:
    authority = Authority(tmp_path)
    ours, modality = authority.issue("dicom"), authority.issue("ct01")
    mark = f"test-{uuid4().hex[:6]}"
    placed = {
        each: ROOT / "secrets" / f"{mark}-{each.name}"
        for each in (ours.certificate, ours.key, authority.certificate)
    }
    for source, target in placed.items():
        target.write_bytes(source.read_bytes())
        target.chmod(0o444)  # the containers' user is not ours
    certificate, key, ca = (f"./secrets/{each.name}" for each in placed.values())
    ports = {"DICOM_TLS_PORT": free_port(), "WORKLIST_TLS_PORT": free_port()}
    given = {
        "DICOMWEB_PROXY_RECEIVE__TLS_CERTIFICATE_FILE": certificate,
        "DICOMWEB_PROXY_RECEIVE__TLS_KEY_FILE": key,
        **{name: str(port) for name, port in ports.items()},
    }
    (dotenv := tmp_path / "dotenv").write_text(
        f"DICOMWEB_PROXY_RECEIVE__PLAIN=false\nDICOMWEB_PROXY_RECEIVE__TLS_CLIENT_CA_FILE={ca}\n",
        "utf-8",
    )
    (handed := tmp_path / "dotenv.yml").write_text(
        "services:\n" + "".join(f"  {each}: {{env_file: [{dotenv}]}}\n" for each in PROXY), "utf-8"
    )
    extra = [ROOT / "deploy" / "compose" / "dicom-tls.yml", handed]
    try:
        with composed(
            *PROXY, "redis", "sandbox", given=given, extra=extra, dotenv=dotenv
        ) as system:
            yield Closed(system, authority, modality, ports)
    finally:
        for each in placed.values():
            each.unlink()


def test_who_shows_a_certificate_alone_is_let_in_and_what_it_sends_is_uploaded(
    closed: Closed, tmp_path: Path
) -> None:
    system, trust = closed.system, ["+cf", str(closed.authority.certificate)]
    shown = ["+tls", str(closed.modality.key), str(closed.modality.certificate), *trust]
    (folder := tmp_path / "sent").mkdir()
    made = series(folder, study=1, count=3)

    for port in closed.ports.values():
        assert run("echoscu", *shown, "127.0.0.1", port).returncode == 0
        assert run("echoscu", "+tla", *trust, "127.0.0.1", port).returncode != 0
    for port in (system.receive_port, system.worklist_port):
        assert run("echoscu", "127.0.0.1", port).returncode != 0, "the plain ports are closed"
    sent = run("storescu", *shown, "+sd", "127.0.0.1", closed.ports["DICOM_TLS_PORT"], folder)

    assert sent.returncode == 0
    wait_until(lambda: arrived(system, made) == len(made), ARRIVAL, "all instances arrive")
