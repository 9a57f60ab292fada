"""Segments under a whole receiver and uploader: what was answered Success is there, and arrives."""

import contextlib
import os
import signal
import threading
from pathlib import Path

import pytest

from shared import kept
from shared.spool_check import check
from tests.support.data_sets import data_set
from tests.support.delivery import Begin
from tests.support.instances import make
from tests.support.origin_server import OriginServer
from tests.support.processes import Service
from tests.support.raw_association import RawAssociation
from tests.support.receiver_process import port_of, receiver
from tests.support.receivers import Announced, receiving
from tests.support.segmented import gathering
from tests.support.small_disk import small_disk
from tests.support.spools import open_spool
from tests.support.waiting import wait_until

SENDERS = 8
SIZES = (10, 3_000, 60_000, 400_000, 1_100_000)  # bytes of pixel data; the last gets a file


class Sender(threading.Thread):
    """Sends one instance after the other until the connection breaks."""

    def __init__(self, port: int, number: int) -> None:
        super().__init__(daemon=True)
        self._port = port
        self._number = number
        self.acknowledged: list[bytes] = []  # data sets

    def run(self) -> None:
        try:
            with RawAssociation(self._port, timeout=20) as modality:
                modality.associate()
                for each in range(100_000):
                    pixels = os.urandom(SIZES[(each + self._number) % len(SIZES)])
                    data = data_set(instance=f"1.2.3.{self._number}.{each + 1}", pixels=pixels)
                    if modality.store(data, number=1).status == 0x0000:
                        self.acknowledged.append(data)
        except (OSError, EOFError, AssertionError, ValueError):
            return


def held(folder: Path) -> list[bytes]:
    spool = open_spool(folder)
    try:
        found = []
        for entry in spool.scan("default"):
            with kept.stream(spool.file(entry)) as stream:
                found.append(stream.read())
            assert len(found[-1]) == entry.size
        return found
    finally:
        spool.close()


def begun(times: int, service: Service) -> None:
    wait_until(lambda: len(service.events("receiver.started")) >= times, 30, "it has started")


def load(senders: list[Sender], more_than: int) -> None:
    for each in senders:
        each.start()
    wait_until(lambda: sum(len(each.acknowledged) for each in senders) > more_than, 60, "a load")


@pytest.mark.parametrize(("processes", "sync"), [(1, True), (2, True), (1, False), (2, False)])
def test_what_was_acknowledged_survives_kills_under_load(
    processes: int, sync: bool, tmp_path: Path
) -> None:
    acknowledged: list[bytes] = []
    with receiver(tmp_path, RECEIVE__PROCESSES=processes, SPOOL__SYNC=sync) as service:
        for round_ in range(3):
            begun((round_ + 1) * processes, service)
            senders = [Sender(port_of(service), 10 * round_ + each) for each in range(SENDERS)]
            load(senders, 60)
            children = service.children
            service.kill()
            for child in children:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(child, signal.SIGKILL)
            for each in senders:
                each.join(30)
                acknowledged += each.acknowledged
            if round_ < 2:
                service.start()

    found = held(tmp_path / "spool")
    for data in acknowledged:
        assert any(each.endswith(data) for each in found)
    assert list((tmp_path / "spool").glob("default/*/*.seg"))
    spool = open_spool(tmp_path / "spool")
    assert list(check(spool, ["default"], deep=True)) == []
    spool.close()


def test_many_at_once_are_all_kept_and_announced(tmp_path: Path) -> None:
    announced = Announced()
    spool = open_spool(tmp_path)
    with receiving(spool, announced) as port:
        senders = [Sender(port, each) for each in range(SENDERS)]
        load(senders, 150)
    for each in senders:
        each.join(30)

    acknowledged = [data for each in senders for data in each.acknowledged]
    kept_all = list(spool.scan("cloud"))
    assert set(announced) == set(kept_all)
    assert len(kept_all) >= len(acknowledged)
    spool.close()


def test_a_disk_that_fills_under_load_keeps_what_it_acknowledged(tmp_path: Path) -> None:
    with small_disk(tmp_path, 8 * 1024 * 1024) as disk:
        spool = open_spool(tmp_path)
        with receiving(spool) as port, RawAssociation(port, timeout=30) as modality:
            modality.associate()
            statuses = []
            for each in range(60):
                if each == 30:
                    disk.fill()
                data = data_set(instance=f"1.2.3.{each + 1}", pixels=bytes([each]) * 200_000)
                statuses.append(modality.store(data).status)
            kept_then = list(spool.scan("cloud"))
            assert set(statuses) == {0x0000, 0xA700}
            assert len(kept_then) == statuses.count(0x0000)
            for entry in kept_then[:5]:
                spool.release(entry)
            disk.free()
            assert modality.store(data_set(instance="1.2.4")).status == 0x0000
        spool.close()


def test_what_is_in_segments_arrives_byte_for_byte(
    begin: Begin, origin_server: OriginServer, tmp_path: Path
) -> None:
    uploading = begin()
    made = [make(tmp_path, n, size=size) for n, size in enumerate([700, 5000, 90_000, 900_000], 1)]
    name = uploading.destination.name
    with gathering(tmp_path / "spool") as own:
        entries = [own.keep(each.path.read_bytes(), to=name) for each in made]
        uploading.at.index.add(entries)

        uploading.run()

        assert uploading.left == []
        assert {uid: each.part_sha256 for uid, each in origin_server.held.items()} == {
            each.uid: each.part_sha256 for each in made
        }
        assert {each["name"] for each in own.spool.ledger()} == {each.name for each in entries}
        assert {each["sha256"] for each in own.spool.ledger()} == {
            each.part_sha256 for each in made
        }
