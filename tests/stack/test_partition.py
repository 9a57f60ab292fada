"""Networks between the containers fail: modalities notice nothing, and nothing is lost."""

import contextlib
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.compose import Composed, service_of
from tests.support.sending import ARRIVAL, arrived, series, storescu
from tests.support.waiting import wait_until

pytestmark = pytest.mark.stack


@contextlib.contextmanager
def cut_off(stack: Composed, *containers: dict[str, Any]) -> Iterator[None]:
    """Without the network that Redis is on."""
    network = f"{stack.project}_inside"
    for each in containers:
        subprocess.run(["docker", "network", "disconnect", network, each["Id"]], check=True)
    try:
        yield
    finally:
        for each in containers:
            alias = ["--alias", service_of(each)]
            subprocess.run(
                ["docker", "network", "connect", *alias, network, each["Id"]], check=True
            )


def test_a_receiver_cut_off_from_redis_still_delivers(stack: Composed, tmp_path: Path) -> None:
    made = series(tmp_path, study=6, count=20)

    with cut_off(stack, *stack.containers("receiver")):
        assert storescu(stack, tmp_path).wait(60) == 0
        wait_until(lambda: arrived(stack, made) == len(made), ARRIVAL, "a scan finds them")


def test_uploaders_cut_off_from_redis_leave_their_work_to_another(
    stack: Composed, tmp_path: Path
) -> None:
    made = series(tmp_path, study=7, count=150)
    sending = storescu(stack, tmp_path)

    with cut_off(stack, *stack.containers("uploader")[:2]):
        assert sending.wait(120) == 0
        wait_until(lambda: arrived(stack, made) == len(made), ARRIVAL, "all instances arrive")


def test_all_uploaders_cut_off_go_on_by_themselves(stack: Composed, tmp_path: Path) -> None:
    made = series(tmp_path, study=8, count=30)

    with cut_off(stack, *stack.containers("uploader")):
        assert storescu(stack, tmp_path).wait(60) == 0
        assert arrived(stack, made) < len(made)

    wait_until(lambda: arrived(stack, made) == len(made), ARRIVAL, "all instances arrive")
