"""From outside the containers: what a modality sends arrives, with Redis or without."""

from pathlib import Path

import pytest

from tests.support.compose import Composed
from tests.support.sending import ARRIVAL, arrived, series, storescu
from tests.support.waiting import wait_until

pytestmark = pytest.mark.stack


def test_a_series_sent_from_outside_arrives(stack: Composed, tmp_path: Path) -> None:
    made = series(tmp_path, study=1, count=20)

    assert storescu(stack, tmp_path).wait(60) == 0

    wait_until(lambda: arrived(stack, made) == len(made), ARRIVAL, "all instances arrive")


def test_redis_killed_and_emptied_loses_nothing(stack: Composed, tmp_path: Path) -> None:
    made = series(tmp_path, study=3, count=30)
    stack.run("kill", "uploader")
    stack.run("exec", "-T", "redis", "redis-cli", "FLUSHALL")

    assert storescu(stack, tmp_path).wait(60) == 0

    stack.run("exec", "-T", "redis", "redis-cli", "FLUSHALL")
    stack.run("kill", "redis")
    stack.up("--scale", "uploader=3")
    wait_until(lambda: arrived(stack, made) == len(made), ARRIVAL, "all instances arrive")


def test_the_receiver_keeps_receiving_without_redis(stack: Composed, tmp_path: Path) -> None:
    made = series(tmp_path, study=4, count=10)
    stack.run("stop", "redis")

    assert storescu(stack, tmp_path).wait(60) == 0

    stack.up("--scale", "uploader=3")
    wait_until(lambda: arrived(stack, made) == len(made), ARRIVAL, "all instances arrive")
