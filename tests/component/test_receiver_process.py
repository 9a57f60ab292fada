"""`python -m receiver` as operators meet it: it starts, drains, recovers, refuses, and explains."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared import segment
from shared.destination import MEBIBYTE
from shared.staging import MOST
from tests.support.data_sets import data_set, element
from tests.support.descriptors import none_left_to
from tests.support.ports import listens
from tests.support.processes import Service
from tests.support.raw_association import (
    Asking,
    RawAssociation,
    c_store_rq,
    fragments,
    p_data,
)
from tests.support.receiver_process import port_of, receiver
from tests.support.small_disk import mounted_disk
from tests.support.spools import content, files_below, keep, open_spool, waiting
from tests.support.waiting import wait_until

BEGUN = 1_500_000  # bytes: too many for a segment


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Service]:
    with receiver(tmp_path) as service:
        yield service


def kept(folder: Path) -> list[Path]:
    return sorted(waiting(folder / "spool"), key=lambda each: each.name)


def test_it_stores_and_is_ready_although_redis_is_down(tmp_path: Path, running: Service) -> None:
    with RawAssociation(port_of(running)) as modality:
        modality.associate()
        assert modality.store(data_set()).status == 0x0000

    assert len(kept(tmp_path)) == 1
    assert running.ready()[0] == 200


def test_what_was_acknowledged_survives_a_kill_and_what_was_not_is_dropped(
    tmp_path: Path, running: Service
) -> None:
    with RawAssociation(port_of(running)) as modality:
        modality.associate()
        assert modality.store(data_set(pixels=b"kept")).status == 0x0000
        modality.send(
            p_data(1, 3, c_store_rq()),
            *fragments(data_set(pixels=bytes(2_000_000)), complete=False),
        )
        wait_until(lambda: len(files_below(tmp_path / "spool")) == 2, 10, "a partial file")
        running.kill()

    running.start()
    wait_until(lambda: len(running.events("receiver.started")) == 2, 30, "it has started again")
    with RawAssociation(port_of(running)) as modality:
        modality.associate()
        assert modality.store(data_set()).status == 0x0000
    assert running.events("spool.recovered")[0]["partial_files"] == 1
    assert len(kept(tmp_path)) == len(files_below(tmp_path / "spool")) == 2
    assert content(kept(tmp_path)[0]).endswith(b"kept")


def test_without_a_descriptor_from_the_first_instance_on_it_refuses_and_later_keeps(
    tmp_path: Path, running: Service
) -> None:
    with RawAssociation(port_of(running)) as modality:
        modality.associate()
        assert running.process
        with none_left_to(running.process.pid):
            refused = [modality.store(data_set()).status for _ in range(MOST + 8)]
        after = [modality.store(data_set()).status for _ in range(3)]

    assert set(refused) == {0xA700}
    assert after == [0x0000] * 3
    assert {each.parent.parent.suffix for each in kept(tmp_path)} == {segment.SUFFIX}


def test_it_drains_before_it_ends(tmp_path: Path, running: Service) -> None:
    port = port_of(running)
    data = data_set(pixels=bytes(2_000_000))
    with RawAssociation(port) as modality:
        modality.associate()
        modality.send(p_data(1, 3, c_store_rq()), *fragments(data[:BEGUN], complete=False))
        wait_until(lambda: files_below(tmp_path / "spool"), 10, "a partial file")

        assert running.process
        running.process.terminate()
        wait_until(lambda: not listens(port) or refused(port), 10, "new associations are refused")
        modality.send(*fragments(data[BEGUN:]))

        assert modality.answer().status == 0x0000
        modality.release()
    assert running.process.wait(20) == 0
    assert len(kept(tmp_path)) == 1
    assert list((tmp_path / "spool" / ".incoming").iterdir()) == []


def test_a_drain_tells_its_start_its_end_and_whom_it_cut_off(tmp_path: Path) -> None:
    with receiver(tmp_path, RECEIVE__DRAIN_TIMEOUT=1) as running:
        with RawAssociation(port_of(running)) as modality:
            modality.associate()
            assert modality.store(data_set()).status == 0x0000
            modality.send(p_data(1, 3, c_store_rq()), *fragments(data_set()[:100], complete=False))

            assert running.terminate() == 0

        [began], [ended] = running.events("acceptor.draining"), running.events("acceptor.drained")
        [association] = running.events("association.ended")
    assert (began["associations"], began["seconds"]) == (1, 1.0)
    assert (ended["level"], ended["cut_off"]) == ("warning", 1)
    assert association["how"] == "cut off by our drain"


def test_a_second_signal_ends_a_drain_and_that_is_told_as_well(tmp_path: Path) -> None:
    with receiver(tmp_path, RECEIVE__DRAIN_TIMEOUT=600) as running:
        with RawAssociation(port_of(running)) as modality:
            modality.associate()
            modality.send(p_data(1, 3, c_store_rq()))
            assert running.process
            running.process.terminate()
            wait_until(lambda: running.events("acceptor.draining"), 10, "it drains")

            assert running.terminate() == 0

        [ended] = running.events("acceptor.drained")
    assert ended["cut_off"] == 1


def test_a_drain_that_cuts_nobody_off_says_so(running: Service) -> None:
    port_of(running)

    assert running.terminate() == 0
    [ended] = running.events("acceptor.drained")
    assert (ended["level"], ended["cut_off"]) == ("info", 0)


def refused(port: int) -> bool:
    with RawAssociation(port) as another:
        another.send(Asking().encode())
        kind, body = another.read()
        return (kind, tuple(body[1:4])) == (3, (2, 3, 1))


def test_above_the_soft_watermark_associations_are_refused_for_now(tmp_path: Path) -> None:
    with receiver(tmp_path, SPOOL__SOFT_RESERVE=2**60) as service:
        assert refused(port_of(service))

        status, said = service.ready()
        assert status == 503
        reason = "free space is below spool.soft_reserve"
        assert said["checks"] == {"spool": reason, "listening": "ok"}
        assert service.events("spool.pressed")[0]["refused"] == "new associations"


def test_a_small_volume_is_no_reason_to_refuse_anybody(tmp_path: Path) -> None:
    (folder := tmp_path / "disk").mkdir()
    with mounted_disk(folder, 64 * MEBIBYTE):
        unset = {"SPOOL__SOFT_RESERVE": "", "SPOOL__HARD_RESERVE": ""}
        with receiver(tmp_path, SPOOL__PATH=folder / "spool", **unset) as service:
            port = port_of(service)
            with RawAssociation(port) as modality:
                modality.associate()
                assert modality.store(data_set()).status == 0x0000
            [told] = service.events("spool.opened")
            assert told["soft_reserve"] == 64 * MEBIBYTE // 10
            assert told["hard_reserve"] == 64 * MEBIBYTE // 40

            (folder / "ballast").write_bytes(bytes(60 * MEBIBYTE))
            wait_until(lambda: refused(port), 10, "the soft reserve holds")


def test_several_processes_share_port_and_spool(tmp_path: Path) -> None:
    with receiver(tmp_path, RECEIVE__PROCESSES=2) as service:
        port = port_of(service)
        wait_until(lambda: len(service.events("receiver.started")) == 2, 30, "both have started")
        for _ in range(20):
            with RawAssociation(port) as modality:
                modality.associate()
                assert modality.store(data_set()).status == 0x0000

        assert service.terminate() == 0
    assert len(kept(tmp_path)) == 20


def test_a_backlog_makes_no_start_slower(tmp_path: Path) -> None:
    """Nothing is scanned at start: 3,000 files here, 200,000 in the benchmark."""
    spool = open_spool(tmp_path / "spool", sync=False)
    [first] = keep(spool, b"first", ["default"])
    folder = spool.file(first).parent
    for number in range(3000):
        (folder / f"{number:024x}~5.dcm").hardlink_to(spool.file(first))
    spool.close()

    with receiver(tmp_path) as service, RawAssociation(port_of(service)) as modality:
        modality.associate()
        assert modality.store(data_set()).status == 0x0000
    assert len(list(spool.scan("default"))) == 3002


def test_nothing_of_the_patient_is_in_the_log(tmp_path: Path) -> None:
    patient = element(0x0010_0010, "PN", "ROE^RICHARD") + element(0x0010_0020, "LO", "PAT4711")
    data = data_set(study=None) + patient

    with receiver(tmp_path) as service:
        port = port_of(service)
        for rq in (c_store_rq(), c_store_rq(b""), c_store_rq(b"PAT4711")):
            with RawAssociation(port) as modality:
                modality.associate()
                modality.store(data, rq=rq)
                modality.store(data_set(instance="PAT4711") + patient, rq=rq)
        wait_until(lambda: len(service.events("association.ended")) == 3, 10, "all is logged")

        assert service.events("instance.irregular")
        assert "ROE" not in service.log
        assert "4711" not in service.log


def test_a_taken_port_is_one_line_and_exit_code_1(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with receiver(tmp_path, RECEIVE__PORT=port, HEALTH__PORT=0) as service:
            assert service.process
            assert service.process.wait(30) == 1

    complaint = f"receiver: cannot listen on 127.0.0.1:{port}: Address already in use\n"
    assert service.log.endswith(complaint)
    assert "Traceback" not in service.log


def test_a_spool_that_cannot_be_used_is_one_line_and_exit_code_1(tmp_path: Path) -> None:
    (tmp_path / "spool").write_text("a file")

    with receiver(tmp_path) as service:
        assert service.process
        assert service.process.wait(30) == 1

    assert service.log.startswith(f"receiver: cannot use the spool {tmp_path}/spool: ")
    assert len(service.log.splitlines()) == 1


def test_a_mistake_in_the_settings_is_exit_code_2(tmp_path: Path) -> None:
    with receiver(tmp_path, RECEIVE__PORT="many") as service:
        assert service.process
        assert service.process.wait(30) == 2

    assert "receive.port" in service.log
    assert "Traceback" not in service.log
