"""Requeue and drop on the status page: as the command does it, and for nobody who forges a form."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.redis_server import RedisServer
from tests.support.status_page import USER, Visit, audited, quarantined, waiting


def test_requeued_is_back_in_the_spool_and_audited(
    visit: Visit, tmp_path: Path, redis: RedisServer
) -> None:
    first, second = quarantined(tmp_path, 2)
    visit.log_in()

    answer = visit.decide("requeue", first)

    assert answer.headers["location"] == "/?requeued=1"
    assert "1 requeued" in visit.text(answer.headers["location"])
    assert waiting(tmp_path) == 1
    assert second in visit.text()
    assert redis.client.get("dcm:scans") == b"1"  # the uploader looks now
    [message] = audited(tmp_path)
    assert message["ActiveParticipant"][0]["UserID"] == USER
    assert message["ActiveParticipant"][0]["NetworkAccessPointID"] == "127.0.0.1"
    assert message["EventIdentification"]["EventActionCode"] == "U"


def test_all_of_it_is_requeued(visit: Visit, tmp_path: Path) -> None:
    quarantined(tmp_path, 3)
    visit.log_in()

    visit.decide("requeue-all")

    assert waiting(tmp_path) == 3
    assert "Nothing is in quarantine" in visit.text()


def test_dropping_is_asked_about_first(visit: Visit, tmp_path: Path) -> None:
    [item] = quarantined(tmp_path)
    visit.log_in()

    asked = visit.decide("drop", item)
    there = item in visit.text()
    dropped = visit.decide("drop", item, confirmed="yes")

    assert "Delete 1 for good?" in asked.text
    assert there
    assert dropped.headers["location"] == "/?dropped=1"
    assert not list((tmp_path / "spool" / ".quarantine" / "default").iterdir())
    [message] = audited(tmp_path)
    assert message["EventIdentification"]["EventActionCode"] == "D"


def test_what_somebody_else_decided_meanwhile_is_said(visit: Visit, tmp_path: Path) -> None:
    [item] = quarantined(tmp_path)
    visit.log_in()
    visit.decide("requeue", item)

    late = visit.decide("drop", item, confirmed="yes")
    invented = visit.decide("drop", "../../etc/passwd", confirmed="yes")

    assert (late.status_code, invented.status_code) == (409, 409)
    assert waiting(tmp_path) == 1


@pytest.mark.parametrize(
    "forged",
    [
        {"headers": {"Origin": "https://elsewhere.example"}},
        {"headers": {"Origin": "null"}},
        {"headers": {"Origin": "http://["}},
        {"headers": {"Origin": "http://127.0.0.1:1"}},
        {"headers": {"Sec-Fetch-Site": "cross-site"}},
        {"token": "0" * 43},
        {"cookies": "none"},
    ],
    ids=lambda forged: next(iter(forged)),
)
def test_a_forged_form_does_nothing(visit: Visit, tmp_path: Path, forged: dict[str, Any]) -> None:
    [item] = quarantined(tmp_path)
    visit.log_in()
    token = forged.get("token") or visit.token()
    if "cookies" in forged:
        visit.cookies.clear()

    answer = visit.post(
        "/quarantine",
        data={"token": token, "action": "requeue", "item": item},
        headers=forged.get("headers"),
    )

    assert answer.status_code == 403
    assert waiting(tmp_path) == 0


def test_a_form_without_an_origin_does_nothing(visit: Visit, tmp_path: Path) -> None:
    [item] = quarantined(tmp_path)
    visit.log_in()
    fields = {"token": visit.token(), "action": "requeue", "item": item}
    del visit.headers["Origin"]

    assert visit.post("/quarantine", data=fields).status_code == 403
    assert visit.get("/quarantine").status_code == 404
    assert waiting(tmp_path) == 0


@pytest.mark.parametrize("field", ["detail", "sop_instance_uid", "attempts"])
def test_a_record_with_half_a_character_hides_nothing(
    visit: Visit, tmp_path: Path, field: str
) -> None:
    [item] = quarantined(tmp_path)
    record = tmp_path / "spool" / ".quarantine" / f"{item}.json"
    record.write_text(json.dumps({field: "<i>\ud800"}))
    visit.log_in()

    shown = visit.get("/")

    assert shown.status_code == 200
    assert "&lt;i&gt;?" in shown.text
    assert "Delete 1 for good?" in visit.decide("drop", item).text
    assert visit.decide("requeue", item).status_code == 303
    assert len(audited(tmp_path)) == 1
