"""Workitems damaged at random: the others are answered, and nobody gets a failure for them."""

import asyncio
import copy
import json
import random
import warnings
from typing import Any

import pytest

from tests.support.ups_items import YAMADA, value, yamada
from tests.support.ups_query import answered, query, settings
from tests.support.ups_server import UpsServer, answer
from worklist.find import WorklistService

ROUNDS = 400
GOOD = yamada(t00080018=value("UI", "1.2.826.1.1"), t00100020=value("LO", "GOOD"))
DAMAGE: list[Any] = [
    None, "", "text", 7, -1.5, True, [], {}, [None], [[]], [{}], {"Value": None}, {"Value": 7},
    {"Value": "x"}, {"Value": [None, {}, [], 1e400]}, {"vr": "SQ", "Value": [[[]]]},
    {"vr": None, "Value": ["\ud800"]}, {"vr": "XX", "Value": ["\x00\x1b\\\\=^"]},
    {"vr": "PN", "Value": [{"Alphabetic": 7, "Ideographic": ["x"]}]},
    {"vr": "DT", "Value": ["99999999999999999999"]}, {"vr": "UI", "Value": ["1." * 60]},
    "y" * 100_000,
]  # fmt: skip


def damaged(chance: random.Random, whole: dict[str, Any]) -> Any:
    """A copy with one to four places, at any depth, replaced."""
    item = copy.deepcopy(whole)
    for _ in range(chance.randint(1, 4)):
        place: Any = item
        while isinstance(place, (dict, list)) and place:
            keys = list(place) if isinstance(place, dict) else list(range(len(place)))
            key = chance.choice(keys)
            if chance.random() < 0.4 or not isinstance(place[key], (dict, list)):
                place[key] = copy.deepcopy(chance.choice(DAMAGE))
                break
            place = place[key]
    if chance.random() < 0.1:
        item[chance.choice(["", "0", "zzzzzzzz", "0040a370", "FFFFFFFF"])] = value("LO", "x")
    return item


@pytest.mark.parametrize("profile", ["ups-standard", "mwl-rs"])
def test_damage_stays_where_it_is(profile: str) -> None:
    chance = random.Random(f"{profile} 4")
    step = {
        "Modality": "",
        "ScheduledStationAETitle": "CT*",
        "ScheduledProcedureStepStartDate": "20240105",
        "ScheduledProcedureStepStartTime": "",
        "ScheduledProcedureStepID": "",
        "ScheduledProtocolCodeSequence": [],
    }
    asked = query(
        step if profile == "ups-standard" else {"Modality": ""},
        PatientName="*",
        PatientBirthDate="",
        StudyInstanceUID="",
        AccessionNumber="",
        RequestedProcedureID="",
        RequestedProcedureCodeSequence=[],
    )
    good, whole = GOOD, YAMADA
    if profile == "mwl-rs":
        good, whole = _as_worklist_item(GOOD), _as_worklist_item(YAMADA)

    async def run(server: UpsServer) -> WorklistService:
        service = WorklistService(settings(server.workitems_uri, profile=profile))
        for _ in range(ROUNDS):
            items = [damaged(chance, whole), good, damaged(chance, whole)]
            server.script = lambda _request, items=items: answer(items)
            found = await answered(service, asked)
            assert found.status == 0x0000, json.dumps(items)
            assert "GOOD" in found.ids, json.dumps(items)
        await service.close()
        return service

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pydicom's, of the values
        with UpsServer(script=lambda _request: answer([])) as server:
            service = asyncio.run(run(server))

    assert service.counts["broken"] == 0
    assert service.counts["matches"] > ROUNDS


def _as_worklist_item(workitem: dict[str, Any]) -> dict[str, Any]:
    step = {
        "00400001": value("AE", "CT01"),
        "00400002": value("DA", "20240105"),
        "00400003": value("TM", "103000"),
        "00080060": value("CS", "CT"),
    }
    return {**workitem, "00400100": value("SQ", step), "0020000D": value("UI", "1.2")}
