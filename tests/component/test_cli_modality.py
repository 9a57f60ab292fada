"""`echo` and `send` against DCMTK's storescp."""

import io
import os
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydicom import dcmread, dcmwrite
from pydicom.data import get_testdata_file
from pydicom.uid import UID

from standalone import study
from standalone.dataset import digest
from tests.support.cli import Console
from tests.support.peers import peer
from tests.support.ports import free_port, listens
from tests.support.waiting import wait_until


@pytest.fixture
def console(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Console:
    return Console(monkeypatch, capsys)


@pytest.fixture
def received(tmp_path: Path) -> Path:
    folder = tmp_path / "received"
    folder.mkdir()
    return folder


@pytest.fixture
def storescp(received: Path) -> Iterator[int]:
    port = free_port()
    with subprocess.Popen(
        [peer("storescp"), "--accept-all", "--output-directory", received, str(port)],
        env={**os.environ, "TCP_NODELAY": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        wait_until(lambda: listens(port), 10, "storescp to listen")
        yield port
        process.terminate()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "made"
    (made / "deeper").mkdir(parents=True)
    for number, instance in enumerate(study.instances(datetime(2026, 11, 24, tzinfo=UTC))):
        buffer = io.BytesIO()
        dcmwrite(buffer, instance, enforce_file_format=True)
        place = made / "deeper" if number % 2 else made
        (place / f"{number}.dcm").write_bytes(buffer.getvalue())
    (made / "README.txt").write_text("not an instance")
    return made


def test_an_entity_that_is_there_answers_the_echo(console: Console, storescp: int) -> None:
    text = console("echo", "--port", storescp)
    found = console("echo", "--port", storescp, "--json").json

    assert (text.code, found["answered"]) == (0, True)
    assert f"127.0.0.1:{storescp} answered in" in text.out


def test_in_a_container_for_commands_the_environment_says_where_the_services_are(
    console: Console, storescp: int, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DIMSE_RECEIVER", f"localhost:{storescp}")
    monkeypatch.setenv("DIMSE_WORKLIST", f"localhost:{free_port()}")

    assert f"localhost:{storescp} answered in" in console("echo").out
    assert console("send", folder).code == 0
    assert "connection refused" in console("worklist").err, "it has a service of its own"


@pytest.mark.parametrize("command", [["echo"], ["worklist"]])
def test_nobody_there_is_one_clear_line(console: Console, command: list[str]) -> None:
    ended = console(*command, "--port", free_port())

    assert ended.code == 1
    assert "connection refused" in ended.err
    assert len(ended.err.splitlines()) == 1


def test_an_entity_without_a_worklist_is_said_to_offer_none(
    console: Console, storescp: int
) -> None:
    ended = console("worklist", "--port", storescp)

    assert ended.code == 1
    assert "it offers no worklist (no accepted presentation context)" in ended.err
    assert len(ended.err.splitlines()) == 1


def test_a_folder_is_sent_whole_and_unchanged(
    console: Console, storescp: int, folder: Path, received: Path
) -> None:
    ended = console("send", folder, "--port", storescp)

    assert ended.code == 0
    assert "36 sent, 0 refused, 1 other files skipped" in ended.out
    assert "36/36" in ended.err
    sent = sorted(digest(path) for path in folder.rglob("*.dcm"))
    assert sorted(digest(path) for path in received.iterdir()) == sent


def test_what_is_refused_is_named_and_the_rest_goes_on(
    console: Console, storescp: int, folder: Path, tmp_path: Path
) -> None:
    unknown = tmp_path / "made" / "unknown.dcm"
    instance = dcmread(str(get_testdata_file("CT_small.dcm")))
    instance.file_meta.MediaStorageSOPClassUID = UID("1.2.3.4")
    instance.save_as(unknown)

    ended = console("send", folder, "--port", storescp, "--json")

    assert ended.code == 1
    assert ended.json["sent"] == 36
    assert [each["file"] for each in ended.json["refused"]] == [str(unknown)]


def test_a_path_that_is_not_there_is_one_clear_line(console: Console, tmp_path: Path) -> None:
    ended = console("send", tmp_path / "nothing")

    assert ended.code == 1
    assert ended.err == f"dicomweb-proxy: {tmp_path / 'nothing'}: no such file or folder\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ["echo", "--port", "70000"],
        ["echo", "--called-ae", "x" * 17],
        ["worklist", "--date", "1.1."],
    ],
)
def test_options_that_cannot_be_are_exit_code_2(console: Console, arguments: list[str]) -> None:
    assert console(*arguments).code == 2
