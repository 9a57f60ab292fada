"""The audit trail of real services: who connected, what was stored where, who decided."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from shared.sections import PREFIX
from tests.support import answers
from tests.support.canaries import canary
from tests.support.data_sets import CT, element
from tests.support.origin_server import OriginServer
from tests.support.ports import free_port
from tests.support.processes import Service
from tests.support.raw_association import Asking, RawAssociation, c_store_rq, p_data, pdu
from tests.support.redis_server import RedisServer
from tests.support.ups_items import YAMADA
from tests.support.ups_query import query
from tests.support.ups_scu import associated, responses
from tests.support.ups_server import UpsServer
from tests.support.waiting import wait_until

PATIENCE = 30.0  # seconds
Message = dict[str, Any]


class Site:
    def __init__(self, folder: Path, origin: OriginServer, redis: RedisServer, ups: str) -> None:
        self.folder = folder
        self.file = folder / "audit.jsonl"
        self.ports = {name: free_port() for name in ("receiver", "worklist")}
        self.environment: dict[str, object] = {
            "UPLOAD__URI": origin.uri,
            "WORKLIST__URI": ups,
            "UPLOAD__WORKERS": 1,
            "UPLOAD__MAX_ATTEMPTS": 1,
            "RECEIVE__HOST": "127.0.0.1",
            "RECEIVE__PORT": self.ports["receiver"],
            "WORKLIST__HOST": "127.0.0.1",
            "WORKLIST__PORT": self.ports["worklist"],
            "HEALTH__HOST": "127.0.0.1",
            "REDIS__URL": redis.settings.url,
            "SPOOL__PATH": folder / "spool",
            "SPOOL__SOFT_RESERVE": 0,
            "SPOOL__HARD_RESERVE": 0,
            "AUDIT__TO": "file",
            "AUDIT__FILE": self.file,
            "AUDIT__SOURCE": "gateway-1",
        }

    def services(self) -> list[Service]:
        names = ("receiver", "uploader", "worklist")
        return [
            Service(name, self.folder, {**self.environment, "HEALTH__PORT": free_port()})
            for name in names
        ]

    def messages(self, event: str) -> list[Message]:
        if not self.file.exists():
            return []
        found = [json.loads(line) for line in self.file.read_text().splitlines()]
        assert all(
            each["AuditSourceIdentification"]["AuditSourceID"] == "gateway-1" for each in found
        )
        return [
            each
            for each in found
            if each["EventIdentification"]["EventID"]["originalText"] == event
        ]

    def sent_on(self) -> list[Message]:
        return [
            each
            for each in self.messages("DICOM Instances Transferred")
            if each["ActiveParticipant"][0]["UserID"] == "uploader"
        ]

    def received(self) -> list[Message]:
        found = self.messages("DICOM Instances Transferred")
        return [each for each in found if each not in self.sent_on()]

    def quarantine(self, *arguments: str) -> str:
        ours = {PREFIX + key: str(value) for key, value in self.environment.items()}
        done = subprocess.run(
            [sys.executable, "-m", "standalone.cli", "quarantine", *arguments, "--all"],
            env=ours,
            capture_output=True,
            text=True,
            check=True,
            timeout=30,
        )
        return done.stdout


@pytest.fixture
def site(tmp_path: Path, origin_server: OriginServer, redis: RedisServer) -> Iterator[Site]:
    with UpsServer([YAMADA]) as ups:
        yield Site(tmp_path, origin_server, redis, ups.workitems_uri)


def run(site: Site, stack: ExitStack, **more: object) -> None:
    site.environment |= more
    services = site.services()
    for each in services:
        stack.enter_context(each)
    for each in services:
        each.wait_ready()
    wait_until(lambda: services[2].events("acceptor.started"), PATIENCE, "the worklist to listen")


INSTANCE = b"".join(
    element(tag, vr, value)
    for tag, vr, value in (
        (0x0008_0016, "UI", CT),
        (0x0008_0018, "UI", "1.2.3.4"),
        (0x0010_0010, "PN", canary(1)),
        (0x0010_0020, "LO", canary(2)),
        (0x0020_000D, "UI", "1.2.3"),
        (0x0020_000E, "UI", "1.2.3.1"),
    )
)


def store(site: Site) -> None:
    with RawAssociation(site.ports["receiver"]) as modality:
        modality.associate()
        modality.store(INSTANCE)
        modality.release()


def number(message: Message) -> int:
    [described] = message["ParticipantObjectIdentification"]
    return int(described["ParticipantObjectDescription"]["NumberOfInstances"])


def test_it_tells_who_connected_what_went_where_and_who_asked(site: Site) -> None:
    with ExitStack() as stack:
        run(site, stack)
        store(site)
        with associated(site.ports["worklist"]) as association:
            responses(association, query(PatientID="P1"))
        wait_until(site.sent_on, PATIENCE, "it to be sent")
        wait_until(lambda: len(site.messages("Security Alert")) == 2, PATIENCE, "both")
        text = site.file.read_text()

    [received] = site.received()
    scu, scp = received["ActiveParticipant"]
    assert (scu["UserIsRequestor"], scp["UserIsRequestor"]) == (True, False)
    assert scu["RoleIDCode"]["csd-code"] == "110153"
    assert scu["NetworkAccessPointID"] == "127.0.0.1"
    assert received["EventIdentification"]["EventActionCode"] == "C"
    assert number(received) == number(site.sent_on()[0]) == 1
    [asked] = site.messages("Query")
    assert asked["EventIdentification"]["EventOutcomeIndicator"] == 0
    [started, *_] = site.messages("Application Activity")
    assert started["EventIdentification"]["EventTypeCode"][0]["csd-code"] == "110120"
    for each in ("1.2.3.4", canary(1), canary(2), "Yamada", 'P1"'):
        assert each not in text


def test_what_was_kept_although_its_sender_aborted_is_told_too(site: Site) -> None:
    a_abort = pdu(7, bytes(4))
    with ExitStack() as stack:
        run(site, stack)
        with RawAssociation(site.ports["receiver"]) as modality:
            modality.associate()
            modality.send(p_data(1, 3, c_store_rq()) + p_data(1, 2, INSTANCE) + a_abort)
            wait_until(site.sent_on, PATIENCE, "it to be sent on")
        wait_until(site.received, PATIENCE, "what was received to be told")

    [received] = site.received()
    assert received["ActiveParticipant"][0]["NetworkAccessPointID"] == "127.0.0.1"
    assert number(received) == 1


def test_uids_are_named_where_the_site_says_so_and_nothing_more(site: Site) -> None:
    with ExitStack() as stack:
        run(site, stack, AUDIT__IDENTIFIERS="true")
        store(site)
        wait_until(site.sent_on, PATIENCE, "it to be sent")
        text = site.file.read_text()

    for message in site.messages("DICOM Instances Transferred"):
        [study] = message["ParticipantObjectIdentification"]
        [sop_class] = study["ParticipantObjectDescription"]["SOPClass"]
        assert study["ParticipantObjectID"] == "1.2.3"
        assert sop_class["Instance"] == [{"UID": "1.2.3.4"}]
    assert canary(1) not in text
    assert canary(2) not in text


def test_a_refusal_and_what_was_decided_about_it_are_told(
    site: Site, origin_server: OriginServer
) -> None:
    origin_server.always = answers.partial({0: 0xA900})
    with ExitStack() as stack:
        run(site, stack)
        store(site)

        def failed() -> list[Message]:
            found = (each["EventIdentification"] for each in site.sent_on())
            return [each for each in found if each["EventOutcomeIndicator"] == 8]

        wait_until(failed, PATIENCE, "the quarantine")
    site.quarantine("requeue")
    assert site.quarantine("drop", "--yes") == "0 dropped\n"
    [requeued] = site.messages("DICOM Instances Accessed")

    assert requeued["EventIdentification"]["EventActionCode"] == "U"
    person, program = requeued["ActiveParticipant"]
    assert person["UserIsRequestor"]
    assert person["UserID"]
    assert program["UserID"] == "quarantine"


def test_a_refused_device_is_a_failed_authentication(site: Site) -> None:
    with ExitStack() as stack:
        run(site, stack, ADMISSION__CALLED_AE='["GATEWAY"]')
        with RawAssociation(site.ports["receiver"]) as modality:
            modality.send(Asking().encode())
            wait_until(lambda: site.messages("Security Alert"), PATIENCE, "the refusal")

    [refused] = site.messages("Security Alert")
    assert refused["EventIdentification"]["EventOutcomeIndicator"] == 4
    assert refused["EventIdentification"]["EventOutcomeDescription"].startswith("refused 1,1,7")
