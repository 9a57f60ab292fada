"""The search of test_no_patient_data finds a canary in each channel: a test of that test.

And what a crash leaves in the log is where it happened, not what about.
"""

import io
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from shared import audit_message as says
from shared.audit import Trail
from shared.audit_sections import AuditSettings
from shared.dimse.service import Respond, Response
from shared.health import Health
from shared.jobs import Ticks
from tests.support.acceptor import Received, RecordingService, accepting
from tests.support.canaries import BIRTH_DATE, canary
from tests.support.data_sets import data_set
from tests.support.proxy import environment
from tests.support.raw_association import RawAssociation
from tests.support.redis_server import RedisServer
from tests.support.spools import keep, open_spool
from tests.support.status_page import page, password_file
from tests.support.watched_site import KEEP_ALL, Traces

NAME = canary(1)
BEGIN = """
import logging, sys, threading, warnings
from shared import logs
from shared.sections import LogFormat, LogSettings
logs.configure(LogSettings(level="debug", format=LogFormat(sys.argv[1])), "test")
log = logs.get("test")
patient = sys.argv[2]
def fail():
    raise ValueError(f"cannot read {patient}")
"""
CRASHES = {
    "log.exception": "try:\n    fail()\nexcept ValueError:\n    log.exception('it.failed')",
    "a cause": "try:\n    fail()\nexcept ValueError as it:\n    raise OSError(patient) from it",
    "a process": "fail()",
    "a thread": "thread = threading.Thread(target=fail)\nthread.start()\nthread.join()",
    "a warning": "warnings.warn(patient)",
    "asyncio": "logging.getLogger('asyncio').error('Exception in callback read(%r)', patient)",
    "pydicom": "logging.getLogger('pydicom').warning(f'cannot decode {patient}')",
}


def logged(program: str, style: str = "json") -> str:
    arguments = [sys.executable, "-c", BEGIN + program, style, NAME]
    done = subprocess.run(arguments, capture_output=True, text=True, check=False, timeout=30)
    return done.stdout + done.stderr


@pytest.mark.parametrize("style", ["json", "console"])
@pytest.mark.parametrize("crash", CRASHES)
def test_a_crash_says_where_and_not_what(crash: str, style: str) -> None:
    traces = Traces()
    said = logged(CRASHES[crash], style)
    traces.note("logs", said)

    assert traces.leaks("logs") == []
    assert "<string>" in said or "library.complained" in said


@pytest.mark.parametrize("level", ["debug", "warning", "exception"])
def test_a_canary_in_the_log_is_found(level: str) -> None:
    traces = Traces()
    traces.note("logs", logged(f"log.{level}('instance.kept', note=patient)"))

    assert traces.leaks("logs")


def test_a_canary_in_a_traceback_is_found() -> None:
    traces = Traces()
    traces.note(
        "logs",
        logged("import traceback\ntry:\n    fail()\nexcept ValueError:\n    traceback.print_exc()"),
    )

    assert traces.leaks("logs")


@pytest.mark.parametrize(
    "plant",
    [
        lambda redis: redis.client.set("key", NAME),
        lambda redis: redis.client.set(NAME, "value"),
        lambda redis: redis.client.hset("hash", NAME.lower(), "value"),
        lambda redis: redis.client.zadd("set", {f"cloud/{NAME}": 1}),
        lambda redis: redis.client.set("gone", BIRTH_DATE, px=1),
        lambda redis: Ticks(redis.client).enqueue(NAME),
    ],
    ids=["value", "key", "hash field", "member", "expired", "job argument"],
)
def test_a_canary_in_redis_is_found(tmp_path: Path, plant: Callable[[RedisServer], None]) -> None:
    traces = Traces()
    with RedisServer(tmp_path, *KEEP_ALL) as redis:
        redis.client.set("innocent", "value")
        traces.note_redis(tmp_path)
        assert traces.leaks("Redis") == []
        plant(redis)

        traces.note_redis(tmp_path)
    assert traces.leaks("Redis")


@pytest.mark.parametrize(
    ("channel", "name", "content"),
    [
        ("file names", f"cloud/{NAME}.dcm", ""),
        ("spool records", ".quarantine/cloud/one.json", f'{{"detail": "{NAME}"}}'),
        ("spool records", ".ledger/2026112400.jsonl", f'{{"sop_instance_uid": "{NAME}"}}'),
    ],
)
def test_a_canary_in_the_spool_is_found(
    tmp_path: Path, channel: str, name: str, content: str
) -> None:
    file = tmp_path / name
    file.parent.mkdir(parents=True)
    file.write_text(content)
    traces = Traces()
    traces.note_folder(tmp_path)

    assert traces.leaks(channel)


def test_a_canary_of_the_health_endpoint_is_found() -> None:
    health = Health("127.0.0.1", 0, ready={"spool": lambda: f"cannot keep {NAME}"})
    health.start()
    traces = Traces()
    traces.note_health(health.port)
    health.close()

    assert traces.leaks("health endpoint")


def test_a_canary_in_a_response_is_found() -> None:
    async def tell(_: Received, respond: Respond) -> None:
        await respond(Response(0xA700, f"no room for {NAME}"))

    traces = Traces()
    service = RecordingService(answering=tell)
    with accepting(service) as running, RawAssociation(running.port) as raw:
        raw.associate()
        traces.note("DIMSE responses", *raw.store(data_set()).elements.values())

    assert traces.leaks("DIMSE responses")


def test_a_canary_in_the_audit_trail_is_found() -> None:
    stream, traces = io.StringIO(), Traces()
    trail = Trail(AuditSettings(to="stdout"), "test", stream)
    trail.tell(says.QUERY, says.EXECUTE, trail.us, why=f"for {NAME}")
    traces.note("audit trail", stream.getvalue())

    assert traces.leaks("audit trail")


def test_a_canary_on_the_page_is_found_and_is_for_those_who_log_in(tmp_path: Path) -> None:
    spool = open_spool(tmp_path / "spool", sync=False)
    [kept] = keep(spool, b"instance", ["default"])
    spool.quarantine(kept, {"detail": f"no room for {NAME}"})
    traces = Traces()
    settings = {"PAGE__PASSWORD_FILE": password_file(tmp_path)}
    with page(tmp_path, UPLOAD__URI="https://archive.example/studies", **settings) as visit:
        traces.note("status page", visit.text())
        visit.log_in()
        traces.note("status page after a login", visit.text())

    assert traces.leaks("status page") == []
    assert traces.leaks("status page after a login")


def test_a_canary_in_what_a_command_prints_is_found(tmp_path: Path) -> None:
    spool = open_spool(tmp_path / "spool", sync=False)
    [kept] = keep(spool, b"instance", ["default"])
    spool.quarantine(kept, {"detail": f"no room for {NAME}"})
    traces = Traces()
    done = subprocess.run(
        [sys.executable, "-m", "standalone.cli", "quarantine", "list"],
        env=environment(tmp_path, UPLOAD__URI="https://archive.example/studies"),
        capture_output=True,
        check=True,
        timeout=30,
    )
    traces.note("command line", done.stdout, done.stderr)

    assert traces.leaks("command line")
