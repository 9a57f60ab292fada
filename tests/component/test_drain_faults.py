"""Faults of a destination: they cost no attempt, and one instance may be behind them."""

from pathlib import Path

import pytest

from tests.support import answers
from tests.support.delivery import Begin
from tests.support.origin_server import Answer, OriginServer, well
from tests.support.origin_store import Duplicates
from tests.support.poison import instances, out_of_resources, refusing


@pytest.mark.parametrize(
    "answer", [answers.status(500), answers.drop(store=False)], ids=["500", "reset"]
)
def test_an_instance_that_the_server_fails_on_does_not_hold_up_the_others(
    begin: Begin, origin_server: OriginServer, tmp_path: Path, answer: Answer
) -> None:
    uploader, made = begin({}, max_attempts=1), instances(tmp_path, 200)
    origin_server.always = refusing(made[7].uid, answer)
    uploader.keep(*made[:100])

    uploader.drain.tick()

    assert len(uploader.left) == 1
    for each in made[100:]:
        uploader.keep(each)
        uploader.run_for(0.02)
    uploader.run()
    assert len(origin_server.held) == 199
    [aside] = uploader.at.spool.quarantined()
    assert "failed on alone" in str(aside.record["detail"])


def test_a_connection_lost_after_the_last_byte_costs_no_instance_and_at_most_one_batch_twice(
    begin: Begin, origin_server: OriginServer, tmp_path: Path
) -> None:
    origin_server.holdings.duplicates = Duplicates.AZURE
    uploader = begin({"on_duplicate": "quarantine"})
    origin_server.script(answers.drop(store=True))
    uploader.keep(*instances(tmp_path, 64))

    uploader.run()

    assert len(origin_server.held) == 64
    assert not list(uploader.at.spool.quarantined())
    assert sum(len(each.instances) for each in origin_server.stores) <= 128


@pytest.mark.parametrize("status", [401, 403, 404, 429, 503, 507])
def test_a_fault_of_the_destination_costs_no_attempt_however_long_it_lasts(
    begin: Begin, origin_server: OriginServer, tmp_path: Path, status: int
) -> None:
    uploader = begin({}, max_attempts=1)
    origin_server.always = answers.status(status)
    uploader.keep(*instances(tmp_path, 70))

    uploader.run_for(1.0)

    assert len(uploader.left) == 70
    assert len(origin_server.stores) < 40
    origin_server.always = well
    uploader.run()
    assert len(origin_server.held) == 70
    assert not list(uploader.at.spool.quarantined())


def test_retry_after_is_kept_to(begin: Begin, origin_server: OriginServer, tmp_path: Path) -> None:
    uploader = begin()
    origin_server.script(answers.status(503, headers={"Retry-After": "1"}))
    uploader.keep(*instances(tmp_path, 3))

    uploader.run()

    first, second = origin_server.stores[:2]
    assert second.at - first.at >= 1.0
    assert len(second.instances) == 1  # the probe


def test_a_full_archive_is_held_and_not_asked_for_each_instance(
    begin: Begin, origin_server: OriginServer, tmp_path: Path
) -> None:
    uploader, made = begin(), instances(tmp_path, 64)
    origin_server.always = out_of_resources
    uploader.keep(*made)

    uploader.drain.tick()

    assert len(origin_server.stores) == 2
    assert uploader.counts.faults == 1
    uploader.run_for(0.5)
    assert len(uploader.left) == 64
    origin_server.always = well
    uploader.run()
    assert len(origin_server.held) == 64
