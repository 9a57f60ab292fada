"""DCMTK's findscu asks `dicomweb-proxy up` for the sandbox's worklist."""

import re
from collections.abc import Iterator
from datetime import date, timedelta

import pytest

from standalone.sandbox.ups_sample import STEPS
from tests.support.cli import Console
from tests.support.dcmtk import findscu
from tests.support.proxy import Running, proxy
from tests.support.sandbox import sandbox

STEP = "ScheduledProcedureStepSequence[0]."
TODAY = {step.patient for step in STEPS if step.day == 0}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("worklist")
    with (
        sandbox(folder / "sandbox") as base,
        proxy(folder, WORKLIST__URI=f"{base}/workitems") as up,
    ):
        yield up


def day(offset: int) -> str:
    return (date.today() + timedelta(days=offset)).strftime("%Y%m%d")  # noqa: DTZ011  # as the sample


def patients(running: Running, *keys: str) -> set[str]:
    printed = findscu(running.port, "PatientID", *keys)
    return set(re.findall(r"\(0010,0020\) LO \[(\S+?)\s*\]", printed)) - {""}


def wanted(**fields: object) -> set[str]:
    return {
        step.patient
        for step in STEPS
        if all(getattr(step, name) == value for name, value in fields.items())
    }


def test_without_a_key_everything_scheduled_is_answered(running: Running) -> None:
    assert patients(running, "PatientName") == {step.patient for step in STEPS}


def test_by_date(running: Running) -> None:
    key = STEP + "ScheduledProcedureStepStartDate="

    assert patients(running, key + day(0)) == TODAY
    assert patients(running, key + day(1)) == wanted(day=1)
    assert patients(running, f"{key}{day(0)}-{day(1)}") == TODAY | wanted(day=1)
    assert patients(running, f"{key}{day(3)}-") == set()


def test_by_modality(running: Running) -> None:
    in_ct = wanted(station="CT01") | wanted(station="CT02")

    assert patients(running, STEP + "Modality=CT") == in_ct
    assert patients(running, STEP + "Modality=PT") == set()


def test_by_station(running: Running) -> None:
    assert patients(running, STEP + "ScheduledStationAETitle=MR01") == wanted(station="MR01")


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("DOE*", {"SBX0001", "SBX0002"}),
        ("*^JOHN", {"SBX0002"}),
        ("SMITH*", {"SBX0009", "SBX0010"}),
        ("DOE^JAN?", {"SBX0001"}),
        ("NOBODY*", set()),
    ],
)
def test_by_patient_name_with_wildcards(running: Running, pattern: str, expected: set[str]) -> None:
    assert patients(running, f"PatientName={pattern}") == expected


def test_by_all_of_them_at_once(running: Running) -> None:
    found = patients(
        running,
        "PatientName=*O*",
        STEP + "Modality=CT",
        STEP + "ScheduledStationAETitle=CT01",
        STEP + f"ScheduledProcedureStepStartDate={day(0)}",
    )

    assert found == {"SBX0001", "SBX0002"}


def test_our_own_worklist_command_asks_the_same(
    running: Running, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    console = Console(monkeypatch, capsys)

    text = console("worklist", "--port", running.port, "--modality", "MR")
    found = console("worklist", "--port", running.port, "--date", "all", "--json").json

    assert "山田^太郎" in text.out
    assert "2 found" in text.out
    assert len(found) == len(STEPS)
