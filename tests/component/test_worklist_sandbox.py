"""The sandbox's worklist: workitems created, found, claimed and completed (PS3.18 11)."""

import asyncio
import json
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from standalone.sandbox.ups import routes
from standalone.sandbox.ups_sample import STEPS, sample_worklist
from standalone.sandbox.ups_store import UpsStore, value_of
from tests.support.ups_items import many, value, yamada
from tests.support.ups_server import UpsServer

TRANSACTION = "1.2.826.55.1"


@pytest.fixture
def sandbox() -> Iterator[httpx.Client]:
    with UpsServer() as server, httpx.Client(base_url=server.base, timeout=5) as client:
        yield client


def state(name: str, transaction: str = TRANSACTION) -> dict[str, Any]:
    return {"00741000": value("CS", name), "00081195": value("UI", transaction)}


def create(client: httpx.Client, uid: str = "1.2.3", item: Any = None) -> httpx.Response:
    return client.post(f"/workitems?{uid}", json=[yamada() if item is None else item])


def test_a_workitem_is_created_and_retrieved(sandbox: httpx.Client) -> None:
    created = create(sandbox)

    [found] = sandbox.get("/workitems/1.2.3").json()
    assert created.status_code == 201
    assert created.headers["content-location"] == "/workitems/1.2.3"
    assert value_of(found, "00080018") == "1.2.3"
    assert value_of(found, "00100020") == "P1"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"no JSON", 400),
        (b"[]", 400),
        (b'["text"]', 400),
        (json.dumps([yamada(t00741000=value("CS", "COMPLETED"))]).encode(), 400),
        (b"[" + b" " * (2 << 20) + b"]", 400),
    ],
)
def test_what_is_no_new_workitem_is_refused(
    sandbox: httpx.Client, body: bytes, status: int
) -> None:
    response = sandbox.post("/workitems?1.2.3", content=body)

    assert response.status_code == status
    assert sandbox.get("/workitems/1.2.3").status_code == 404


def test_a_uid_is_taken_once(sandbox: httpx.Client) -> None:
    assert create(sandbox).status_code == 201
    assert create(sandbox).status_code == 409


def test_a_workitem_is_claimed_updated_and_completed(sandbox: httpx.Client) -> None:
    create(sandbox)

    claimed = sandbox.put("/workitems/1.2.3/state", json=state("IN PROGRESS"))
    strange = sandbox.post("/workitems/1.2.3", json={"00741204": value("LO", "other")})
    updated = sandbox.post(
        f"/workitems/1.2.3?transaction-uid={TRANSACTION}",
        json={"00741204": value("LO", "contrast given")},
    )
    completed = sandbox.put("/workitems/1.2.3/state", json=state("COMPLETED"))
    again = sandbox.put("/workitems/1.2.3/state", json=state("COMPLETED"))

    [found] = sandbox.get("/workitems/1.2.3").json()
    assert (claimed.status_code, strange.status_code, updated.status_code) == (200, 409, 200)
    assert (completed.status_code, again.status_code) == (200, 200)
    assert "already" in again.headers["warning"]
    assert value_of(found, "00741204") == "contrast given"
    assert value_of(found, "00741000") == "COMPLETED"
    assert "00081195" not in found  # the transaction UID is a key and never shown


@pytest.mark.parametrize(
    "changes",
    [
        [("COMPLETED", TRANSACTION)],
        [("IN PROGRESS", "")],
        [("IN PROGRESS", TRANSACTION), ("COMPLETED", "1.2.9")],
        [("IN PROGRESS", TRANSACTION), ("IN PROGRESS", "1.2.9")],
        [("IN PROGRESS", TRANSACTION), ("CANCELED", TRANSACTION), ("COMPLETED", TRANSACTION)],
    ],
)
def test_no_other_way_from_state_to_state(
    sandbox: httpx.Client, changes: list[tuple[str, str]]
) -> None:
    create(sandbox)

    codes = [
        sandbox.put("/workitems/1.2.3/state", json=state(*change)).status_code for change in changes
    ]

    assert codes == [200] * (len(codes) - 1) + [409]


