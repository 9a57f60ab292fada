"""A minute of `make chaos`: receiver, uploaders and Redis as processes, and what befalls them."""

import gc
import time
from pathlib import Path

import pytest

from tests.chaos.faults import KINDS
from tests.chaos.rig import rig
from tests.chaos.scale import Scale
from tests.chaos.senders import Senders
from tests.chaos.verdict import judge, waiting
from tests.support.waiting import wait_until

FAULTS = (
    "worker killed",
    "Redis comes back empty",
    "resets after the last byte",
    "receiver killed",
    "disk is full",
)
EVERY = 2.0  # seconds
SCALE = Scale(400, len(FAULTS), EVERY, poison_every=100, senders=2)


# pynetdicom leaves sockets open whose peer was killed; they are collected below.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.timeout(180)
def test_nothing_acknowledged_is_lost_whatever_befalls(tmp_path: Path) -> None:
    kinds = {each.name: each for each in KINDS}
    made = tmp_path / "made"
    made.mkdir()
    with rig(tmp_path, seed=1) as running:
        senders = Senders(running, SCALE, made)
        senders.start()
        for name in FAULTS:
            kinds[name].befall(running, EVERY / 2)
            time.sleep(EVERY / 2)
        senders.join()
        wait_until(lambda: not waiting(running), 60, "the spool is empty")

        verdict = judge(running, senders.sent, sum(kinds[name].interrupts for name in FAULTS))

    gc.collect()
    assert verdict.sent == SCALE.instances
    assert verdict.lost == 0
    assert list(verdict.faults()) == []
