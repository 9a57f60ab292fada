"""While modalities send: to kill, replace, update, scale or cut off a container loses nothing that
was acknowledged, and sends no more than a batch twice for each request that it interrupts.
"""

import contextlib
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.compose import service_of
from tests.support.loaded import SITE_B, Loaded, loaded
from tests.support.sending import ARRIVAL
from tests.support.waiting import wait_until

pytestmark = pytest.mark.stack
# Requests that end unnoted if it is killed: one for each worker, of which a container here has one.
INTERRUPTED = {"receiver": 0, "second": 0, "uploader": 4, "redis": 4}


@pytest.fixture(scope="module")
def running() -> Iterator[Loaded]:
    with loaded() as system:
        yield system


@contextlib.contextmanager
def cut_off(running: Loaded, service: str, number: int | None = None) -> Iterator[None]:
    """Without the network that Redis is on: all of a service, or so many."""
    network = f"{running.system.project}_inside"
    containers = running.system.containers(service)[:number]
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


def test_uploaders_are_scaled_from_one_to_four_and_back(running: Loaded, tmp_path: Path) -> None:
    running.scale(1)
    with running.modality("receiver", tmp_path) as modality:
        running.scale(4)
        assert len(running.system.containers("uploader")) == 4
        wait_until(running.stores, ARRIVAL, "something arrives")
        running.scale(1)

    assert (modality.refused, modality.broken) == (0, 0), "it notices nothing"
    running.judge(modality, interrupted=0)  # they are told to end, and end what they have begun
    running.scale(4)


@pytest.mark.parametrize("service", INTERRUPTED)
def test_each_is_killed_and_replaced(running: Loaded, tmp_path: Path, service: str) -> None:
    with (
        running.modality("receiver", tmp_path) as first,
        running.modality("second", tmp_path) as second,
    ):
        wait_until(lambda: first.acknowledged and second.acknowledged, ARRIVAL, "some are received")
        if service == "uploader":
            running.system.run("kill", service)
            running.scale(4)
        else:
            running.replace(service)

    others = [each for name, each in (("receiver", first), ("second", second)) if name != service]
    assert {(each.refused, each.broken) for each in others} == {(0, 0)}, "others notice nothing"
    running.judge(first, second, interrupted=INTERRUPTED[service])


def test_a_rolling_update_breaks_no_association_and_sends_nothing_twice(
    running: Loaded, tmp_path: Path
) -> None:
    with (
        running.modality("receiver", tmp_path) as first,
        running.modality("second", tmp_path) as second,
    ):
        wait_until(lambda: first.acknowledged and second.acknowledged, ARRIVAL, "some are received")
        for service in ("receiver", "second"):
            running.system.up("--force-recreate", "--no-deps", service)
        running.system.up("--force-recreate", "--no-deps", "--scale", "uploader=4", "uploader")

    assert (first.broken, second.broken) == (0, 0), "a new association may have to wait, no more"
    running.judge(first, second, interrupted=0)


def said(running: Loaded, service: str) -> int:
    """How often they told that Redis is lost."""
    return running.system.logs(service).count("redis.lost")


@pytest.mark.parametrize(
    ("service", "number"),
    [("receiver", None), ("uploader", 2), ("uploader", None)],
    ids=["the receiver", "half the uploaders", "all uploaders"],
)
def test_a_partition_from_redis_is_noticed_by_no_modality(
    running: Loaded, tmp_path: Path, service: str, number: int | None
) -> None:
    with running.modality("receiver", tmp_path) as modality:
        wait_until(lambda: modality.acknowledged, ARRIVAL, "some are received")
        told = said(running, service)
        with cut_off(running, service, number):
            wait_until(lambda: said(running, service) > told, ARRIVAL, "they miss Redis")
            kept = len(modality.acknowledged)
            wait_until(lambda: len(modality.acknowledged) > kept + 100, ARRIVAL, "more is received")

    assert (modality.refused, modality.broken) == (0, 0)
    running.judge(modality, interrupted=(number or 4) if service == "uploader" else 0)


def test_sites_that_share_nothing_fail_alone(running: Loaded, tmp_path: Path) -> None:
    with (
        running.modality("receiver", tmp_path) as here,
        running.modality("receiver_b", tmp_path) as there,
    ):
        wait_until(lambda: here.acknowledged and there.acknowledged, ARRIVAL, "some are received")
        running.system.run("kill", *SITE_B)
        known = len(here.acknowledged)
        wait_until(lambda: len(here.acknowledged) > known + 20, ARRIVAL, "the other goes on")
        wait_until(lambda: not running.missing(here), ARRIVAL, "and delivers")
        running.system.start("--no-deps", *SITE_B)

    assert (here.refused, here.broken) == (0, 0), "the other notices nothing"
    running.judge(here, there, interrupted=1)


@pytest.mark.parametrize(("own", "other"), [("uploader", "redis_b"), ("uploader_b", "redis")])
def test_sites_cannot_reach_each_others_index(running: Loaded, own: str, other: str) -> None:
    code = f"import socket; socket.create_connection(('{other}', 6379), 3)"

    assert running.system.run("exec", "-T", own, "python", "-c", code, check=False).returncode
