"""A watched file: what changes is told once, also what changed while the process started."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.file_watch import BEGUN, watching
from tests.support.waiting import wait_until

EVERY = 0.02  # seconds


@pytest.fixture
def told() -> Iterator[list[int]]:
    found: list[int] = []
    before = signal.signal(signal.SIGHUP, lambda number, _: found.append(number))
    yield found
    signal.signal(signal.SIGHUP, before)


def aged(file: Path, content: str) -> Path:
    """Written before this process began."""
    file.write_text(content)
    os.utime(file, ns=(BEGUN - 10**9, BEGUN - 10**9))
    return file


def test_a_change_is_told_once(tmp_path: Path, told: list[int]) -> None:
    file = aged(tmp_path / "proxy.toml", "one")
    with watching(file, EVERY):
        time.sleep(5 * EVERY)
        assert not told

        file.write_text("another")
        wait_until(lambda: told, 10, "the change is told")
        time.sleep(5 * EVERY)
    assert len(told) == 1


def test_a_file_that_may_be_read_only_later_has_changed_then(
    tmp_path: Path, told: list[int]
) -> None:
    file = aged(tmp_path / "proxy.toml", "one")
    file.chmod(0o000)
    with watching(file, EVERY):
        time.sleep(5 * EVERY)
        assert not told

        file.chmod(0o640)
        wait_until(lambda: told, 10, "the change is told")


def test_a_file_that_changed_while_the_process_started_is_read_again(
    tmp_path: Path, told: list[int]
) -> None:
    (file := tmp_path / "proxy.toml").write_text("newer than what was read, perhaps")

    with watching(file, EVERY):
        wait_until(lambda: told, 10, "it is told")
        time.sleep(5 * EVERY)
    assert len(told) == 1


def test_a_file_that_goes_is_no_change_and_comes_back_as_one(
    tmp_path: Path, told: list[int]
) -> None:
    file = aged(tmp_path / "proxy.toml", "one")
    with watching(file, EVERY):
        file.unlink()
        time.sleep(5 * EVERY)
        assert not told

        file.write_text("back")
        wait_until(lambda: told, 10, "it is told")
