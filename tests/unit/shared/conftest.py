"""What unit tests of the shared package have in common."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared import segment
from shared.sections import PREFIX
from tests.support.records import place_for_one


@pytest.fixture
def environ(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """An environment without settings of ours."""
    for name in [name for name in os.environ if name.startswith(PREFIX)]:
        monkeypatch.delenv(name)
    return monkeypatch


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where a segment may be."""
    return place_for_one(tmp_path)


@pytest.fixture
def opened(file: Path) -> Iterator[int]:
    """A segment there."""
    descriptor = segment.create(str(file), 0o640)
    yield descriptor
    os.close(descriptor)
