"""No side door of `dicomweb-proxy up` either: strict, over TLS, on a full disk; nor of a command.

As test_no_patient_data, in one process tree and with everything that goes wrong there.
"""

import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import httpx
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian
from starlette.requests import Request
from starlette.responses import Response

from standalone import modality, study
from standalone.modality import Target
from tests.support.authority import Authority
from tests.support.canaries import canary, fill
from tests.support.data_sets import data_set
from tests.support.irregular import irregular, text
from tests.support.origin_server import OriginServer
from tests.support.ports import free_port
from tests.support.proxy import Running, environment, proxy
from tests.support.raw_association import Asking, RawAssociation, c_store_rq, p_data
from tests.support.small_disk import SmallDisk, StandIn, small_disk
from tests.support.status_page import Visit, logged, password_file, served
from tests.support.talkative_servers import STORE, refusing, worklist_answers
from tests.support.ups_query import query
from tests.support.ups_scu import associated, pending
from tests.support.ups_server import UpsServer
from tests.support.waiting import wait_until
from tests.support.watched_site import Traces

pytestmark = pytest.mark.timeout(300)  # two process trees
DISK = 24 * 1024 * 1024  # bytes
PATIENCE = 40.0  # seconds
ECHOED = {0x0002, 0x1000}  # what a requestor calls an instance is returned to it (PS3.7 9.3.1.2)
CHANNELS = (
    "logs",
    "Redis",
    "file names",
    "spool records",
    "DIMSE responses",
    "health endpoint",
    "command line",
    "audit trail",
    "status page",
    "status page after a login",
)
PATHS = ("/", "/state", "/login", "/nothing", f"/?requeued={canary(70_065)}", f"/{canary(70_066)}")
# Each command, also where it fails. What `worklist` prints is the worklist, for whoever asks.
COMMANDS = (
    "status",
    "quarantine list",
    "quarantine show --all",
    "quarantine show nobody",
    "quarantine requeue",
    "quarantine drop --all",
    "spool check --deep",
    "config show",
    "route explain",
    "check",
    "echo --port {port}",
    "echo --port {nobody}",
    "send {folder} --port {port} --called-ae ODD",
    "send {folder} --port {nobody}",
    "send {folder}/nothing",
    "worklist --port {nobody}",
    "--config {folder}/wrong.toml status",
    "--config {folder}/broken.toml check",
)


class Site:
    def __init__(self, folder: Path, disk: SmallDisk, cloud: OriginServer, ups: str) -> None:
        self.traces, self.disk, self.cloud = Traces(), disk, cloud
        self.folder = folder
        self.health, self.tls_port = free_port(), free_port()
        self.authority = Authority(folder)
        ours = self.authority.issue("gateway")
        self.settings: dict[str, object] = {
            "UPLOAD__URI": cloud.uri,
            "WORKLIST__URI": ups,
            "WORKLIST__DEADLINE": 2,
            "UPLOAD__MAX_ATTEMPTS": 2,
            "UPLOAD__RETRY_BASE": 0.05,
            "UPLOAD__RETRY_CAP": 0.3,
            "SPOOL__PATH": disk.path / "spool",
            "HEALTH__HOST": "127.0.0.1",
            "HEALTH__PORT": self.health,
            "RECEIVE__VALIDATION": "strict",
            "RECEIVE__TLS_PORT": self.tls_port,
            "RECEIVE__TLS_CERTIFICATE_FILE": ours.certificate,
            "RECEIVE__TLS_KEY_FILE": ours.key,
            "RECEIVE__TLS_CLIENT_CA_FILE": self.authority.certificate,
            "AUDIT__TO": "file",
            "AUDIT__FILE": folder / "audit.jsonl",
            "AUDIT__IDENTIFIERS": "true",
            "LOG__FORMAT": "json",
        }

    def secure(self, name: str, authority: Authority | None = None) -> socket.socket:
        """A modality whose certificate calls it so."""
        identity = (authority or self.authority).issue(name)
        context = ssl.create_default_context(cafile=str(self.authority.certificate))
        context.load_cert_chain(identity.certificate, identity.key)
        plain = socket.create_connection(("127.0.0.1", self.tls_port), timeout=10)
        return context.wrap_socket(plain, server_hostname="localhost")

    def commands(self, port: int) -> None:
        places = {"port": port, "nobody": free_port(), "folder": self.folder / "files"}
        ours = environment(self.folder, **self.settings)
        for line in COMMANDS:
            done = subprocess.run(
                [sys.executable, "-m", "standalone.cli", *line.format(**places).split()],
                env=ours,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                check=False,
                timeout=60,
            )
            self.traces.note("command line", done.stdout, done.stderr)

    def page(self) -> None:
        """By somebody who passes by, by somebody who guesses, and by an operator."""
        channel = "status page"
        settings = {**self.settings, "PAGE__PASSWORD_FILE": password_file(self.folder)}
        with served(self.folder, **settings) as base, Visit(base) as visit:
            for path in PATHS:
                self.note(visit.get(path), channel)
            self.note(visit.log_in(canary(70_060), canary(70_061)), channel)
            forged = {"token": canary(70_062), "item": canary(70_063), "action": "requeue"}
            self.note(visit.post("/quarantine", data=forged), channel)
            visit.log_in()
            for path in PATHS:
                self.note(visit.get(path), "status page after a login")
            assert 'name="item"' in visit.text(), "something is in quarantine, and shown"
            self.note(visit.decide("requeue", canary(70_064)), "status page after a login")
            self.note(visit.decide("requeue-all"), "status page after a login")
        self.traces.note("logs", logged(self.folder))

    def note(self, answer: httpx.Response, channel: str) -> None:
        self.traces.note(channel, str(answer.headers).encode(), answer.content)

    def look_around(self) -> None:
        self.traces.note_health(self.health)
        self.traces.note_folder(self.disk.path / "spool")


