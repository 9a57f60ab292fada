"""Completion in real shells, and that all commands are as documented."""

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from standalone.cli import COMMANDS, parser
from standalone.command_tree import Node, tree
from standalone.completions import SHELLS
from standalone.exits import EXITS, PROGRAM
from tests.support.cli import Console
from tests.support.commands_reference import PAGE, page
from tests.support.peers import peer

Complete = Callable[..., set[str]]

ROOT = tree(parser())
NOT_QUESTIONS = {("up",), ("sandbox",), ("demo",), ("page",)}
BASH = """
source "$1"; shift
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
_dicomweb_proxy
printf '%s\\n' "${COMPREPLY[@]}"
"""
ZSH = """
compdef() { }
compadd() { shift; print -rl -- ${(M)@:#${words[CURRENT]}*} }
_files() { print -rl -- ${words[CURRENT]}*(N) }
source "$1"; shift
words=("$@"); CURRENT=$#
_dicomweb_proxy
"""


def shell(name: str, script: Path, words: list[str], folder: Path) -> set[str]:
    commands = {
        "bash": ["-c", BASH, "bash", str(script), *words],
        "zsh": ["-f", "-c", ZSH, "zsh", str(script), *words],
        "fish": [
            "--no-config",
            "-c",
            f"source {script}; complete -C '{' '.join(words)}'",
        ],
    }
    done = subprocess.run(
        [peer(name), *commands[name]], capture_output=True, text=True, check=False, cwd=folder
    )
    assert done.stderr == ""
    return {line.partition("\t")[0] for line in done.stdout.splitlines() if line}


@pytest.fixture(params=["bash", "zsh", "fish"])
def complete(request: pytest.FixtureRequest, tmp_path: Path) -> Complete:
    name = request.param
    script = tmp_path / "completion"
    script.write_text(SHELLS[name](PROGRAM, ROOT))
    folder = tmp_path / "here"
    folder.mkdir()
    (folder / "zz image.dcm").touch()
    return lambda *words: shell(name, script, [PROGRAM, *words], folder)


def test_a_shell_completes_commands(complete: Complete) -> None:
    assert COMMANDS.keys() <= complete("")
    assert complete("qu") == {"quarantine"}
    assert {"list", "show", "requeue", "drop"} <= complete("quarantine", "")
    assert "list" not in complete("quarantine", "list", "")


def test_a_shell_completes_options_of_the_command_at_hand(complete: Complete) -> None:
    assert complete("status", "--w") == {"--watch"}
    assert complete("spool", "check", "--de") == {"--deep"}
    assert complete("echo", "--w") == set()
    assert "--yes" in complete("quarantine", "drop", "--")
    assert "--yes" not in complete("quarantine", "show", "--")


def test_a_shell_completes_values(complete: Complete) -> None:
    assert complete("completion", "ba") == {"bash"}
    assert complete("status", "--config", "zz") == {"zz image.dcm"}
    assert complete("send", "zz") == {"zz image.dcm"}
    assert complete("echo", "--port", "zz") == set()


@pytest.mark.parametrize("name", SHELLS)
def test_the_command_prints_the_script(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    console = Console(monkeypatch, capsys)

    assert console("completion", name).out == SHELLS[name](PROGRAM, ROOT)
    assert console("completion", name, "--json").json["shell"] == name


def test_every_question_can_be_answered_in_json() -> None:
    def asks(node: Node) -> bool:
        return bool(node.path) and not node.children and node.path not in NOT_QUESTIONS

    silent = [
        each.path
        for each in ROOT.every()
        if asks(each) and not any("--json" in option.names for option in each.options)
    ]
    assert silent == []


def test_the_page_says_what_the_program_does() -> None:
    assert PAGE.read_text("utf-8") == page(), "run `make docs`"


def test_help_names_every_exit_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    console = Console(monkeypatch, capsys)
    for arguments in ([], *([name] for name in COMMANDS)):
        helped = console(*arguments, "--help")
        codes = re.findall(r"^  (\d+) +(.+)$", helped.out, re.MULTILINE)
        assert {int(code): text for code, text in codes} == EXITS, arguments


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["config", "show"], 0),
        (["echo", "--port", "9"], 1),
        (["status", "--config", "/nowhere.toml"], 2),
        (["no-such-command"], 2),
        (["status"], 3),
    ],
)
def test_exit_codes_are_as_documented(
    arguments: list[str],
    code: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    console = Console(monkeypatch, capsys)
    console.set(UPLOAD__URI="https://archive.example/studies", SPOOL__PATH=tmp_path / "spool")

    assert console(*arguments).code == code
