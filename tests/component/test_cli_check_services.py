"""`dicomweb-proxy check` of what receiver, worklist and page would not start with."""

from pathlib import Path

import pytest

from standalone.findings import FAIL, OK
from tests.support.authority import Authority, Identity
from tests.support.cli import Console, checking, states
from tests.support.origin_server import OriginServer


@pytest.fixture
def console(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    origin_server: OriginServer,
) -> Console:
    made = checking(monkeypatch, capsys, tmp_path)
    made.set(UPLOAD__URI=origin_server.uri)
    return made


@pytest.fixture
def stranger(authority: Authority) -> Identity:
    return authority.issue("stranger")


def test_dicom_tls_that_can_be_used_is_called_so(
    console: Console, ours: Identity, authority: Authority
) -> None:
    console.set(RECEIVE__TLS_CERTIFICATE_FILE=ours.certificate, RECEIVE__TLS_KEY_FILE=ours.key)
    console.set(RECEIVE__TLS_CLIENT_CA_FILE=authority.certificate, RECEIVE__TLS_PORT=0)

    assert states(console)["DICOM TLS"] == OK


@pytest.mark.parametrize(
    ("mistake", "subject"),
    [
        ({"TLS_CERTIFICATE_FILE": "none.pem"}, "tls_certificate_file"),
        ({"TLS_KEY_FILE": "stranger.key"}, "tls_key_file"),
        ({"TLS_KEY_FILE": ""}, "tls_certificate_file"),
        ({"TLS_CLIENT_CA_FILE": "text.pem"}, "tls_client_ca_file"),
    ],
    ids=["gone", "another key", "no key", "no authority"],
)
def test_what_dicom_tls_cannot_use_fails(
    mistake: dict[str, str],
    subject: str,
    console: Console,
    ours: Identity,
    stranger: Identity,
    tmp_path: Path,
) -> None:
    assert stranger.key.exists()
    (tmp_path / "text.pem").write_text("no certificate")
    files = {"TLS_CERTIFICATE_FILE": ours.certificate, "TLS_KEY_FILE": ours.key}
    wrong = {key: tmp_path / value if value else "" for key, value in mistake.items()}
    said = {f"RECEIVE__{key}": str(value) for key, value in {**files, **wrong}.items()}
    console.set(RECEIVE__TLS_PORT=0, **{key: value for key, value in said.items() if value})

    ended = console("check")

    [line] = [line for line in ended.out.splitlines() if line.startswith(FAIL)]
    assert ended.code == 1
    assert f"receive.{subject}" in line
    assert "no modality is served" in line


def test_what_the_page_cannot_use_fails(
    console: Console, ours: Identity, stranger: Identity, tmp_path: Path
) -> None:
    console.set(PAGE__PASSWORD_FILE=tmp_path / "none")
    console.set(PAGE__TLS_CERTIFICATE_FILE=ours.certificate, PAGE__TLS_KEY_FILE=stranger.key)

    found = states(console)

    assert (found["page.password_file"], found["page.tls_certificate_file"]) == (FAIL, FAIL)


def test_an_audit_trail_that_cannot_be_written_fails(console: Console, tmp_path: Path) -> None:
    console.set(AUDIT__TO="file", AUDIT__FILE=tmp_path / "none" / "audit.log")
    gone = states(console)["audit.file"]
    console.set(AUDIT__FILE=tmp_path / "audit.log")

    assert (gone, states(console)["audit.file"]) == (FAIL, OK)
    assert not (tmp_path / "audit.log").exists()
