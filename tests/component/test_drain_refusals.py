"""Refusals: the culprit is found, set aside with the reason, and costs no other instance."""

from pathlib import Path

import pytest

from tests.support import answers
from tests.support.delivery import Begin
from tests.support.instances import make
from tests.support.origin_server import Answer, Exchange, OriginServer, well
from tests.support.origin_store import Duplicates
from tests.support.poison import failing, instances, refusing


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


@pytest.mark.parametrize("status", [400, 409, 422])
def test_a_server_that_refuses_everything_costs_no_instance(
    begin: Begin, origin_server: OriginServer, tmp_path: Path, status: int
) -> None:
    uploader = begin({}, max_attempts=2)
    refused = answers.status(status)
    search_too = answers.status(204)
    origin_server.always = lambda exchange: (refused if exchange.command == "POST" else search_too)(
        exchange
    )
    uploader.keep(*instances(tmp_path, 100))

    uploader.run_for(1.0)

    assert not list(uploader.at.spool.quarantined())
    assert len(origin_server.stores) < 60
    origin_server.always = well
    uploader.run()
    assert len(origin_server.held) == 100


def test_many_that_are_refused_without_a_reason_do_not_block_the_others(
    begin: Begin, origin_server: OriginServer, tmp_path: Path
) -> None:
    uploader, made = begin({}, max_attempts=1, retry_cap=0.05), instances(tmp_path, 30)
    poison = {each.uid for each in made[:10]}

    def refusing_many(exchange: Exchange) -> None:
        if exchange.command == "POST" and poison & {each.uid for each in exchange.read_instances()}:
            exchange.respond(400)
        else:
            well(exchange)

    origin_server.always = refusing_many
    uploader.keep(*made)

    uploader.run(30)

    assert len(origin_server.held) == 20
    assert len(list(uploader.at.spool.quarantined())) == 10


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


def test_a_limit_on_the_size_of_requests_is_met_once_and_not_with_each_batch(
    begin: Begin, origin_server: OriginServer, tmp_path: Path
) -> None:
    uploader, made = begin({}), instances(tmp_path, 256, size=1000)
    limited = answers.status(413)

    def small_only(exchange: Exchange) -> None:
        size = int(exchange.headers.get("Content-Length", "0"))
        (limited if size > 40_000 else well)(exchange)

    origin_server.always = small_only
    uploader.keep(*made)

    uploader.run()

    assert len(origin_server.held) == 256
    assert len(origin_server.stores) < 16
