"""Whatever breaks: page, status, readiness, alert and log say the same, within 15 seconds."""

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support import answers
from tests.support.cli import Console
from tests.support.instances import make
from tests.support.origin_server import OriginServer
from tests.support.ports import free_port
from tests.support.processes import Service
from tests.support.prometheus import Prometheus, prometheus
from tests.support.redis_server import RedisServer
from tests.support.small_disk import mounted_disk
from tests.support.spools import keep, open_spool
from tests.support.status_page import Visit, password_file, served
from tests.support.waiting import wait_until

pytestmark = pytest.mark.timeout(120)  # three services and a Prometheus start first
IN_TIME = 15.0  # seconds from the fault until all say so
SILENT = re.compile(r"asked, and has not answered for [1-9]\d s")
DISK = 16 * 1024 * 1024  # bytes
# Told by how fast the disk fills, which tests beside this one fill too; see rules.test.yml.
OF_THE_DISK = {"SpoolFillsUp"}


@dataclass
class Seen:
    """What each place said when it was last asked."""

    status: dict[str, Any]
    text: str
    code: int
    unready: dict[str, str]  # failing checks of receiver and uploader
    alerts: set[str]
    events: list[tuple[str, str, str]]  # event, level, reason
    page: str  # for those who logged in
    counts: str  # of the page, for everybody


class Site:
    def __init__(
        self, folder: Path, origin: OriginServer, redis: RedisServer, console: Console
    ) -> None:
        """`console`: in this process, for a program takes seconds to start where much runs, and
        what it says is to be compared with what the others say at the same time.
        """
        self.folder, self.origin, self.redis, self.console = folder, origin, redis, console
        self.health = {"receiver": free_port(), "uploader": free_port()}
        self.settings: dict[str, object] = {
            "UPLOAD__URI": origin.uri,
            "UPLOAD__WORKERS": 1,
            "UPLOAD__RETRY_BASE": 2,
            "UPLOAD__RESCAN": 1,
            "REDIS__URL": redis.settings.url,
            "RECEIVE__HOST": "127.0.0.1",
            "RECEIVE__PORT": free_port(),
            "HEALTH__HOST": "127.0.0.1",
            "SPOOL__PATH": folder / "disk" / "spool",
            "SPOOL__SOFT_RESERVE": 1 << 20,
            "SPOOL__HARD_RESERVE": 0,
        }
        self.services: dict[str, Service] = {}
        self.prometheus: Prometheus | None = None
        self.operator: Visit | None = None
        self.passer_by: Visit | None = None

    @contextmanager
    def running(self) -> Iterator[None]:
        self.console.set(**self.settings)
        with ExitStack() as stack:
            for name, port in self.health.items():
                service = Service(name, self.folder, {**self.settings, "HEALTH__PORT": port})
                self.services[name] = stack.enter_context(service)
            for service in self.services.values():
                service.wait_ready()
            self.prometheus = stack.enter_context(
                prometheus(self.folder, list(self.health.values()))
            )
            passwords = {"PAGE__PASSWORD_FILE": password_file(self.folder)}
            base = stack.enter_context(served(self.folder, **self.settings, **passwords))
            self.operator = stack.enter_context(Visit(base))
            self.passer_by = stack.enter_context(Visit(base))
            self.operator.log_in()
            wait_until(lambda: self.seen().alerts == set(), 30, "all to be well")
            yield

    def keep_one(self) -> None:
        spool = open_spool(self.folder / "disk" / "spool", sync=False)
        keep(spool, make(self.folder, 1, size=800).path.read_bytes(), ("default",))
        spool.close()

    def seen(self) -> Seen:
        assert self.prometheus
        assert self.operator
        assert self.passer_by
        told, text = self.console("status", "--json"), self.console("status")
        unready = {
            f"{name} {check}": reason
            for name, service in self.services.items()
            for check, reason in self._checks(service).items()
            if reason != "ok"
        }
        records = [record for each in self.services.values() for record in each.records]
        events = [(each["event"], each["level"], each.get("reason", "")) for each in records]
        return Seen(
            told.json,
            text.out,
            told.code,
            unready,
            self.prometheus.raised() - OF_THE_DISK,
            events,
            self.operator.text(),
            self.passer_by.text() + self.passer_by.text("/state"),
        )

    @staticmethod
    def _checks(service: Service) -> dict[str, str]:
        checks = service.ready()[1].get("checks")
        assert isinstance(checks, dict)
        return checks


