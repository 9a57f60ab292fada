"""A program that still runs while a later version keeps instances in its spool."""

from pathlib import Path

import pytest

from shared import layout_version
from shared.errors import SpoolError
from shared.record import BLOCK
from shared.spool import VERSION, Spool
from shared.spool_check import Kind, check, repair
from tests.support.segmented import damage, gathering
from tests.support.spools import files_below, open_spool
from tests.unit.shared.test_damage import CONTENT, overwrite


def mark(root: Path, version: int) -> None:
    (root / layout_version.FILE).write_text(f"{version}\n")


def set_aside(spool: Spool) -> list[str]:
    return [each.name for each in spool.quarantined()]


def test_what_it_cannot_prove_is_left_to_the_later_one(tmp_path: Path) -> None:
    with gathering(tmp_path) as own:
        entry = own.keep(CONTENT)
        overwrite(own, entry, BLOCK + 500, b"in another way")
        mark(tmp_path, VERSION + 1)
        before = files_below(tmp_path)

        with pytest.raises(SpoolError, match="was written by a later version"):
            own.spool.quarantine(entry, {})

        assert files_below(tmp_path) == before
        assert list(own.spool.scan("cloud")) == [entry]
        mark(tmp_path, VERSION)
        own.spool.quarantine(entry, {})
        assert set_aside(own.spool) == [entry.name]


def test_so_is_what_is_no_record_to_it(tmp_path: Path) -> None:
    with gathering(tmp_path) as own:
        entry = own.keep(CONTENT)
        damage(own, entry)
        own.keep(CONTENT)
    spool = open_spool(tmp_path)
    [found] = [each for each in check(spool, ["cloud"]) if each.kind is Kind.DAMAGED]
    mark(tmp_path, VERSION + 1)
    before = own.segment(entry).read_bytes()

    with pytest.raises(SpoolError, match="was written by a later version"):
        spool.quarantine_damage(found.path, {})

    assert own.segment(entry).read_bytes() == before
    assert set_aside(spool) == []
    mark(tmp_path, VERSION)
    assert repair(spool, found) == "set aside in quarantine"


def test_what_is_sound_can_be_set_aside(tmp_path: Path) -> None:
    """An archive refuses it, whoever asks."""
    with gathering(tmp_path) as own:
        entry = own.keep(CONTENT)
        mark(tmp_path, VERSION + 1)

        own.spool.quarantine(entry, {})

        assert set_aside(own.spool) == [entry.name]
