"""SIGHUP to what has just been started, as from `systemctl reload`: it is heeded when it can be."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from standalone.cli import main
from tests.support.ports import free_port
from tests.support.processes import Service
from tests.support.proxy import environment
from tests.support.waiting import wait_until

PATIENCE = 30.0  # seconds
STARTING = "pydantic"  # is imported early, and much after it
RELOADED = "configuration.reloaded"
SHOWN = {"PYTHONPROFILEIMPORTTIME": "1"}  # each import is a line of standard error


def settings(folder: Path, **more: object) -> dict[str, object]:
    return {
        "UPLOAD__URI": "http://127.0.0.1:9/studies",
        "WORKLIST__URI": "http://127.0.0.1:9/workitems",
        "WORKLIST__HOST": "127.0.0.1",
        "WORKLIST__PORT": free_port(),
        "RECEIVE__HOST": "127.0.0.1",
        "RECEIVE__PORT": free_port(),
        "PAGE__PORT": free_port(),
        "PAGE__HEALTH_PORT": 0,
        "HEALTH__PORT": 0,
        "REDIS__URL": "redis://127.0.0.1:9/0",
        "SPOOL__PATH": folder / "spool",
        "SPOOL__SOFT_RESERVE": 0,
        "SPOOL__HARD_RESERVE": 0,
        **more,
    }


@pytest.mark.parametrize("module", ["receiver", "worklist", "uploader", "standalone.page"])
def test_a_service_heeds_it_once_it_runs(module: str, tmp_path: Path) -> None:
    service = Service(module, tmp_path, settings(tmp_path))
    service.extra = SHOWN
    with service:
        assert service.process
        wait_until(lambda: STARTING in service.log, PATIENCE, "it is being started")
        service.process.send_signal(signal.SIGHUP)

        wait_until(lambda: RELOADED in service.log, PATIENCE, "its settings are read again")
        assert service.terminate() == 0


def test_several_processes_heed_it_each(tmp_path: Path) -> None:
    service = Service("receiver", tmp_path, settings(tmp_path, RECEIVE__PROCESSES=2))
    service.extra = SHOWN
    with service:
        assert service.process
        wait_until(lambda: STARTING in service.log, PATIENCE, "it is being started")
        service.process.send_signal(signal.SIGHUP)

        wait_until(lambda: service.log.count(RELOADED) == 2, PATIENCE, "both read them again")
        assert service.terminate() == 0


def test_all_in_one_hands_it_on(tmp_path: Path) -> None:
    log = tmp_path / "up.log"
    command = [sys.executable, "-m", "standalone.cli", "up"]
    given = environment(tmp_path, UPLOAD__URI="http://127.0.0.1:9/studies") | SHOWN
    with (
        log.open("ab") as output,
        subprocess.Popen(command, env=given, stdout=output, stderr=output) as process,
    ):
        try:
            wait_until(lambda: STARTING in log.read_text(), PATIENCE, "it is being started")
            process.send_signal(signal.SIGHUP)

            wait_until(lambda: log.read_text().count(RELOADED) == 2, PATIENCE, "both services")
        finally:
            process.terminate()
        assert process.wait(PATIENCE) == 0


def test_a_command_that_reads_no_settings_again_is_ended_by_it_as_ever() -> None:
    before = signal.getsignal(signal.SIGHUP)

    main(["config", "show"])

    assert signal.getsignal(signal.SIGHUP) == before
