"""What an operator does to many at once is done to each that lets it be done."""

from pathlib import Path

import pytest

from shared.config import Settings
from shared.errors import SpoolError
from shared.spool_sections import SpoolSettings
from standalone import disposal
from tests.support.spools import keep, open_spool


def test_one_that_cannot_be_dropped_keeps_no_other(tmp_path: Path) -> None:
    spool = open_spool(tmp_path, sync=False)
    entries = [keep(spool, b"data")[0] for _ in range(3)]
    for entry in entries:
        spool.quarantine(entry, {})
    stuck = tmp_path / ".quarantine/cloud" / f"{entries[0].name}.dcm"
    stuck.unlink()
    (stuck / "with something in it").mkdir(parents=True)
    settings = Settings(spool=SpoolSettings(path=tmp_path, sync=False))

    with pytest.raises(SpoolError, match="1 not done, 2 done"):
        disposal.drop(settings, list(spool.quarantined()), "somebody")

    assert [each.name for each in spool.quarantined()] == [entries[0].name]