@pytest.fixture
def site(
    tmp_path: Path,
    origin_server: OriginServer,
    own_redis: RedisServer,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Site:
    (tmp_path / "disk").mkdir()
    return Site(tmp_path, origin_server, own_redis, Console(monkeypatch, capsys))


def agreed(site: Site, *says: Callable[[Seen], object]) -> None:
    """All of them, at the same time, soon enough."""
    last: list[Seen] = []

    def all_say() -> bool:
        last[:] = [site.seen()]
        return all(each(last[0]) for each in says)

    try:
        wait_until(all_say, IN_TIME, "")
    except TimeoutError:
        missing = [number for number, each in enumerate(says) if not each(last[0])]
        raise AssertionError(f"{missing} do not hold: {last[0]}") from None


def line(seen: Seen) -> dict[str, Any]:
    [found] = seen.status["destinations"]
    assert isinstance(found, dict)
    return found


def fails(counts: str) -> bool:
    """Held, or just being tried again."""
    return "1 of 1 destination is held" in counts or "1 of 1 destination is being" in counts


def test_a_full_disk(site: Site, tmp_path: Path) -> None:
    with mounted_disk(tmp_path / "disk", DISK) as disk, site.running():
        disk.fill()
        why = "free space is below spool.soft_reserve"
        agreed(
            site,
            lambda seen: seen.status["refuses"] == why,
            lambda seen: "FULL, modalities are turned away" in seen.text,
            lambda seen: seen.unready == {"receiver spool": why},
            lambda seen: "SpoolFull" in seen.alerts,
            lambda seen: ("spool.pressed", "warning", why) in seen.events,
            lambda seen: f"Modalities are turned away: {why}" in seen.page,
            lambda seen: f"Modalities are turned away: {why}" in seen.counts,
        )


def test_a_dead_redis(site: Site) -> None:
    with site.running():
        site.keep_one()
        site.redis.kill()
        agreed(
            site,
            lambda seen: seen.status["redis"] == "does not answer",
            lambda seen: "Redis   does not answer" in seen.text,
            lambda seen: seen.code == 3,
            lambda seen: seen.unready == {"uploader redis": "does not answer"},
            lambda seen: {"RedisDown", "NoUploaderLeads"} <= seen.alerts,
            lambda seen: ("redis.lost", "error", "does not answer") in seen.events,
            lambda seen: "unknown: Redis does not answer" in seen.page,
            lambda seen: "Nothing is known of uploads: Redis does not answer" in seen.counts,
        )
        site.redis.start()
        agreed(
            site,
            lambda seen: seen.status["redis"] == "",
            lambda seen: seen.code == 0,
            lambda seen: seen.unready == {},
            lambda seen: seen.alerts == set(),
            lambda seen: ("redis.found", "info", "") in seen.events,
            lambda seen: "does not answer" not in seen.page + seen.counts,
        )


def test_a_dead_archive(site: Site) -> None:
    site.settings["UPLOAD__URI"] = f"http://127.0.0.1:{free_port()}/studies"
    with site.running():
        site.keep_one()
        why = "refuses connections"
        agreed(
            site,
            lambda seen: (line(seen)["fault"], line(seen)["reason"]) == ("unavailable", why),
            lambda seen: why in seen.text,
            lambda seen: seen.unready == {},
            lambda seen: "ArchiveFails" in seen.alerts,
            lambda seen: ("destination.held", "warning", why) in seen.events,
            lambda seen: why in seen.page,
            lambda seen: fails(seen.counts),
        )


def test_a_credential_that_ended(site: Site, origin_server: OriginServer) -> None:
    origin_server.always = answers.status(401)
    with site.running():
        site.keep_one()
        why = "does not accept our credentials (401)"
        agreed(
            site,
            lambda seen: (line(seen)["fault"], line(seen)["reason"]) == ("denied", why),
            lambda seen: why in seen.text,
            lambda seen: seen.unready == {},
            lambda seen: "CredentialsRefused" in seen.alerts,
            lambda seen: ("destination.held", "error", why) in seen.events,
            lambda seen: why in seen.page,
            lambda seen: fails(seen.counts),
        )


def test_an_archive_that_hangs(site: Site, origin_server: OriginServer) -> None:
    origin_server.always = answers.hang()
    with site.running():
        site.keep_one()
        wait_until(lambda: origin_server.stores, IN_TIME, "the request")
        agreed(
            site,
            lambda seen: line(seen)["unanswered"] > 10,
            lambda seen: SILENT.search(seen.text),
            lambda seen: seen.unready == {},
            lambda seen: "ArchiveHangs" in seen.alerts,
            lambda seen: ("destination.slow", "warning", "has not answered") in seen.events,
            lambda seen: SILENT.search(seen.page),
            lambda seen: "1 of 1 destination is silent" in seen.counts,
        )
