"""`dicomweb-proxy check` and the ports that are taken."""

import os
import socket
from contextlib import ExitStack
from pathlib import Path

import pytest

from standalone.findings import FAIL, OK, WARN
from tests.support.certificates import certificates
from tests.support.cli import Console, checking, states
from tests.support.ports import free_port
from tests.support.proxy import proxy


@pytest.fixture
def console(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Console:
    return checking(monkeypatch, capsys, tmp_path)


def test_each_port_in_use_is_a_warning_that_says_by_whom(console: Console, tmp_path: Path) -> None:
    certificate, key = certificates(tmp_path).for_server(tmp_path)
    with ExitStack() as stack:
        taken = [
            stack.enter_context(socket.create_server(("127.0.0.1", 0))).getsockname()[1]
            for _ in range(3)
        ]
        console.set(UPLOAD__URI="https://archive.invalid/studies", RECEIVE__PORT=taken[0])
        console.set(RECEIVE__TLS_CERTIFICATE_FILE=certificate, RECEIVE__TLS_KEY_FILE=key)
        console.set(RECEIVE__TLS_PORT=taken[1], WORKLIST__HOST="127.0.0.1", WORKLIST__PORT=taken[2])
        console.set(WORKLIST__URI="https://archive.invalid/workitems")

        found = {each["subject"]: each for each in console("check", "--json").json}

    for name, number in zip(("DIMSE port", "DICOM TLS port", "worklist port"), taken, strict=True):
        assert found[name]["state"] == WARN
        assert found[name]["found"].startswith(f"127.0.0.1:{number}: Address already in use")
        if Path("/proc/net/tcp").exists():
            assert f"(process {os.getpid()})" in found[name]["found"]
        assert found[name]["advice"].endswith("_port" if "TLS" in name else ".port")


def test_the_proxy_itself_on_its_port_is_told_from_a_stranger(
    console: Console, tmp_path: Path
) -> None:
    uri = "https://archive.invalid/studies"
    with proxy(tmp_path / "running", UPLOAD__URI=uri) as running:
        console.set(UPLOAD__URI=uri, RECEIVE__PORT=running.port)

        [found] = [
            each for each in console("check", "--json").json if each["subject"] == "DIMSE port"
        ]

    assert found["state"] == WARN
    if Path("/proc/net/tcp").exists():
        assert "by standalone.dimse (process " in found["found"]
        assert found["advice"] == "fine if that is this proxy; else set receive.port"


def test_one_port_with_and_without_tls_fails(console: Console, tmp_path: Path) -> None:
    certificate, key = certificates(tmp_path).for_server(tmp_path)
    console.set(UPLOAD__URI="https://archive.invalid/studies", RECEIVE__PORT=free_port())
    console.set(RECEIVE__TLS_CERTIFICATE_FILE=certificate, RECEIVE__TLS_KEY_FILE=key)
    console.set(RECEIVE__TLS_PORT=os.environ["DICOMWEB_PROXY_RECEIVE__PORT"])

    assert states(console)["DIMSE port"] == FAIL


def test_a_port_that_nothing_listens_on_is_not_looked_at(console: Console, tmp_path: Path) -> None:
    certificate, key = certificates(tmp_path).for_server(tmp_path)
    console.set(UPLOAD__URI="https://archive.invalid/studies", RECEIVE__PLAIN="false")
    console.set(RECEIVE__TLS_CERTIFICATE_FILE=certificate, RECEIVE__TLS_KEY_FILE=key)
    console.set(RECEIVE__TLS_PORT=0)

    found = states(console)

    assert found["DICOM TLS port"] == OK
    assert "DIMSE port" not in found
    assert "worklist port" not in found


def test_where_only_commands_run_no_port_is_looked_at(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    console.set(UPLOAD__URI="https://archive.invalid/studies")
    assert "DIMSE port" in states(console)

    monkeypatch.setenv("DIMSE_RECEIVER", "receiver:4008")

    assert not [each for each in states(console) if each.endswith(" port")]
