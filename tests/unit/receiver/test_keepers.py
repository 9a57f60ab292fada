"""No instance is refused while a thread still works on it."""

import threading

import pytest

from receiver.keepers import KEEPERS, keepers
from shared.errors import SpoolError


def named() -> int:
    return sum(each.name.startswith("keeper") for each in threading.enumerate())


def fail_from(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only so many threads can be started."""
    start, started = threading.Thread.start, iter(range(number))

    def limited(thread: threading.Thread) -> None:
        if next(started, None) is None:
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr("threading.Thread.start", limited)


def test_where_no_thread_can_be_started_any_more_work_is_done_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pool = keepers()
    assert named() == KEEPERS
    fail_from(0, monkeypatch)

    done = [pool.submit(pow, 2, each) for each in range(3 * KEEPERS)]

    assert [each.result(10) for each in done] == [2**each for each in range(3 * KEEPERS)]
    pool.shutdown()
    assert named() == 0


@pytest.mark.parametrize("number", [0, 1, KEEPERS - 1])
def test_too_few_threads_are_none(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    fail_from(number, monkeypatch)

    with pytest.raises(SpoolError, match="no thread can be started"):
        keepers()

    assert named() == 0
