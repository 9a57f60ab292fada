"""What the receiver's log says of a refusal, in the numbers and words that people look for."""

from pathlib import Path
from typing import Any

import pytest

from shared.watermark import WHY, Pressure
from tests.support import dcmtk
from tests.support.authority import Authority
from tests.support.data_sets import data_set
from tests.support.ports import free_port, listens
from tests.support.processes import Service
from tests.support.raw_association import Asking, RawAssociation, c_store_rq, fragments, p_data
from tests.support.receiver_process import port_of, receiver
from tests.support.waiting import wait_until


def refusal(service: Service, port: int) -> object:
    """Of DCMTK's echoscu, as the log has it."""
    assert dcmtk.run("echoscu", "-aet", "CT1", "127.0.0.1", port).returncode != 0
    wait_until(lambda: service.events("association.refused"), 10, "it is told")
    return service.events("association.refused")[0]["reason"]


def test_with_tls_alone_the_port_that_is_told_is_that_of_tls(tmp_path: Path) -> None:
    ours, port = Authority(tmp_path).issue("proxy"), free_port()
    files = {
        "RECEIVE__TLS_CERTIFICATE_FILE": ours.certificate,
        "RECEIVE__TLS_KEY_FILE": ours.key,
        "RECEIVE__TLS_PORT": port,
    }
    with receiver(tmp_path, RECEIVE__PLAIN="false", **files) as service:
        wait_until(lambda: service.events("receiver.started"), 30, "it has started")
        [started] = service.events("receiver.started")

        assert (started["port"], started["tls_port"]) == (None, port)
        assert listens(port)


@pytest.mark.parametrize(
    ("setting", "refused"),
    [
        ("SPOOL__SOFT_RESERVE", "new associations"),
        ("SPOOL__HARD_RESERVE", "new associations and every instance"),
    ],
)
def test_a_start_with_too_little_space_says_so_before_anybody_connects(
    tmp_path: Path, setting: str, refused: str
) -> None:
    reserves = {"SPOOL__SOFT_RESERVE": 2**60, setting: 2**60}
    with receiver(tmp_path, **reserves) as service:
        wait_until(lambda: service.events("receiver.started"), 30, "it has started")

        [pressed] = service.events("spool.pressed")
        assert pressed["refused"] == refused


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        (
            {"ADMISSION__CALLED_AE": '["PROXY"]'},
            "1,1,7: called AE title not recognized, admission.called_ae does not list it",
        ),
        (
            {"ADMISSION__STRANGERS": "refuse", "PEERS": '[{"calling_ae": "MR*"}]'},
            "1,1,3: calling AE title not recognized, it is none of [[peers]]",
        ),
        (
            {"PEERS": '[{"calling_ae": "CT*", "may": []}]'},
            "1,1,3: calling AE title not recognized, its [[peers]] entry allows nothing",
        ),
        (
            {"SPOOL__SOFT_RESERVE": 2**60},
            f"2,3,1: temporary congestion, the spool is full: {WHY[Pressure.SOFT]}",
        ),
    ],
)
def test_a_refusal_is_told_in_the_numbers_of_the_standard_and_in_words(
    tmp_path: Path, settings: dict[str, Any], reason: str
) -> None:
    with receiver(tmp_path, **settings) as service:
        assert refusal(service, port_of(service)) == reason


@pytest.mark.parametrize(
    ("settings", "limit"),
    [
        ({"RECEIVE__MAX_ASSOCIATIONS": 1}, "receive.max_associations is 1"),
        ({"RECEIVE__MAX_ASSOCIATIONS_PER_AE": 1}, "receive.max_associations_per_ae is 1"),
        ({"RECEIVE__MAX_ASSOCIATIONS_PER_ADDRESS": 1}, "receive.max_associations_per_address is 1"),
        (
            {"PEERS": '[{"calling_ae": "CT*", "max_associations": 1}]'},
            "max_associations of its [[peers]] entry is 1",
        ),
    ],
)
def test_of_a_limit_it_is_told_which(tmp_path: Path, settings: dict[str, Any], limit: str) -> None:
    with receiver(tmp_path, **settings) as service:
        port = port_of(service)
        with RawAssociation(port) as first:
            first.associate(Asking(calling=b"CT1"))

            assert refusal(service, port) == f"2,3,2: local limit exceeded, {limit}"


def test_the_status_of_what_a_peer_may_not_do_is_told_once_for_each_association(
    tmp_path: Path,
) -> None:
    known = '[{"calling_ae": "RAW", "may": ["echo"]}]'
    with receiver(tmp_path, PEERS=known) as service:
        with RawAssociation(port_of(service)) as modality:
            modality.associate(Asking(calling=b"RAW"))
            assert [modality.store(data_set()).status for _ in range(3)] == [0x0124] * 3
            modality.release()
        wait_until(lambda: service.events("association.ended"), 10, "it has ended")
        [told] = service.events("request.refused")

    assert (told["status"], told["operation"]) == ("0x0124", "C-STORE")
    assert told["reason"] == "peers.may does not allow it"
    assert told["calling_ae"] == "RAW"


def test_during_a_drain_the_congestion_is_not_said_to_be_a_full_disk(tmp_path: Path) -> None:
    with receiver(tmp_path) as service:
        port = port_of(service)
        with RawAssociation(port) as busy:
            busy.associate()
            busy.send(p_data(1, 3, c_store_rq()), *fragments(data_set()[:100], complete=False))
            assert service.process
            service.process.terminate()
            wait_until(lambda: service.events("acceptor.draining"), 10, "it drains")

            assert refusal(service, port) == "2,3,1: temporary congestion, we are draining"
            status, said = service.ready()
            assert status == 503
            assert said["checks"] == {"spool": "ok", "listening": "is draining"}
