"""An upload URI with variables: each instance goes to the URI of who sent it, and to no other."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.sender import Sender
from tests.support import answers
from tests.support.data_sets import data_set, element
from tests.support.delivery import Uploading, settings, uploading
from tests.support.instances import Made, make
from tests.support.origin_server import Answer, Exchange, OriginServer, well
from tests.support.origins import destination
from tests.support.proxy import proxy
from tests.support.raw_association import Asking, RawAssociation
from tests.support.redis_server import RedisServer
from tests.support.waiting import wait_until

GOOD, LOST, OTHER = Sender("GOOD", "CT1", "CT"), Sender("LOST", "CT2", "CT"), Sender("OTHER")


def by_sender(server: OriginServer) -> str:
    return f"http://127.0.0.1:{server.port}/aets/{{called_ae}}/studies"


@pytest.fixture
def uploader(
    redis: RedisServer, origin_server: OriginServer, tmp_path: Path
) -> Iterator[Uploading]:
    target = destination(by_sender(origin_server))
    with uploading(settings(redis.settings, tmp_path, target, max_attempts=3)) as running:
        yield running


def only(*known: str) -> Answer:
    """A server that has no service but for these AE titles."""

    def answer(exchange: Exchange) -> None:
        if exchange.path.split("/")[2] in known:
            well(exchange)
        else:
            exchange.read_body()
            answers.status(404)(exchange)

    return answer


def stored_at(server: OriginServer) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for each in server.stores:
        found.setdefault(each.path, set()).update(each.instances)
    return found


def test_instances_go_to_the_uri_of_their_sender_and_share_requests_only_there(
    uploader: Uploading, origin_server: OriginServer, tmp_path: Path
) -> None:
    made = [make(tmp_path, number) for number in range(30)]
    for number, each in enumerate(made):
        uploader.keep(each, sender=(GOOD, OTHER, Sender("A B%", "", ""))[number % 3])

    uploader.run()

    assert stored_at(origin_server) == {
        "/aets/GOOD/studies": {each.uid for each in made[0::3]},
        "/aets/OTHER/studies": {each.uid for each in made[1::3]},
        "/aets/A%20B%25/studies": {each.uid for each in made[2::3]},
    }
    assert len(origin_server.stores) == 3


def test_what_was_kept_before_there_were_variables_goes_to_unknown(
    uploader: Uploading, origin_server: OriginServer, tmp_path: Path
) -> None:
    uploader.keep(made := make(tmp_path))

    uploader.run()

    assert stored_at(origin_server) == {"/aets/UNKNOWN/studies": {made.uid}}


def test_a_sender_without_a_service_there_is_set_aside_and_holds_up_nobody(
    uploader: Uploading, origin_server: OriginServer, tmp_path: Path
) -> None:
    origin_server.always = only("GOOD")
    lost = [make(tmp_path, number) for number in range(12)]
    uploader.keep(*lost, sender=LOST)
    good: list[Made] = []

    def stream() -> None:
        good.append(make(tmp_path, 100 + len(good)))
        uploader.keep(good[-1], sender=GOOD)

    for _ in range(200):
        stream()
        uploader.run_for(0.05)
        if not any(each.sender == LOST for each in uploader.left):
            break
    uploader.run()

    aside = list(uploader.at.spool.quarantined())
    assert len(aside) == len(lost)
    assert {str(each.record["detail"]) for each in aside} == {
        "has no such service at this address (404), for this sender alone"
    }
    assert {each.uid for each in good} <= set(origin_server.held)


def test_requeued_it_goes_where_it_was_to_go(
    uploader: Uploading, origin_server: OriginServer, tmp_path: Path
) -> None:
    [entry] = uploader.keep(made := make(tmp_path), sender=LOST)
    uploader.at.spool.quarantine(entry, {"reason": "a test"})
    [aside] = uploader.at.spool.quarantined()

    again = uploader.at.spool.requeue(aside)
    uploader.at.index.add([again])
    uploader.run()

    assert again.sender == LOST
    assert stored_at(origin_server) == {"/aets/LOST/studies": {made.uid}}


def test_a_server_that_has_no_service_for_anybody_costs_no_instance(
    uploader: Uploading, origin_server: OriginServer, tmp_path: Path
) -> None:
    for number in range(20):
        uploader.keep(make(tmp_path, number), sender=(GOOD, OTHER)[number % 2])
    origin_server.always = only()

    uploader.run_for(2.0)

    assert not list(uploader.at.spool.quarantined())
    assert uploader.counts.totals["holds"] > 1
    origin_server.always = well
    uploader.run()
    assert len(origin_server.held) == 20


def test_from_the_modality_to_the_archive(tmp_path: Path, origin_server: OriginServer) -> None:
    base = f"http://127.0.0.1:{origin_server.port}"
    whole = data_set()
    at = whole.index(element(0x0020_000D, "UI", "1.2.3"))
    made = whole[:at] + element(0x0008_0060, "CS", "MR") + whole[at:]
    uri = f"{base}/{{called_ae}}/{{calling_ae}}/{{modality}}/studies"
    with proxy(tmp_path, UPLOAD__URI=uri) as running:
        for calling, content in ((b"MR 1", made), (b"..", whole)):
            with RawAssociation(running.port) as modality:
                modality.associate(Asking(called=b"PROXY", calling=calling))
                assert modality.store(content).status == 0x0000

        wait_until(lambda: len(origin_server.stores) == 2, 40, "both are sent")

    assert {each.path for each in origin_server.stores} == {
        "/PROXY/MR%201/MR/studies",
        "/PROXY/UNKNOWN/UNKNOWN/studies",
    }
