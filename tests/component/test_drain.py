"""A tick against a real origin server: what leaves the spool, and in which order."""

import time
from pathlib import Path

from tests.support import answers
from tests.support.delivery import Begin
from tests.support.instances import make
from tests.support.origin_server import Exchange, OriginServer
from tests.support.poison import instances
from uploader.room import QUICK


def test_what_is_stored_leaves_the_spool_byte_for_byte(
    begin: Begin, origin_server: OriginServer, tmp_path: Path
) -> None:
    uploader, made = begin(), instances(tmp_path, 5)
    uploader.keep(*made)

    uploader.drain.tick()

    assert not uploader.left
    assert {uid: each.part_sha256 for uid, each in origin_server.held.items()} == {
        each.uid: each.part_sha256 for each in made
    }
    assert uploader.counts.totals == {"requests": 1, "stored": 5}


def test_a_flood_goes_in_full_batches(
    begin: Begin, origin_server: OriginServer, tmp_path: Path
) -> None:
    uploader = begin({"batch_instances": 10})
    uploader.keep(*instances(tmp_path, 25))

    uploader.drain.tick()

    assert [len(each.instances) for each in origin_server.stores] == [10, 10, 5]


def test_batches_grow_where_the_server_answers_soon(
    begin: Begin, origin_server: OriginServer, tmp_path: Path
) -> None:
    uploader = begin({"batch_instances": 100})
    uploader.keep(*instances(tmp_path, 170))

    uploader.drain.tick()

    assert [len(each.instances) for each in origin_server.stores] == [64, 100, 6]


def test_batches_stay_small_where_the_server_takes_its_time(
    begin: Begin, origin_server: OriginServer, tmp_path: Path
) -> None:
    uploader = begin({"batch_instances": 100})
    origin_server.script(answers.delayed(QUICK + 0.2))
    uploader.keep(*instances(tmp_path, 130))

    uploader.drain.tick()

    assert [len(each.instances) for each in origin_server.stores] == [64, 64, 2]


def test_two_receptions_of_one_instance_are_both_sent_in_order(
    begin: Begin, origin_server: OriginServer, tmp_path: Path
) -> None:
    uploader = begin()
    first, second = make(tmp_path, 1, salt=1), make(tmp_path, 1, salt=2)
    uploader.keep(first)
    uploader.keep(second)

    uploader.run()

    assert origin_server.holdings.stores == [first.uid] * 2
    assert origin_server.held[first.uid].part_sha256 == second.part_sha256


def test_a_file_that_is_gone_is_forgotten(begin: Begin, tmp_path: Path) -> None:
    uploader = begin()
    gone, *_ = uploader.keep(*instances(tmp_path, 3))
    uploader.at.spool.file(gone).unlink()

    uploader.drain.tick()

    assert uploader.counts.totals == {"requests": 1, "stored": 2}
    assert (uploader.counts.waiting, uploader.counts.leased) == (0, 0)


def test_a_lease_is_renewed_for_as_long_as_a_request_takes(
    begin: Begin, origin_server: OriginServer, tmp_path: Path
) -> None:
    uploader = begin({}, lease=0.3)
    origin_server.script(answers.delayed(0.3))
    uploader.keep(*instances(tmp_path, 2))
    ended: list[int] = []

    def reap_meanwhile(_: Exchange) -> bool:
        while len(ended) < 60:
            time.sleep(0.01)
            ended.append(uploader.at.index.reap("cloud"))
        return False

    origin_server.gate = reap_meanwhile
    uploader.run()

    assert not any(ended)
    assert len(origin_server.stores) == 1


def test_a_tick_that_is_told_to_stop_ends_after_the_request_under_way(
    begin: Begin, origin_server: OriginServer, tmp_path: Path
) -> None:
    uploader = begin({"batch_instances": 2})

    def stop(exchange: Exchange) -> bool:
        del exchange
        uploader.at.stopping.set()
        return False

    origin_server.gate = stop
    uploader.keep(*instances(tmp_path, 6))

    uploader.drain.tick()

    assert len(origin_server.held) == 2
    assert (uploader.counts.waiting, uploader.counts.leased) == (4, 0)


def test_an_urgent_instance_overtakes_what_waits(
    begin: Begin, origin_server: OriginServer, tmp_path: Path
) -> None:
    uploader, made = begin({"batch_instances": 2}), instances(tmp_path, 5)
    uploader.keep(*made[:4])
    uploader.keep(made[4], urgent=True)

    uploader.run()

    assert origin_server.stores[0].instances == (made[4].uid,)
