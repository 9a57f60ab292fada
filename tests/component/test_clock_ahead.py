"""The machine's clock is ahead by a year: what is in quarantine stays."""

import os
import subprocess
import sys
import time
from pathlib import Path

from shared.spool import Spool
from shared.spool_sections import SpoolSettings
from tests.support.clocks import FAKETIME, faketime
from tests.support.peers import lacking
from tests.support.spools import keep

AGE = 3600.0  # seconds
YEAR = 365 * 86400
TIDY = f"""
import sys, time
from pathlib import Path
from shared.spool import Spool
from shared.spool_sections import SpoolSettings

spool = Spool(SpoolSettings(path=Path(sys.argv[1]), quarantine_age={AGE}))
spool.open()
for _ in range(2):
    spool.tidy()
    print(time.time())
"""


def test_nothing_in_quarantine_is_deleted_for_a_clock_that_is_ahead(tmp_path: Path) -> None:
    library = faketime()
    if library is None:
        lacking(f"{FAKETIME} is not installed")
    spool = Spool(SpoolSettings(path=tmp_path, soft_reserve=0, hard_reserve=0, quarantine_age=AGE))
    spool.open()
    [entry] = keep(spool, bytes(1000))
    spool.quarantine(entry, {})
    spool.tidy()

    ahead = subprocess.run(
        [sys.executable, "-c", TIDY, str(tmp_path)],
        env={
            **os.environ,
            "LD_PRELOAD": str(library),
            "FAKETIME": f"+{YEAR}",
            "DONT_FAKE_MONOTONIC": "1",
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )

    assert ahead.returncode == 0, ahead.stderr
    assert float(ahead.stdout.split()[-1]) > time.time() + YEAR - AGE
    assert [each.name for each in spool.quarantined()] == [entry.name]
