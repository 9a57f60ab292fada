"""From outside the containers: a modality asks for its worklist."""

import os
import re
import subprocess
from urllib.request import urlopen

import pytest

from tests.support.compose import Composed
from tests.support.peers import peer
from tests.support.waiting import wait_until

pytestmark = pytest.mark.stack


def findscu(stack: Composed, *keys: str) -> str:
    words = [word for key in keys for word in ("-k", key)]
    peer_address = ["127.0.0.1", str(stack.worklist_port)]
    done = subprocess.run(
        [peer("findscu"), "-v", "-W", "-aec", "ANY", *words, *peer_address],
        check=True,
        capture_output=True,
        encoding="ascii",
        errors="replace",  # answers are in several character sets
        env={**os.environ, "TCP_NODELAY": "1"},
        timeout=60,
    )
    return done.stdout + done.stderr


def test_the_sample_worklist_is_found_by_its_modality(stack: Composed) -> None:
    answered = findscu(stack, "PatientName", "ScheduledProcedureStepSequence[0].Modality=CT")

    assert "Find Response: 1 (Pending)" in answered
    assert "Received Final Find Response (Success)" in answered


def test_nothing_is_found_for_a_modality_that_has_nothing_to_do(stack: Composed) -> None:
    answered = findscu(stack, "PatientName", "ScheduledProcedureStepSequence[0].Modality=ZZ")

    assert "(Pending)" not in answered
    assert "Received Final Find Response (Success)" in answered


def test_the_page_tells_of_queries_although_the_worklist_does_not_reach_redis(
    stack: Composed,
) -> None:
    def counted() -> bool:
        findscu(stack, "PatientName")
        with urlopen(f"http://127.0.0.1:{stack.page_port}/", timeout=10) as answer:
            text = answer.read().decode()
        return bool(re.search(r"<dt>Queries</dt><dd>[1-9]", text))

    wait_until(counted, 60, "a query on the page")


def test_the_worklist_is_killed_and_replaced(stack: Composed) -> None:
    stack.run("kill", "worklist")
    stack.up("--force-recreate", "--no-deps", "worklist")

    assert "(Success)" in findscu(stack, "PatientName")
