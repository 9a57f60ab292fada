"""Processes under supervision: none outlives its parent, what falls is started again."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from standalone.ready import Announced, announce
from standalone.tree import Program, StartFailed, Tree
from tests.support.waiting import wait_until

SLEEPER = ("--exec", "/bin/sleep", "1000")
PARENT = """
import sys
from standalone.tree import Program, Tree
tree = Tree()
tree.start(Program("sleeper", {arguments!r}, {environment!r}, lambda p: str(p.pid), grace=5))
print(tree._running[0].process.pid, flush=True)
tree.stop_on_signals()
sys.exit(tree.watch())
"""


@pytest.fixture
def tree() -> Iterator[Tree]:
    made = Tree()
    yield made
    made.stop()


def program(*arguments: str, serves: Callable[[Announced], str | None] | None = None) -> Program:
    return Program("test", arguments, dict(os.environ), serves or (lambda _: ""), grace=5)


def shell(script: str) -> tuple[str, ...]:
    return ("--exec", "/bin/sh", "-c", script)


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
@pytest.mark.parametrize("arguments", [SLEEPER, ("tests.support.waits",)])
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_no_child_outlives_its_parent_however_that_ends(
    number: signal.Signals, arguments: tuple[str, ...]
) -> None:
    script = PARENT.format(arguments=arguments, environment=dict(os.environ))
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as parent:
        assert parent.stdout
        child = int(parent.stdout.readline())
        assert alive(child)

        parent.send_signal(number)
        parent.wait(20)

    wait_until(lambda: not alive(child), 10, "the child to end")


def test_sighup_waits_for_a_program_that_has_just_been_born(tree: Tree) -> None:
    def told(process: Announced) -> str | None:
        process.send_signal(signal.SIGHUP)
        return process.wait_ready(20)

    assert tree.start(program("tests.support.told", serves=told)) == "told"


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_a_binary_has_sighup_as_it_would_have_it_elsewhere(tree: Tree, tmp_path: Path) -> None:
    status = tmp_path / "status"
    tree.start(program(*shell(f"cp /proc/self/status {status}; exec sleep 1000")))
    wait_until(lambda: status.exists() and "SigCgt" in status.read_text(), 20, "its status")

    said = dict(line.split(":\t") for line in status.read_text().splitlines())
    for each in ("SigBlk", "SigIgn", "SigCgt"):
        assert not int(said[each], 16) & 1 << signal.SIGHUP - 1


def test_what_falls_is_started_again_after_a_pause(tree: Tree, tmp_path: Path) -> None:
    marks = tmp_path / "marks"
    tree.start(program(*shell(f"echo here >> {marks}; exit 3")))

    def stop_after_three() -> None:
        wait_until(
            lambda: marks.exists() and len(marks.read_text().splitlines()) >= 3,
            20,
            "the third start",
        )
        tree.request_stop()

    watcher = threading.Thread(target=stop_after_three)
    watcher.start()

    assert tree.watch() == 0
    watcher.join()


def test_a_fall_for_wrong_settings_ends_everything(tree: Tree) -> None:
    tree.start(program(*SLEEPER))
    tree.start(program(*shell("exit 2")))

    assert tree.watch() == 2


@pytest.mark.parametrize(("code", "expected"), [(1, 1), (2, 2), (7, 1)])
def test_what_ends_before_it_serves_fails_with_its_exit_code(
    tree: Tree, code: int, expected: int
) -> None:
    with pytest.raises(StartFailed) as failed:
        tree.start(program(*shell(f"exit {code}"), serves=lambda process: process.wait_ready(20)))

    assert failed.value.code == expected


def test_children_are_ended_last_started_first(tree: Tree, tmp_path: Path) -> None:
    ends = tmp_path / "ends"
    for name in ("first", "second"):
        ready = tmp_path / name
        trap = f'trap "echo {name} >> {ends}; exit 0" TERM; touch {ready}'
        tree.start(program(*shell(f"{trap}; while :; do sleep 0.02; done")))
        wait_until(ready.exists, 10, "the trap to be set")

    tree.stop()

    assert ends.read_text().split() == ["second", "first"]


def test_an_announcement_reaches_the_parent() -> None:
    code = "from standalone import ready; ready.announce('here'); ready.announce('twice')"

    with Announced([sys.executable, "-c", code]) as process:
        assert process.wait_ready(20) == "here"


def test_a_process_that_ends_in_silence_is_not_waited_for() -> None:
    with Announced([sys.executable, "-c", "pass"]) as process:
        assert process.wait_ready(20) is None


def test_an_announcement_nobody_waits_for_is_no_fault() -> None:
    announce("nobody listens")
