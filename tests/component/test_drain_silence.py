"""Origin servers that do not say what they stored: their silence is never taken for success."""

from pathlib import Path

import pytest

from shared.errors import Unavailable
from tests.support import answers
from tests.support.delivery import Begin
from tests.support.instances import make
from tests.support.origin_server import Answer, Exchange, OriginServer, well
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


def keeping_the_older(status: int = 200, *, shows: bool = True) -> Answer:
    """Stores under a new UID alone, and says success without a word. `shows`: has WADO-RS."""

    def answer(exchange: Exchange) -> None:
        if exchange.command == "POST":
            [sent] = exchange.read_instances()
            answers.empty(status, store=sent.uid not in exchange.origin.held)(exchange)
        elif exchange.command == "GET" and "?" not in exchange.path and not shows:
            exchange.respond(404)
        else:
            well(exchange)

    return answer


@pytest.mark.parametrize("status", [200, 202])
def test_a_corrected_image_that_is_dropped_in_silence_is_set_aside(
    begin: Begin, origin_server: OriginServer, tmp_path: Path, status: int
) -> None:
    uploader = begin({"on_duplicate": "quarantine"})
    origin_server.always = keeping_the_older(status)
    uploader.keep(make(tmp_path))
    uploader.run()
    assert not list(uploader.at.spool.quarantined()), "the same bytes are there"

    uploader.keep(make(tmp_path, salt=1))
    uploader.run()

    [aside] = uploader.at.spool.quarantined()
    assert aside.record["verdict"] == "conflict"


@pytest.mark.parametrize("upsert", [True, False])
def test_a_corrected_image_that_is_dropped_in_silence_replaces_the_older_where_it_should(
    begin: Begin, origin_server: OriginServer, tmp_path: Path, *, upsert: bool
) -> None:
    uploader, newer = begin({"on_duplicate": "overwrite"}), make(tmp_path, salt=1)
    origin_server.upsert = upsert
    origin_server.always = keeping_the_older()
    uploader.keep(make(tmp_path))
    uploader.run()

    uploader.keep(newer)
    uploader.run()

    assert origin_server.held[newer.uid].part_sha256 == newer.part_sha256
    assert not list(uploader.at.spool.quarantined())


def test_a_corrected_image_among_others_is_set_aside_alone(
    begin: Begin, origin_server: OriginServer, tmp_path: Path
) -> None:
    uploader, [first, *others] = begin({"on_duplicate": "quarantine"}), instances(tmp_path, 4)
    uploader.keep(first)
    uploader.run()
    omits = omitting(first.uid)
    origin_server.always = omits

    uploader.keep(make(tmp_path, salt=1), *others)
    uploader.run()

    assert len(origin_server.held) == 4
    [aside] = uploader.at.spool.quarantined()
    assert aside.record["verdict"] == "conflict"
    assert aside.record["sop_instance_uid"] == first.uid


@pytest.mark.parametrize("policy", ["quarantine", "overwrite"])
def test_an_archive_that_shows_no_bytes_is_believed(
    begin: Begin, origin_server: OriginServer, tmp_path: Path, policy: str
) -> None:
    uploader = begin({"on_duplicate": policy})
    origin_server.always = keeping_the_older(shows=False)
    uploader.keep(make(tmp_path))

    uploader.run()

    assert len(origin_server.stores) == 1
    assert not list(uploader.at.spool.quarantined())
