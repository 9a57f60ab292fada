"""Health of a service, asked over HTTP and by the container's check."""

import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest

from shared.health import Check, Health

Started = tuple[Health, dict[str, str | None]]


@pytest.fixture
def started() -> Iterator[Started]:
    """A service, and what its checks will find."""
    found: dict[str, str | None] = {"redis": None, "wedged": None}

    def check(name: str) -> Check:
        return lambda: found[name]

    health = Health(
        "127.0.0.1",
        0,
        live={"wedged": check("wedged")},
        ready={"redis": check("redis")},
        facts={"destination": "SANDBOX"},
    )
    health.start()
    yield health, found
    health.close()


def ask(health: Health, path: str) -> tuple[int, dict[str, object]]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{health.port}{path}") as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def container_check(port: int, *arguments: str, host: str = "") -> int:
    return said_by_check(port, *arguments, host=host).returncode


def said_by_check(port: int, *arguments: str, host: str = "") -> subprocess.CompletedProcess[str]:
    environment = {
        **os.environ,
        "DICOMWEB_PROXY_HEALTH__PORT": str(port),
        "DICOMWEB_PROXY_HEALTH__HOST": host,
    }
    command = [sys.executable, "-m", "shared.health", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def test_a_service_in_good_order_is_alive_and_ready(started: Started) -> None:
    health, _ = started

    assert ask(health, "/livez")[0] == 200
    status, content = ask(health, "/readyz")

    assert status == 200
    assert content == {
        "status": "ok",
        "checks": {"wedged": "ok", "redis": "ok"},
        "destination": "SANDBOX",
    }


def test_a_dependency_that_is_down_makes_it_unready_and_not_dead(started: Started) -> None:
    health, found = started
    found["redis"] = "does not answer"

    assert ask(health, "/livez")[0] == 200
    status, content = ask(health, "/readyz")
    assert status == 503
    assert content["checks"] == {"wedged": "ok", "redis": "does not answer"}


def test_a_wedged_service_is_neither(started: Started) -> None:
    health, found = started
    found["wedged"] = "no round for 61 s"

    assert ask(health, "/livez")[0] == 503
    assert ask(health, "/readyz")[0] == 503


def test_a_check_that_breaks_has_failed() -> None:
    health = Health("127.0.0.1", 0, ready={"broken": lambda: str(1 / 0)})

    assert health.answer("/readyz")[0] == 503


def test_there_is_nothing_else_to_see(started: Started) -> None:
    assert ask(started[0], "/nothing")[0] == 404


def test_the_containers_check_asks_the_service(started: Started) -> None:
    health, found = started
    port = health.port

    assert container_check(port) == 0
    found["redis"] = "does not answer"
    assert container_check(port) == 1
    assert container_check(port, "livez") == 0
    health.close()
    assert container_check(port) == 1


@pytest.mark.parametrize("host", ["0.0.0.0", "::", ""])
def test_the_containers_check_finds_one_that_listens_everywhere(host: str) -> None:
    health = Health(host, 0)
    health.start()
    try:
        assert container_check(health.port, host=host) == 0
    finally:
        health.close()


def test_the_check_says_what_it_found_a_line_each(started: Started) -> None:
    health, found = started

    well = said_by_check(health.port)
    found["redis"] = "does not answer"
    ill = said_by_check(health.port)

    assert well.stdout == "ok\ndestination: SANDBOX\nwedged: ok\nredis: ok\n"
    assert ill.stdout == ""
    assert ill.stderr == "failing\ndestination: SANDBOX\nwedged: ok\nredis: does not answer\n"


def test_a_service_without_a_health_port_has_nothing_to_fail() -> None:
    assert container_check(0) == 0
