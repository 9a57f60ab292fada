"""The same questions to DCMTK's wlmscpfs and to us, over DCMTK's sample worklist."""

import os
import shutil
import socket
import subprocess
import warnings
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset

from tests.support.peers import lacking, peer
from tests.support.ups_of_mwl import as_json, as_workitem
from tests.support.ups_query import query, settings
from tests.support.ups_scu import associated, responses
from tests.support.ups_server import UpsServer, answer
from tests.support.ups_worklist import serving
from tests.support.waiting import wait_until

EXAMPLES = Path("/usr/share/doc/dcmtk/examples")  # of the Debian package
FOLDER = "OFFIS"
AE_TITLES = ["", "*", "AA32", "AA33", "AB45", "TZ77", "XX"]  # by single values, as K.6-1 has it
MODALITIES = ["", "CT", "MR", "XA"]
DATES = ["", "19951015", "19960101-19960430", "19960401-", "-19951231"]
TIMES = ["", "160700", "080000-120000", "150000-", "-100000"]
ROOT: list[dict[str, str]] = [
    {},
    {"PatientName": "HAYDN*"},
    {"PatientName": "*ANTONIO"},
    {"PatientName": "MOZART^WOLFGANG^AMADEUS"},
    {"PatientName": "V?VALDI^*", "PatientID": "AV35674"},
    {"PatientID": "HF"},
    {"RequestedProcedureID": "RP472"},
    {"RequestedProcedureID": "RP47*"},
    {"RequestingPhysician": "MILLER"},
    {"RequestedProcedurePriority": "LOW"},
]


def convert(dump: Path, target: Path) -> Path:
    subprocess.run(
        [peer("dump2dcm"), "-g", str(dump), str(target)], check=True, capture_output=True
    )
    return target


@pytest.fixture(scope="module")
def worklists(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """DCMTK's sample, as wlmscpfs wants it."""
    source = EXAMPLES / "wlistdb" / FOLDER
    peer("dump2dcm")
    if not source.is_dir():
        lacking(f"DCMTK's examples are not in {EXAMPLES}")
    folder = tmp_path_factory.mktemp("worklists") / FOLDER
    folder.mkdir()
    shutil.copy(source / "lockfile", folder)
    for dump in source.glob("*.dump"):
        convert(dump, folder / f"{dump.stem}.wl")
    return folder.parent


@pytest.fixture(scope="module")
def wlmscpfs(worklists: Path) -> Iterator[int]:
    with socket.socket() as chosen:
        chosen.bind(("127.0.0.1", 0))
        port = int(chosen.getsockname()[1])
    process = subprocess.Popen(
        [peer("wlmscpfs"), "-s", "-dfr", "-dfp", str(worklists), str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "TCP_NODELAY": "1"},
    )
    try:
        wait_until(lambda: listens(port), description="wlmscpfs listens")
        yield port
    finally:
        process.terminate()
        process.wait(10)


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def questions(folder: Path) -> Iterator[Dataset]:
    for dump in sorted((EXAMPLES / "wlistqry").glob("*.dump")):
        yield dcmread(convert(dump, folder / f"{dump.stem}.dcm"), force=True)
    combined = list(product(AE_TITLES, MODALITIES, DATES, TIMES, ROOT))
    for title, modality, date, time, root in combined[::17]:
        if "-" in date and time:
            continue  # wlmscpfs reads the two ranges apart, PS3.4 together
        step = {
            "ScheduledStationAETitle": title,
            "Modality": modality,
            "ScheduledProcedureStepStartDate": date,
            "ScheduledProcedureStepStartTime": time,
        }
        yield query(step, **{"RequestedProcedureID": "", **root})


Found = list[tuple[str, str, str]]


def answers(port: int, asked: list[Dataset]) -> list[Found]:
    """Of each question, who and what was found, and the final status."""
    with associated(port, FOLDER) as association:
        return [sorted(map(summary, responses(association, each))) for each in asked]


def summary(response: tuple[int, Dataset | None]) -> tuple[str, str, str]:
    status, identifier = response
    what = identifier or Dataset()
    name, id_ = str(what.get("PatientName", "")), str(what.get("RequestedProcedureID", ""))
    return f"{status:04X}"[:2], name, id_


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> list[Dataset]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # keys that are patterns and ranges
        return list(questions(tmp_path_factory.mktemp("questions")))


@pytest.fixture(scope="module")
def theirs(wlmscpfs: int, asked: list[Dataset]) -> list[Found]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return answers(wlmscpfs, asked)


@pytest.mark.parametrize("profile", ["ups-standard", "mwl-rs"])
def test_we_find_what_wlmscpfs_finds(
    profile: str, worklists: Path, asked: list[Dataset], theirs: list[Found]
) -> None:
    files = [dcmread(each) for each in sorted((worklists / FOLDER).glob("*.wl"))]
    items = [
        as_workitem(each, number) if profile == "ups-standard" else as_json(each)
        for number, each in enumerate(files)
    ]
    with UpsServer(script=lambda _request: answer(items)) as server, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        configured = settings(server.workitems_uri, profile=profile, name_prefix=False)
        with serving(configured) as worklist:
            ours = answers(worklist.port, asked)

    assert len(asked) > 50
    assert sum(len(each) - 1 for each in theirs) >= 100
    for question, our_answers, their_answers in zip(asked, ours, theirs, strict=True):
        assert our_answers == their_answers, str(question)
