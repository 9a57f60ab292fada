"""The ports of HTTP listen on IPv4 and IPv6 at once where those of DICOM do."""

from pathlib import Path

import httpx
import pytest

from shared.health import Health
from tests.support.ports import LOOPBACKS
from tests.support.status_page import served

EVERYWHERE = ["::", ""]


def statuses(port: int, path: str) -> list[int]:
    """At each loopback address."""
    hosts = [f"[{each}]" if ":" in each else each for each in LOOPBACKS]
    with httpx.Client(trust_env=False, timeout=10) as client:
        return [client.get(f"http://{each}:{port}{path}").status_code for each in hosts]


@pytest.mark.parametrize("host", EVERYWHERE)
def test_health_is_told_over_both(host: str) -> None:
    health = Health(host, 0)
    health.start()
    try:
        assert statuses(health.port, "/livez") == [200] * len(LOOPBACKS)
    finally:
        health.close()


def test_a_health_port_that_was_closed_is_free_again() -> None:
    health = Health("::", 0)
    health.start()
    port = health.port
    health.close()

    again = Health("::", port)
    again.start()

    assert again.port == port
    again.close()


def test_the_status_page_is_served_over_both(tmp_path: Path) -> None:
    with served(tmp_path, UPLOAD__URI="https://archive.example/studies", PAGE__HOST="::") as base:
        found = statuses(int(base.rpartition(":")[2]), "/")

    assert found == [200] * len(LOOPBACKS)
