"""One composed system for all tests of this folder; always taken down, with logs if one failed."""

import sys
from collections.abc import Iterator

import pytest

from tests.support.compose import Composed, composed


@pytest.fixture(scope="session")
def stack() -> Iterator[Composed]:
    with composed("--scale", "uploader=3") as system:
        yield system


@pytest.fixture(autouse=True)
def _logs_on_failure(request: pytest.FixtureRequest) -> Iterator[None]:
    failed = request.session.testsfailed
    yield
    if request.session.testsfailed > failed and "stack" in request.fixturenames:
        system: Composed = request.getfixturevalue("stack")
        sys.stderr.write(system.logs()[-20000:])
