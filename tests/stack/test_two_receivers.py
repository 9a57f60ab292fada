"""Two receivers on one spool: either may die, and what it acknowledged is sent by the uploaders."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.compose import Composed, composed
from tests.support.ports import free_port
from tests.support.sending import ARRIVAL, acknowledged, arrived, series, storescu
from tests.support.waiting import wait_until

pytestmark = pytest.mark.stack
SECOND_PORT = free_port()


@pytest.fixture
def pair() -> Iterator[Composed]:
    services = ("receiver", "second", "uploader", "redis", "sandbox")
    given = {"SECOND_PORT": str(SECOND_PORT)}
    up = ("--scale", "uploader=2", *services)
    with composed(*up, given=given, extra="two_receivers.yml") as system:
        yield system


def test_a_receiver_that_dies_takes_nothing_with_it(pair: Composed, tmp_path: Path) -> None:
    folders = [tmp_path / "first", tmp_path / "second"]
    made = [series(folder, study, 200) for study, folder in enumerate(folders, start=10)]
    first = storescu(pair, folders[0])
    second = storescu(pair, folders[1], SECOND_PORT)
    wait_until(lambda: len(acknowledged(folders[1])) > 20, ARRIVAL, "the second has received some")

    pair.run("kill", "second")

    assert first.wait(60) == 0
    second.wait(60)
    kept = acknowledged(folders[1])
    assert len(kept) < len(made[1]), "it was not killed in the middle"
    promised = made[0] + [each for each in made[1] if each.path.name in kept]
    wait_until(lambda: arrived(pair, promised) == len(promised), ARRIVAL, "all acknowledged arrive")

    pair.up("second")
    assert storescu(pair, folders[1], SECOND_PORT).wait(60) == 0
    wait_until(lambda: arrived(pair, made[1]) == len(made[1]), ARRIVAL, "all instances arrive")
