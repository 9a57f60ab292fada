"""Origin servers that do not say what they stored: their silence is never taken for success."""

from pathlib import Path

from shared.errors import Unavailable
from tests.support import answers
from tests.support.delivery import Begin
from tests.support.origin_server import Exchange, OriginServer, well
from tests.support.poison import instances, omitting
from tests.support.waiting import wait_until


def test_what_is_not_named_as_stored_stays(
    begin: Begin, origin_server: OriginServer, tmp_path: Path
) -> None:
    uploader, made = begin(), instances(tmp_path, 3)
    origin_server.always = omitting(made[1].uid)
    kept = uploader.keep(*made)

    uploader.drain.tick()

    assert uploader.left == [kept[1]]


def test_an_unnamed_instance_that_the_server_holds_is_stored(
    begin: Begin, origin_server: OriginServer, tmp_path: Path
) -> None:
    uploader = begin()
    origin_server.script(answers.empty(202))  # stored, and not a word about it
    uploader.keep(*instances(tmp_path, 3))

    uploader.run()

    assert len(origin_server.stores) == 1


def test_a_server_that_stores_nothing_and_says_success_is_held(
    begin: Begin, origin_server: OriginServer, tmp_path: Path
) -> None:
    uploader = begin({}, retry_base=0.05, max_attempts=2)
    origin_server.always = answers.empty(200, store=False)
    uploader.keep(*instances(tmp_path, 4))

    uploader.run_for(1.0)

    assert len(uploader.left) == 4
    assert not list(uploader.at.spool.quarantined())
    origin_server.always = well
    uploader.run()
    assert len(origin_server.held) == 4


def test_a_search_that_fails_does_not_hold_up_what_can_be_stored(
    begin: Begin, origin_server: OriginServer, tmp_path: Path
) -> None:
    uploader, made = begin(), instances(tmp_path, 20)
    omits = omitting(made[0].uid)

    def without_search(exchange: Exchange) -> None:
        (omits if exchange.command == "POST" else answers.status(500))(exchange)

    origin_server.always = without_search
    uploader.keep(*made)

    uploader.run_for(0.5)

    assert len(origin_server.held) == 19


def test_a_lone_instance_met_with_silence_is_never_given_up(
    begin: Begin, origin_server: OriginServer, tmp_path: Path
) -> None:
    uploader = begin({}, max_attempts=2)
    origin_server.always = answers.empty(200, store=False)
    uploader.keep(*instances(tmp_path, 1))

    uploader.run_for(1.0)

    assert len(uploader.left) == 1
    origin_server.always = well
    uploader.run()
    assert len(origin_server.held) == 1


def test_an_instance_that_only_it_is_met_with_silence_is_set_aside(
    begin: Begin, origin_server: OriginServer, tmp_path: Path
) -> None:
    uploader, made = begin({}, max_attempts=3), instances(tmp_path, 30)
    origin_server.always = omitting(made[0].uid)
    uploader.keep(*made[:3])
    for each in made[3:]:
        uploader.keep(each)
        uploader.run_for(0.05)

    uploader.run()

    assert len(origin_server.held) == 29
    [aside] = uploader.at.spool.quarantined()
    assert aside.record["verdict"] == "unaccounted"


def test_after_an_outage_one_that_is_met_with_silence_does_not_hold_up_the_others(
    begin: Begin, origin_server: OriginServer, tmp_path: Path
) -> None:
    uploader, made = begin({}, retry_base=0.05, retry_cap=3600.0), instances(tmp_path, 6)
    origin_server.always = omitting(made[0].uid)
    uploader.keep(made[0])
    turns, cloud = uploader.at.turns, uploader.destination
    for _ in range(17):  # a night of them: the next hold would be an hour
        wait_until(lambda: not uploader.counts.held_for, 5, "the hold ends")
        turn = turns.begin(cloud)
        turns.fault(turn, Unavailable("refuses connections", retry_after=0.001))
        turns.finish(turn)
    uploader.keep(*made[1:])

    uploader.run_for(3.0)

    assert len(origin_server.held) == 5
