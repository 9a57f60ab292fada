"""One composed system for all tests of this folder; always taken down, with logs if one failed."""

import os
import sys
from collections.abc import Iterator
from uuid import uuid4

import pytest

from tests.support.compose import Composed, require_engine


@pytest.fixture(scope="session")
def stack() -> Iterator[Composed]:
    require_engine()
    composed = Composed(f"dicomweb-proxy-test-{os.getpid()}-{uuid4().hex[:6]}")
    try:
        composed.up("--build", "--scale", "uploader=3")
        yield composed
    finally:
        composed.down()


@pytest.fixture(autouse=True)
def _logs_on_failure(request: pytest.FixtureRequest) -> Iterator[None]:
    failed = request.session.testsfailed
    yield
    if request.session.testsfailed > failed and "stack" in request.fixturenames:
        composed: Composed = request.getfixturevalue("stack")
        sys.stderr.write(composed.logs()[-20000:])