@pytest.fixture(scope="module")
def traces(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Traces]:
    folder = tmp_path_factory.mktemp("up")
    (folder / "disk").mkdir()
    left = iter(worklist_answers())

    def script(request: Request) -> Response:
        return next(left, worklist_answers()[-1])(request)

    with (
        small_disk(folder / "disk", DISK) as disk,
        OriginServer() as cloud,
        UpsServer(script=script) as ups,
    ):
        site = Site(folder, disk, cloud, ups.workitems_uri)
        _write_files(folder / "files")
        with proxy(folder / "first", **site.settings) as running:
            _receive(site, running)
            site.commands(running.port)
            site.page()
            site.look_around()
            site.traces.note_redis(disk.path / "spool" / ".redis")
        site.traces.note("logs", running.log.read_bytes())
        _fill_the_disk(site, folder)
        site.traces.note("audit trail", (folder / "audit.jsonl").read_bytes())
        yield site.traces


@pytest.mark.parametrize("channel", CHANNELS)
def test_no_canary_is_found_in(traces: Traces, channel: str) -> None:
    assert traces.seen[channel]
    assert traces.leaks(channel) == []


@pytest.mark.parametrize(
    "event",
    [
        "instance.kept",
        "instance.refused",
        "instance.quarantined",
        "destination.held",
        "tls.refused",
        "association.faulty",
        "worklist.unanswered",
        "spool.pressed",
    ],
)
def test_the_canaries_came_by(traces: Traces, event: str) -> None:
    assert any(f'"{event}"'.encode() in each for each in traces.seen["logs"])


def test_every_command_was_tried() -> None:
    from standalone.cli import COMMANDS as ALL

    tried = {word for line in COMMANDS for word in line.split()}
    assert ALL.keys() - tried <= {
        "up",
        "demo",
        "sandbox",
        "completion",
        "page",
    }  # the page is a channel


def _made() -> list[Dataset]:
    made = list(study.instances(datetime(2026, 11, 24, tzinfo=UTC)))[:5]
    for number, each in enumerate(made):
        fill(each, first=1 + number * 2000)
    return made


def _write_files(folder: Path) -> None:
    folder.mkdir()
    for number, each in enumerate(_made()[:2]):
        each.save_as(folder / f"{number}.dcm", enforce_file_format=True)
    (folder / "no.dcm").write_text(canary(70_030))
    (folder / "wrong.toml").write_text(f'[receive]\nport = "{canary(70_031)}"\n')
    (folder / "broken.toml").write_text(f"[receive\n{canary(70_032)}")


def _receive(site: Site, running: Running) -> None:
    made = _made()
    site.cloud.script(*STORE[:4])
    site.cloud.always = refusing({str(made[0].SOPInstanceUID)})
    _store(site, running.port, made[:4])
    for rq, data in irregular():
        with (
            RawAssociation.over(site.secure(canary(70_040))) as raw,
            suppress(EOFError, ConnectionError),
        ):
            raw.associate(Asking(calling=b"RAW"))
            elements = raw.store(data, rq=rq).elements.items()
            said = [each for number, each in elements if number not in ECHOED]
            site.traces.note("DIMSE responses", *said)
    stranger = Authority(site.folder, "stranger")
    # A certificate that nobody here knows, then no TLS at all.
    with suppress(OSError), site.secure(canary(70_041), stranger) as connected:
        connected.recv(1)
    with socket.create_connection(("127.0.0.1", site.tls_port), timeout=10) as plain:
        plain.sendall(canary(70_042).encode() * 20)
        with suppress(OSError):
            plain.recv(64)
    with RawAssociation(running.port) as raw:
        raw.associate()
        raw.send(canary(70_043).encode())
    with RawAssociation(running.port) as raw:  # breaks off in the middle
        raw.associate()
        raw.send(p_data(1, 3, c_store_rq()), p_data(1, 0, text() + data_set()))
    with associated(running.port) as association:
        for number in range(1, 12):
            asked = query(PatientID=canary(70_050))
            for status, _ in pending(association, asked, number):
                site.traces.note("DIMSE responses", str(status))
    for event in ("instance.quarantined", "worklist.unanswered"):
        wait_until(partial(_logged, running, event), PATIENCE, event)


def _logged(running: Running, event: str) -> bool:
    return event in running.logged()


def _store(site: Site, port: int, instances: list[Dataset]) -> None:
    contexts = [modality.context(str(instances[0].SOPClassUID), ExplicitVRLittleEndian)]
    with modality.association(Target("127.0.0.1", port), contexts) as made:
        for each in instances:
            site.traces.note("DIMSE responses", str(made.send_c_store(each)))


def _fill_the_disk(site: Site, folder: Path) -> None:
    """A disk that fills while instances come; where no small one may be mounted, a reserve."""
    if isinstance(site.disk, StandIn):
        site.settings |= {"SPOOL__SOFT_RESERVE": 1 << 60, "SPOOL__HARD_RESERVE": 1 << 60}
    else:
        site.settings |= {"SPOOL__SOFT_RESERVE": 1 << 20, "SPOOL__HARD_RESERVE": 0}
    with proxy(folder / "second", **site.settings) as running:
        if not isinstance(site.disk, StandIn):
            site.disk.fill()
        _store(site, running.port, _made())
        wait_until(lambda: "spool.pressed" in running.logged(), PATIENCE, "the disk to be full")
        site.commands(running.port)
        site.look_around()
    site.traces.note("logs", running.log.read_bytes())
