"""`dicomweb-proxy up` tells everything on its one health port."""

from datetime import UTC, datetime
from pathlib import Path

from standalone import study
from tests.support.ports import free_port
from tests.support.proxy import proxy
from tests.support.sandbox import sandbox
from tests.support.scraping import scrape
from tests.support.scu import send
from tests.support.waiting import wait_until

PATIENCE = 30.0  # seconds


def test_up_tells_of_its_destinations_as_well(tmp_path: Path) -> None:
    port = free_port()
    made = list(study.instances(datetime(2026, 11, 24, tzinfo=UTC)))[:5]
    with (
        sandbox(tmp_path / "sandbox") as base,
        proxy(
            tmp_path,
            UPLOAD__URI=f"{base}/studies",
            WORKLIST__URI=f"{base}/workitems",
            HEALTH__HOST="127.0.0.1",
            HEALTH__PORT=port,
        ) as running,
    ):
        send(running.port, made)
        wait_until(
            lambda: scrape(port).get(("stored_total", ("default",))) == len(made), PATIENCE, "all"
        )
        found = scrape(port)

    assert found["received_total", ()] == len(made)
    assert found["request_seconds_count", ("default",)] == found["requests_total", ("default",)]
    assert found["request_instances_sum", ("default",)] == len(made)
    assert found["failing", ("default", "unavailable")] == 0
    assert found["unanswered_seconds", ("default",)] == 0
    assert found["quarantine_instances", ("default",)] == 0
    assert found["spool_size_bytes", ()] > 0
    assert found["leader", ()] == 1
