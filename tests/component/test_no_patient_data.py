"""Patient data goes where it is meant to go, and through no side door.

A site at debug level receives, fails, quarantines, answers and crashes with instances, workitems
and servers' words that are full of canaries; then everything it left is searched for them.
"""

import os
import signal
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from itertools import count

import pytest
from pydicom import config
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian
from starlette.requests import Request
from starlette.responses import Response

from standalone import modality, study
from standalone.modality import Target
from tests.support.canaries import canary, fill
from tests.support.data_sets import data_set, element
from tests.support.irregular import NAME_AS_UID, irregular, text
from tests.support.raw_association import (
    Answer,
    Asking,
    RawAssociation,
    c_store_rq,
    command,
    p_data,
    us,
)
from tests.support.raw_association import element as command_element
from tests.support.talkative_servers import STORE, refusing, worklist_answers
from tests.support.ups_scu import associated, pending
from tests.support.waiting import wait_until
from tests.support.watched_site import Site, Traces, watched_site

CHANNELS = (
    "logs",
    "Redis",
    "file names",
    "spool records",
    "DIMSE responses",
    "health endpoint",
    "command line",
    "audit trail",
)
COMMANDS = ("quarantine list", "quarantine show --all", "status", "spool check")
PATIENCE = 40.0  # seconds
AFFECTED_CLASS, AFFECTED_INSTANCE = 0x0002, 0x1000  # of a command set
WORKLIST = "1.2.840.10008.5.1.4.31"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    left = worklist_answers()
    turns = count()

    def script(request: Request) -> Response:
        return left[min(next(turns), len(left) - 1)](request)

    with watched_site(tmp_path_factory.mktemp("site"), script) as running:
        _receive(running)
        _ask(running)
        _upload(running)
        _crash(running)
        yield running


@pytest.fixture(scope="module")
def traces(site: Site) -> Traces:
    return site.collect()


@pytest.mark.timeout(120)
@pytest.mark.parametrize("channel", CHANNELS)
def test_no_canary_is_found_in(traces: Traces, channel: str) -> None:
    assert traces.seen[channel]
    assert traces.leaks(channel) == []


@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    ("service", "event"),
    [
        ("receiver", "instance.kept"),
        ("receiver", "instance.irregular"),
        ("receiver", "instance.refused"),
        ("receiver", "instance.discarded"),
        ("receiver", "redis.lost"),
        ("uploader", "batch.stored"),
        ("uploader", "destination.held"),
        ("uploader", "instance.refused"),
        ("uploader", "instance.quarantined"),
        ("worklist", "worklist.answered"),
        ("worklist", "worklist.unanswered"),
        ("worklist", "worklist.search_refused"),
    ],
)
def test_the_canaries_came_by(site: Site, traces: Traces, service: str, event: str) -> None:
    assert traces.seen
    assert site.services[service].events(event)


def _instances() -> list[Dataset]:
    made = list(study.instances(datetime(2026, 11, 24, tzinfo=UTC)))[:8]
    for number, each in enumerate(made):
        fill(each, first=1 + number * 2000)
    return made


def _store(site: Site, instances: list[Dataset], called: str = "CT") -> None:
    syntaxes = (ExplicitVRLittleEndian, ImplicitVRLittleEndian)
    contexts = [modality.context(instances[0].SOPClassUID, each) for each in syntaxes]
    target = Target("127.0.0.1", site.port, called)
    with modality.association(target, contexts) as made:
        for each in instances:
            site.traces.note("DIMSE responses", str(made.send_c_store(each)))


def _receive(site: Site) -> None:
    made = _instances()
    site.cloud.script(*STORE)
    site.cloud.always = refusing({str(made[0].SOPInstanceUID), NAME_AS_UID})
    _store(site, made[:4], "BOTH")
    made[4].file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
    _store(site, made[4:6])
    _store(site, made[6:7], "REFUSE")
    _store(site, made[6:7], "DISCARD")
    for rq, data in irregular():
        with RawAssociation(site.port) as raw, suppress(EOFError, ConnectionError):
            raw.associate(Asking(calling=b"RAW"))
            answer = raw.store(data, rq=rq)
            _note(site, answer)
    with RawAssociation(site.port) as raw:  # breaks off in the middle
        raw.associate()
        raw.send(p_data(1, 3, c_store_rq()), p_data(1, 0, text() + data_set()))


def _note(site: Site, answer: Answer) -> None:
    """What a requestor calls an instance is returned to it as it is (PS3.7 9.3.1.2)."""
    elements = answer.elements.items()
    said = [
        value for number, value in elements if number not in {AFFECTED_CLASS, AFFECTED_INSTANCE}
    ]
    site.traces.note("DIMSE responses", *said, answer.data)


def _upload(site: Site) -> None:
    uploader = site.services["uploader"]
    wait_until(lambda: len(uploader.events("instance.quarantined")) > 1, PATIENCE, "a quarantine")
    wait_until(lambda: uploader.events("batch.stored"), PATIENCE, "a stored batch")
    site.look_around()
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda each: site.command(*each.split()), COMMANDS))
    site.command("quarantine", "requeue", "--all")


def _ask(site: Site) -> None:
    with associated(site.worklist_port) as association:
        for number, query in enumerate(_queries() * 2, start=1):
            for status, _ in pending(association, query, number):
                site.traces.note("DIMSE responses", str(status))
    rq = command(
        command_element(0x0002, WORKLIST.encode()), us(0x0100, 0x20), us(0x0110, 1), us(0x0800, 1)
    )
    asking = Asking(contexts=((1, WORKLIST, (str(ExplicitVRLittleEndian),)),))
    unknown = element(0x0008_0005, "CS", canary(70_011))
    for identifier in (text()[:-3], text() + b"\xff" * 9, unknown + text(), unknown[3:]):
        with RawAssociation(site.worklist_port) as raw, suppress(EOFError, ConnectionError):
            raw.associate(asking)
            answer = raw.store(identifier, rq=rq)
            _note(site, answer)


def _queries() -> list[Dataset]:
    def asking(name: str, value: str, start: str = "") -> Dataset:
        query, step = Dataset(), Dataset()
        query.SpecificCharacterSet = "ISO_IR 192"
        query.PatientName = query.PatientID = query.AccessionNumber = ""
        setattr(query, name, value)
        step.add_new(0x0040_0002, "DA", start)
        step.Modality = ""
        query.ScheduledProcedureStepSequence = [step]
        return query

    with config.disable_value_validation(), warnings.catch_warnings(action="ignore"):
        return [
            asking("PatientID", ""),
            asking("PatientName", f"{canary(70_020)}*"),
            asking("PatientID", canary(70_021)),
            asking("AccessionNumber", canary(70_022)),
            asking("PatientID", "", start=canary(70_023)),
        ]


def _crash(site: Site) -> None:
    """Redis goes and comes back; a worker, the receiver and the worklist die in the middle."""
    receiver, uploader = site.services["receiver"], site.services["uploader"]
    site.redis.kill()
    _store(site, _instances()[:1])
    wait_until(lambda: receiver.events("redis.lost"), PATIENCE, "Redis to be missed")
    site.redis.start()
    os.kill(uploader.children[0], signal.SIGKILL)
    wait_until(lambda: receiver.events("redis.found"), PATIENCE, "Redis to be found")
    with RawAssociation(site.port) as raw:
        raw.associate()
        raw.send(p_data(1, 3, c_store_rq()), p_data(1, 0, text()))
        receiver.kill()
    receiver.start()
    receiver.wait_ready()
