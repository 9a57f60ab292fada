"""Compares every 0x0000 that was given with what the origin server holds, by SHA-256."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from shared.spool import Spool
from shared.spool_sections import SpoolSettings
from tests.chaos.rig import BATCH, Rig
from tests.chaos.senders import Sent
from uploader.instance import read_instance


@dataclass(frozen=True, slots=True)
class Verdict:
    sent: int  # instances answered 0x0000
    stored: int
    duplicates: int  # of one reception
    may_be_duplicates: int  # at most
    not_identical: int  # UIDs stored with several byte sequences
    quarantined: int
    poison: int
    wrongly_quarantined: int
    spared: int  # poison that is neither in quarantine nor stored by a fault of the server's
    waiting: int  # still in the spool
    lost: int

    def faults(self) -> Iterator[str]:
        if self.lost:
            yield f"{self.lost} instances were acknowledged and are nowhere"
        if self.waiting:
            yield f"{self.waiting} instances still wait"
        if self.wrongly_quarantined:
            yield f"{self.wrongly_quarantined} good instances are in quarantine"
        if self.spared:
            yield f"{self.spared} unstorable instances are not in quarantine"
        if self.not_identical:
            yield f"{self.not_identical} instances were stored with differing bytes"
        if self.duplicates > self.may_be_duplicates:
            yield f"{self.duplicates} duplicates are more than {self.may_be_duplicates}"


def waiting(rig: Rig) -> set[str]:
    """SOP Instance UIDs of what is still in the spool."""
    spool = _spool(rig)
    found = set()
    for each in spool.scan("cloud"):
        with contextlib.suppress(FileNotFoundError):  # delivered just now
            found.add(read_instance(spool.file(each)).sop_instance_uid)
    return found


def judge(rig: Rig, sent: Sent, interrupted: int) -> Verdict:
    """`interrupted`: requests, at most, that faults of our own processes interrupted."""
    holdings = rig.origin.holdings
    good = {uid for uid in sent.acknowledged if uid not in rig.origin.poison}
    stored = {
        uid
        for uid, digest in sent.acknowledged.items()
        if (held := holdings.held.get(uid)) and held.data_set_sha256 == digest
    }
    # From the files: on a full disk an instance is set aside without its record.
    aside = {read_instance(file).sop_instance_uid for file in _set_aside(rig)}
    left = waiting(rig)
    interrupted += rig.origin.interrupted
    return Verdict(
        sent=len(sent.acknowledged),
        stored=len(stored),
        duplicates=sum(
            max(0, stores.total() - 1 - sent.unanswered[uid])
            for uid, stores in holdings.parts.items()
        ),
        may_be_duplicates=interrupted * BATCH,
        not_identical=sum(len(each) > 1 for each in holdings.parts.values()),
        quarantined=len(aside),
        poison=len(sent.acknowledged) - len(good),
        wrongly_quarantined=len(aside & good),
        spared=len(sent.acknowledged.keys() - good - aside - stored),
        waiting=len(left),
        lost=len(sent.acknowledged.keys() - stored - aside - left),
    )


def _set_aside(rig: Rig) -> Iterator[Path]:
    return (rig.spool / ".quarantine").rglob("*.dcm")


def _spool(rig: Rig) -> Spool:
    return Spool(SpoolSettings(path=rig.spool, soft_reserve=0, hard_reserve=0))
