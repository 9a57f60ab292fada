"""A segment leaves with the last of its instances, and not before."""

import os
from pathlib import Path

import pytest

from shared import pool, scan
from shared.record import BLOCK, REMOVED
from tests.support.segmented import gathering
from tests.support.spools import open_spool


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (1, 0, 2, 3), (2, 1, 0, 3), (3, 2, 1, 0)])
def test_a_segment_goes_with_the_last_whatever_the_order_and_is_not_looked_through_before(
    order: tuple[int, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[str] = []
    with gathering(tmp_path) as own:
        entries = [own.keep(bytes([each]) * 9000) for each in range(8)]
        file = own.segment(entries[0])
        own.spool.settle()
        part_with = pool.part_with

        def looking(path: str, descriptor: int) -> bool:
            looked.append(path)
            return part_with(path, descriptor)

        monkeypatch.setattr(pool, "part_with", looking)
        for each in order:
            assert file.exists()
            assert own.spool.release_all(dict.fromkeys(entries[2 * each : 2 * each + 2])) == {}
        assert not file.exists()
    # Where one is left behind what went, nothing needs to be asked.
    behind_all = [at for at, each in enumerate(order) if each > max((-1, *order[at + 1 :]))]
    assert len(looked) == len(behind_all)


def test_what_a_crash_cut_short_goes_once_all_before_it_is_delivered(tmp_path: Path) -> None:
    with gathering(tmp_path) as own:
        first, torn = own.keep(b"x" * 9000), own.keep(b"y" * 9000)
        file = own.segment(first)
    os.truncate(file, file.stat().st_size - BLOCK)
    spool = open_spool(tmp_path)
    assert list(spool.scan("cloud")) == [first]
    assert torn.size

    spool.tidy()
    assert file.exists(), "it holds an instance"
    spool.release(first)
    spool.tidy()
    assert not file.exists()


def test_what_is_damaged_stays_for_somebody_to_look_at(tmp_path: Path) -> None:
    with gathering(tmp_path) as own:
        file = own.segment(own.keep(b"x" * 9000))
    with file.open("r+b") as damaged:
        damaged.write(b"damage")
    spool = open_spool(tmp_path)
    spool.tidy()
    assert file.exists()


@pytest.mark.parametrize("look", ["is_empty", "holds_nothing"])
def test_what_is_delivered_while_somebody_looks_was_not_torn(
    look: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with gathering(tmp_path) as own:
        file = own.segment(own.keep(b"x" * 9000))
    spool = open_spool(tmp_path)
    real = getattr(scan, look)

    def slowly(descriptor: int, generation: bytes, **options: bool) -> bool:
        found = bool(real(descriptor, generation, **options))
        if file.exists():
            with file.open("r+b") as elsewhere:
                elsewhere.write(REMOVED)
        return found

    monkeypatch.setattr(scan, look, slowly)
    spool.tidy()
    spool.tidy()

    assert "torn" not in "".join(capsys.readouterr())
