"""A tick against a real origin server: what leaves the spool, what stays, what is set aside."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support import answers
from tests.support.delivery import Uploading, settings, uploading
from tests.support.instances import Made, make
from tests.support.origin_server import Answer, Exchange, OriginServer, well
from tests.support.origin_store import Duplicates
from tests.support.origins import destination
from tests.support.redis_server import RedisServer

Begin = Callable[..., Uploading]


@pytest.fixture
def begin(redis: RedisServer, origin_server: OriginServer, tmp_path: Path) -> Iterator[Begin]:
    """An uploader with settings of the test's."""
    running: list[Any] = []

    def begun(to: dict[str, Any] | None = None, **upload: Any) -> Uploading:
        target = destination(origin_server.uri, **(to or {}))
        context = uploading(settings(redis.settings, tmp_path, target, **upload))
        running.append(context)
        return context.__enter__()

    yield begun
    for context in running:
        context.__exit__(None, None, None)


def instances(folder: Path, count: int, first: int = 1, **options: Any) -> list[Made]:
    return [make(folder, number, **options) for number in range(first, first + count)]


def refusing(uid: str, answer: Answer) -> Answer:
    """Answers so to each request that holds this instance, and well to others."""

    def either(exchange: Exchange) -> None:
        if exchange.command == "POST" and uid in {each.uid for each in exchange.read_instances()}:
            answer(exchange)
        else:
            well(exchange)

    return either


def failing(uid: str, reason: int | None) -> Answer:
    """Stores all but one, and says why."""

    def answer(exchange: Exchange) -> None:
        status, content = exchange.origin.holdings.store(
            exchange.read_instances(), failures={uid: reason}
        )
        exchange.respond_json(status, content)

    return answer


def omitting(uid: str) -> Answer:
    """Stores all but one, and says nothing of it, as Orthanc does."""

    def answer(exchange: Exchange) -> None:
        if exchange.command != "POST":
            well(exchange)
            return
        kept = [each for each in exchange.read_instances() if each.uid != uid]
        exchange.respond_json(200, exchange.origin.holdings.store(kept)[1])

    return answer


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


@pytest.mark.parametrize("reason", [0xC000, 0xA900, 0x0117])
def test_a_refused_instance_is_set_aside_after_its_attempts_with_the_reason(
    begin: Begin, origin_server: OriginServer, tmp_path: Path, reason: int
) -> None:
    uploader, made = begin(), instances(tmp_path, 3)
    origin_server.always = failing(made[1].uid, reason)
    uploader.keep(*made)

    uploader.run()

    assert len(origin_server.held) == 2
    assert len(origin_server.stores) == 5
    [aside] = uploader.at.spool.quarantined()
    assert aside.record["failure_reason"] == reason
    assert aside.record["attempts"] == 5
    assert aside.destination == "cloud"
    assert uploader.counts.totals["quarantined"] == 1


def test_an_instance_too_large_alone_is_set_aside_at_once(
    begin: Begin, origin_server: OriginServer, tmp_path: Path
) -> None:
    uploader, [made] = begin(), instances(tmp_path, 1)
    origin_server.always = answers.status(413)
    uploader.keep(made)

    uploader.run()

    assert len(origin_server.stores) == 1
    [aside] = uploader.at.spool.quarantined()
    assert aside.record["http_status"] == 413


def test_another_instance_under_the_same_uid_is_set_aside_where_the_policy_says_so(
    begin: Begin, origin_server: OriginServer, tmp_path: Path
) -> None:
    origin_server.holdings.duplicates = Duplicates.GOOGLE
    uploader = begin({"on_duplicate": "quarantine"})
    uploader.keep(make(tmp_path, 1, salt=1))
    uploader.run()
    uploader.keep(make(tmp_path, 1, salt=2))
    uploader.run()

    [aside] = uploader.at.spool.quarantined()
    assert aside.record["verdict"] == "conflict"


@pytest.mark.parametrize(
    ("answer", "most"),
    [
        pytest.param(answers.status(400, "no"), 25, id="the whole request is refused"),
        pytest.param(answers.status(413), 25, id="the whole request is too large"),
        pytest.param(None, 25, id="it alone is refused"),
    ],
)
def test_one_poison_instance_in_a_thousand_costs_no_other_and_few_requests(
    begin: Begin, origin_server: OriginServer, tmp_path: Path, answer: Answer | None, most: int
) -> None:
    uploader, made = begin(), instances(tmp_path, 1000, size=800)
    poison = made[617].uid
    origin_server.always = refusing(poison, answer or failing(poison, 0xC000))
    uploader.keep(*made)

    uploader.run()

    assert len(origin_server.held) == 999
    assert len(list(uploader.at.spool.quarantined())) == 1
    assert len(origin_server.stores) <= 16 + most  # 16 batches of 64 hold them all


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


def test_no_record_of_quarantine_names_a_patient(
    begin: Begin, origin_server: OriginServer, tmp_path: Path
) -> None:
    uploader, [made] = begin({}, max_attempts=1), instances(tmp_path, 1)
    origin_server.always = answers.status(
        409,
        {
            "00081198": {
                "vr": "SQ",
                "Value": [
                    {
                        "00081155": {"vr": "UI", "Value": [made.uid]},
                        "00081197": {"vr": "US", "Value": [0xC000]},
                        "00090097": {"vr": "LT", "Value": ["SYNTHETIC^PATIENT is unknown"]},
                    }
                ],
            }
        },
    )
    uploader.keep(made)

    uploader.run()

    written = [each.read_bytes() for each in tmp_path.rglob("*.json")]
    assert len(written) == 1
    assert b"SYNTHETIC" not in written[0]
    assert made.uid.encode() in written[0]  # by which people can find it where it came from
