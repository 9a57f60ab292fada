"""The console script: its exit codes, `config show`, `quarantine`."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.cli import Console
from tests.support.spools import keep, open_spool

URI = "https://archive.example/studies"


@pytest.fixture
def console(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Console:
    return Console(monkeypatch, capsys)


@pytest.fixture
def spool_path(console: Console, tmp_path: Path) -> Path:
    path = tmp_path / "spool"
    console.set(UPLOAD__URI=URI, SPOOL__PATH=path)
    return path


def quarantined(path: Path, count: int = 1) -> list[str]:
    spool = open_spool(path)
    names = []
    for number in range(count):
        [entry] = keep(spool, b"instance", ["default"])
        record = {"sop_instance_uid": f"1.2.{number}", "detail": "refused (0xC000)"}
        spool.quarantine(entry, record)
        names.append(entry.name)
    spool.close()
    return names


def test_the_help_names_every_command_and_exit_code(console: Console) -> None:
    ended = console("--help")

    assert ended.code == 0
    for expected in ("up", "sandbox", "demo", "check", "config", "quarantine", "exit codes", "130"):
        assert expected in ended.out


@pytest.mark.parametrize("arguments", [[], ["nonsense"], ["up", "--nonsense"], ["config"]])
def test_a_command_line_that_cannot_be_used_is_exit_code_2(
    console: Console, arguments: list[str]
) -> None:
    ended = console(*arguments)

    assert ended.code == 2
    assert "Traceback" not in ended.err


@pytest.mark.parametrize("command", [["up"], ["config", "show"], ["check"], ["quarantine", "list"]])
def test_mistakes_in_the_configuration_are_lines_and_exit_code_2(
    console: Console, command: list[str]
) -> None:
    console.set(RECEIVE__PORT="x", UPLAOD__URI=URI)

    ended = console(*command)

    assert ended.code == 2
    assert len(ended.err.splitlines()) == 2
    assert all(
        line.startswith("dicomweb-proxy: configuration: ") for line in ended.err.split("\n")[:2]
    )
    assert not ended.out


def test_the_file_may_be_named_before_and_after_the_command(
    console: Console, tmp_path: Path
) -> None:
    path = tmp_path / "proxy.toml"
    path.write_text(f'[upload]\nuri = "{URI}"\n')

    before = console("--config", path, "config", "show", "--json")
    after = console("config", "show", "--json", "--config", path)

    assert before == after
    assert before.json["upload.uri"] == {"value": URI, "from": str(path)}


def test_config_show_tells_each_value_and_where_it_came_from(
    console: Console, tmp_path: Path
) -> None:
    path = tmp_path / "proxy.toml"
    path.write_text(f'[upload]\nuri = "{URI}"\n[receive]\nport = 1\n[[routes]]\nurgent = true\n')
    console.set(RECEIVE__PORT=2)

    shown = console("config", "show", "--json", "--config", path).json

    assert shown["receive.port"] == {"value": 2, "from": "DICOMWEB_PROXY_RECEIVE__PORT"}
    assert shown["spool.sync"] == {"value": True, "from": "default"}
    assert shown["destinations.default.upload_uri"]["value"] == URI
    assert shown["routes.0.urgent"] == {"value": True, "from": str(path)}


def test_config_show_tells_the_reserves_of_this_volume(console: Console, tmp_path: Path) -> None:
    found = os.statvfs(tmp_path)
    size = found.f_blocks * found.f_frsize
    console.set(UPLOAD__URI=URI, SPOOL__PATH=tmp_path / "to be made", SPOOL__HARD_RESERVE=7)

    shown = console("config", "show", "--json").json

    assert shown["spool.soft_reserve"] == {
        "value": min(2 << 30, size // 10),
        "from": "default on this volume",
    }
    assert shown["spool.hard_reserve"] == {
        "value": 7,
        "from": "DICOMWEB_PROXY_SPOOL__HARD_RESERVE",
    }


def test_config_show_as_text_is_a_table(console: Console) -> None:
    console.set(UPLOAD__URI=URI)

    lines = console("config", "show").out.splitlines()

    assert lines[0].split() == ["Setting", "Value", "From"]
    assert any(line.split()[:2] == ["upload.uri", f'"{URI}"'] for line in lines)


def test_an_empty_quarantine_is_said(console: Console, spool_path: Path) -> None:
    assert console("quarantine", "list").out == "0 in quarantine\n"
    assert not spool_path.exists()


def test_the_quarantine_lists_what_and_why(console: Console, spool_path: Path) -> None:
    [name] = quarantined(spool_path)

    text = console("quarantine", "list").out
    listed = console("quarantine", "list", "--json").json

    assert all(each in text for each in (name, "1.2.0", "refused (0xC000)", "1 in quarantine"))
    assert listed[0]["record"]["sop_instance_uid"] == "1.2.0"


def test_one_can_be_shown_by_the_beginning_of_its_id(console: Console, spool_path: Path) -> None:
    name = quarantined(spool_path, 2)[1]

    ended = console("quarantine", "show", name[:20])

    assert "1.2.1" in ended.out
    assert f"{name}.dcm" in ended.out


def test_requeued_instances_are_in_the_spool_again(console: Console, spool_path: Path) -> None:
    names = quarantined(spool_path, 3)

    ended = console("quarantine", "requeue", names[0])
    rest = console("quarantine", "requeue", "--all")

    assert (ended.out, rest.out) == ("1 requeued\n", "2 requeued\n")
    spool = open_spool(spool_path)
    assert {entry.name for entry in spool.scan("default")} == set(names)
    assert not list(spool.quarantined())
    spool.close()


def test_dropping_needs_a_yes(console: Console, spool_path: Path) -> None:
    [name] = quarantined(spool_path)

    refused = console("quarantine", "drop", name)
    dropped = console("quarantine", "drop", name, "--yes")

    assert (refused.code, dropped.code) == (1, 0)
    assert "say --yes" in refused.err
    assert dropped.out == "1 dropped\n"
    assert not list((spool_path / ".quarantine" / "default").iterdir())


@pytest.mark.parametrize("arguments", [[], ["ffff"]])
def test_what_is_not_chosen_clearly_is_left_alone(
    console: Console, spool_path: Path, arguments: list[str]
) -> None:
    quarantined(spool_path, 2)

    ended = console("quarantine", "requeue", *arguments)

    assert ended.code == 1
    assert len(ended.err.splitlines()) == 1
    assert "2 in quarantine" in console("quarantine", "list").out


ROUTES = """
[[destinations]]
name = "cloud"
upload_uri = "https://cloud.example/studies"
worklist_uri = "https://cloud.example/workitems"
[[destinations]]
name = "research"
upload_uri = "https://research.example/studies"
[[routes]]
called_ae = "CT?"
upload_to = ["research", "cloud"]
[[routes]]
called_ae = "*"
calling_ae = "MR*"
urgent = true
"""


@pytest.mark.parametrize(
    ("called", "calling", "routes", "destinations", "urgent"),
    [
        ("CT1", "MR9", [0], ["research", "cloud"], False),
        ("ANY", "MR9", [1], ["cloud"], True),
        ("ANY", "US1", [], ["cloud"], False),
    ],
)
def test_route_explain_tells_what_the_receiver_would_do(
    console: Console,
    tmp_path: Path,
    called: str,
    calling: str,
    routes: list[int],
    destinations: list[str],
    urgent: bool,
) -> None:
    path = tmp_path / "proxy.toml"
    path.write_text(ROUTES)
    arguments = ["route", "explain", "--called-ae", called, "--calling-ae", calling]

    text = console("--config", path, *arguments)
    found = console("--config", path, *arguments, "--json").json

    assert (found["decided_by"], found["upload_to"]) == (routes, destinations)
    assert (found["urgent"], found["worklist_from"]) == (urgent, "cloud")
    assert ", ".join(destinations) in text.out


def test_a_terminal_without_the_characters_gets_question_marks(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "standalone.cli", "quarantine", "list", "--destination", "山"],
        env={**os.environ, "PYTHONIOENCODING": "ascii"}
        | {"DICOMWEB_PROXY_UPLOAD__URI": URI, "DICOMWEB_PROXY_SPOOL__PATH": str(tmp_path)},
        check=False,
        capture_output=True,
        text=True,
        timeout=30,
    )

    assert ended.returncode == 0, ended.stderr
