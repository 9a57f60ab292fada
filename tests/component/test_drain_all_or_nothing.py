"""Archives that store all of a request or nothing: the culprit's company is stored all the same."""

from pathlib import Path

import pytest

from tests.support.delivery import Begin
from tests.support.origin_server import Answer, Exchange, OriginServer, well
from tests.support.origin_store import FAILED
from tests.support.poison import instances


def all_or_nothing(poison: str, reason: int, *, names_all: bool) -> Answer:
    """Rolls back what holds the poison, and names it, or all that it was sent with."""

    def answer(exchange: Exchange) -> None:
        sent = exchange.read_instances() if exchange.command == "POST" else []
        if poison not in {each.uid for each in sent}:
            well(exchange)
            return
        named = [each.uid for each in sent if names_all or each.uid == poison]
        failed = [
            {"00081155": {"vr": "UI", "Value": [uid]}, "00081197": {"vr": "US", "Value": [reason]}}
            for uid in named
        ]
        exchange.respond_json(409, {FAILED: {"vr": "SQ", "Value": failed}})

    return answer


@pytest.mark.parametrize("most", [1, 3])
@pytest.mark.parametrize("names_all", [False, True])
@pytest.mark.parametrize("reason", [0x0110, 0xC000, 0xA900])
def test_only_the_culprit_is_set_aside(
    begin: Begin,
    origin_server: OriginServer,
    tmp_path: Path,
    reason: int,
    most: int,
    *,
    names_all: bool,
) -> None:
    uploader, made = begin({}, max_attempts=most), instances(tmp_path, 8)
    origin_server.always = all_or_nothing(made[2].uid, reason, names_all=names_all)
    uploader.keep(*made)

    uploader.run()

    assert len(origin_server.held) == 7
    [aside] = uploader.at.spool.quarantined()
    assert aside.record["sop_instance_uid"] == made[2].uid
    alone = [each for each in origin_server.stores if each.instances == (made[2].uid,)]
    assert alone, "it was refused by itself too"