def test_a_cancel_may_be_asked_for(sandbox: httpx.Client) -> None:
    create(sandbox)

    assert sandbox.post("/workitems/1.2.3/cancelrequest").status_code == 202
    assert sandbox.post("/workitems/9.9/cancelrequest").status_code == 404


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("", 40),
        ("00100020=P7", 1),
        ("PatientID=P1*", 11),
        ("00404005=20240105000100-20240105000300", 3),
        ("00404025.00080100=CT01", 40),
        ("ScheduledStationClassCodeSequence.CodeValue=MR", 0),
        ("limit=15", 15),
        ("limit=15&offset=30", 10),
    ],
)
def test_searches_by_the_book(query: str, count: int) -> None:
    with UpsServer(many(40)) as server:
        response = httpx.get(f"{server.workitems_uri}?{query}")

    found = response.json() if response.status_code == 200 else []
    assert len(found) == count


@pytest.mark.parametrize(
    ("profile", "status", "body"),
    [("by-the-book", 204, b""), ("pyupsrs", 404, b""), ("emulator", 200, b"[]")],
)
def test_servers_say_none_in_their_own_way(profile: str, status: int, body: bytes) -> None:
    with UpsServer(profile=profile) as server:
        response = httpx.get(f"{server.workitems_uri}?PatientID=NOBODY")

    assert (response.status_code, response.content) == (status, body)


@pytest.mark.parametrize(
    "query",
    [
        "00101030=70",
        "00100020=",
        "00100020=P1&00100020=P2",
        "00404025.00080100=CT01&00404026.00080100=CT",
        "includefield=all,00100020",
        "includefield=0040A370.00080050",
        "limit=201",
        "00404005=20240105000000%2B0100",
    ],
)
def test_azure_refuses_much(query: str) -> None:
    with UpsServer(many(3), "azure") as server:
        assert httpx.get(f"{server.workitems_uri}?{query}").status_code == 400


def test_more_than_a_server_gives_at_once_is_told_in_a_warning() -> None:
    with UpsServer(many(1200), "dcm4chee") as server:
        response = httpx.get(f"{server.workitems_uri}?limit=5000")

    assert len(response.json()) == 1000
    assert "200 additional results" in response.headers["warning"]


def test_another_media_type_is_not_acceptable(sandbox: httpx.Client) -> None:
    response = sandbox.get("/workitems", headers={"Accept": "application/dicom+xml"})

    assert response.status_code == 406


def test_the_worklist_outlives_the_process(tmp_path: Path) -> None:
    path = tmp_path / "workitems.json"
    store = UpsStore(path, sample_worklist)
    store.open()
    store.create("1.2.3", yamada())
    store.change_state("1.2.3", "IN PROGRESS", TRANSACTION)

    again = UpsStore(path, sample_worklist)
    again.open()

    kept = again.get("1.2.3")
    assert kept
    assert value_of(kept, "00741000") == "IN PROGRESS"
    assert len(again.all()) == len(STEPS) + 1
    assert [each.name for each in tmp_path.iterdir()] == ["workitems.json"]


def test_the_sample_moves_on_with_the_day_except_what_was_claimed(tmp_path: Path) -> None:
    path = tmp_path / "workitems.json"
    yesterday = date.today() - timedelta(days=1)  # noqa: DTZ011 - the day on the wall is meant
    store = UpsStore(path, lambda _today: sample_worklist(yesterday))
    store.open()
    first = store.all()[0]
    uid = value_of(first, "00080018")
    store.change_state(uid, "IN PROGRESS", TRANSACTION)
    content = json.loads(path.read_text("utf-8"))
    path.write_text(json.dumps({**content, "sampled": f"{yesterday:%Y%m%d}"}), "utf-8")

    again = UpsStore(path, sample_worklist)
    again.open()

    starts = {value_of(each, "00080018"): value_of(each, "00404005") for each in again.all()}
    assert starts[uid] == value_of(first, "00404005")
    assert f"{date.today():%Y%m%d}" in {start[:8] for start in starts.values()}  # noqa: DTZ011


def test_the_sandbox_takes_no_more_than_a_sandbox_should() -> None:
    store = UpsStore(capacity=1)
    app = Starlette(routes=routes(store))
    transport = httpx.ASGITransport(app=app)

    async def fill() -> list[int]:
        async with httpx.AsyncClient(transport=transport, base_url="http://sandbox") as client:
            responses = [
                await client.post(f"/workitems?1.{number}", json=yamada()) for number in range(2)
            ]
            return [each.status_code for each in responses]

    assert asyncio.run(fill()) == [201, 507]
