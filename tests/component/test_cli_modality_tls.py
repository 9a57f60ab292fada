"""`echo`, `send` and `worklist` over DICOM TLS: against DCMTK's storescp and our own acceptor."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from shared.sections import Receive
from standalone.cli import parser
from standalone.options import TLS_PORT, target
from tests.support import instances
from tests.support.acceptor import RecordingService, accepting
from tests.support.authority import Authority, Identity
from tests.support.cli import Console
from tests.support.peers import peer
from tests.support.ports import free_port, listens
from tests.support.waiting import wait_until


@pytest.fixture
def console(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Console:
    return Console(monkeypatch, capsys)


@pytest.fixture
def theirs(authority: Authority) -> Identity:
    return authority.issue("scanner")


@contextmanager
def acceptor(ours: Identity, **more: Any) -> Iterator[int]:
    """Its port of TLS."""
    files = {"tls_certificate_file": ours.certificate, "tls_key_file": ours.key}
    with accepting(RecordingService(), **{"tls_port": 0, **files, **more}) as running:
        yield running.acceptor.tls_port


def test_dcmtk_takes_an_instance_over_mutual_tls(
    console: Console, ours: Identity, theirs: Identity, authority: Authority, tmp_path: Path
) -> None:
    made = instances.make(tmp_path)
    received = tmp_path / "received"
    received.mkdir()
    port = free_port()
    trust = ["+tls", ours.key, ours.certificate, "+cf", authority.certificate]
    options = ["--accept-all", "--output-directory", received]
    with subprocess.Popen(
        [peer("storescp"), *map(str, [*trust, *options]), str(port)],
        env={**os.environ, "TCP_NODELAY": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        wait_until(lambda: listens(port), 10, "storescp to listen")
        us = ("--ca-file", authority.certificate, "--certificate-file", theirs.certificate)
        said = console("send", made.path, "--port", port, *us, "--key-file", theirs.key)
        process.terminate()
    assert (said.code, said.out) == (0, "1 sent, 0 refused\n"), said.err
    assert len(list(received.iterdir())) == 1


def test_the_proxy_answers_an_echo_over_tls(
    console: Console, ours: Identity, authority: Authority
) -> None:
    with acceptor(ours) as port:
        assert console("echo", "--port", port, "--ca-file", authority.certificate).code == 0
        assert console("echo", "--port", port, "--any-certificate").code == 0
        found = console("worklist", "--port", port, "--any-certificate")
    assert (found.code, "0 found" in found.out) == (0, True)


def test_why_there_is_no_tls_is_said_in_words(
    console: Console, ours: Identity, theirs: Identity, authority: Authority
) -> None:
    trust = ("--ca-file", authority.certificate)
    with acceptor(ours) as port:
        unknown = console("echo", "--port", port, "--tls")
    with acceptor(ours, tls_client_ca_file=authority.certificate) as port:
        nobody = console("echo", "--port", port, *trust)
        shown = (*trust, "--certificate-file", theirs.certificate, "--key-file", theirs.key)
        known = console("echo", "--port", port, *shown)
    with accepting(RecordingService()) as running:
        plain = console("echo", "--port", running.port, *trust)
    gone = console("echo", "--port", free_port(), *trust)

    assert "its certificate is not to be trusted: unable to get" in unknown.err
    assert "it may want a certificate of ours" in nobody.err
    assert known.code == 0, known.err
    assert "it does not speak TLS on this port" in plain.err
    assert "connection refused" in gone.err
    assert all(each.code == 1 for each in (unknown, nobody, plain, gone))


def test_files_that_cannot_be_used_are_named(
    console: Console, ours: Identity, authority: Authority, tmp_path: Path
) -> None:
    empty = tmp_path / "empty.pem"
    empty.write_text("no certificate")
    cases = {
        ("--ca-file", tmp_path / "none.pem"): "none.pem: no such file or directory",
        ("--ca-file", empty): "empty.pem: not certificates in PEM",
        ("--certificate-file", empty): "empty.pem: not a certificate and its key in PEM",
        ("--certificate-file", ours.certificate): "not a certificate and its key in PEM",
        ("--key-file", ours.key): "the certificate of this key is missing",
    }
    for arguments, expected in cases.items():
        said = console("echo", *arguments)
        assert (said.code, expected in said.err) == (1, True), said.err
    assert authority.certificate.exists()


def test_over_tls_the_port_is_that_of_tls(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    def port(*arguments: str) -> int:
        return target(parser().parse_args(["echo", *arguments])).port

    monkeypatch.setenv("DIMSE_RECEIVER", "receiver:4711")
    told = (port(), port("--tls"), port("--any-certificate"), port("--tls", "--port", "4712"))
    assert told == (4711, Receive.model_fields["tls_port"].default, TLS_PORT, 4712)
    monkeypatch.setenv("DIMSE_RECEIVER", "localhost:many")
    assert "the environment names no port" in console("echo").err
