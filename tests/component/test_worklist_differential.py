"""The worklist in front of each played server answers what a plain reference says it should."""

import asyncio
import logging
import warnings
from collections.abc import Iterator

import pytest
from pydicom.dataset import Dataset

from shared.config import Settings
from tests.support.ups_generator import Generator
from tests.support.ups_query import answered, settings
from tests.support.ups_reference import entry, expected, values
from tests.support.ups_server import UpsServer
from worklist.find import WorklistService

WORKLISTS, QUERIES = 24, 26  # for each server: 624 pairs, over 5,600 in all

STANDARD = [
    ("by-the-book", "generic"),
    ("generic", "generic"),
    ("ignoring", "generic"),
    ("dcm4chee", "dcm4chee"),
    ("azure", "azure"),
    ("pyupsrs", "pyupsrs"),
    ("emulator", "emulator"),
]


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Pydicom would warn of keys that are ranges or patterns."""
    logging.disable(logging.WARNING)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
    logging.disable(logging.NOTSET)


async def compare(
    server: UpsServer, configured: Settings, generator: Generator, given: bool
) -> int:
    service = WorklistService(configured)
    pairs = 0
    for _ in range(WORKLISTS):
        items = generator.worklist()
        server.fill(items)
        by_uid = {values(item, "00080018")[0]: item for item in items}
        for _ in range(QUERIES):
            query = generator.query()
            found = await answered(service, query)
            uids = [each.SOPInstanceUID for each in found.answers]
            wanted = expected(items, query, given=given)
            assert found.status == 0x0000
            assert sorted(uids) == sorted(wanted), f"{query}\n{server.queries[-1]}"
            for answer in found.answers:
                check(answer, *entry(by_uid[answer.SOPInstanceUID], given=given))
            pairs += 1
    await service.close()
    return pairs


def check(answer: Dataset, root: dict[str, list[str]], step: dict[str, list[str]]) -> None:
    """Values of what was found; where the workitem has none, an answer may have one of its own."""
    steps = getattr(answer, "ScheduledProcedureStepSequence", None) or []
    for data_set, wanted in [(answer, root), *((each, step) for each in steps)]:
        for keyword, found in wanted.items():
            if hasattr(data_set, keyword) and found:
                element = data_set[keyword]
                told = list(element.value) if element.VM > 1 else [element.value]
                assert [str(each) for each in told] == found, keyword


@pytest.mark.parametrize(("played", "preset"), STANDARD)
def test_workitems_of_any_server_are_matched_exactly(played: str, preset: str) -> None:
    with UpsServer(profile=played) as server:
        configured = settings(server.workitems_uri, preset=preset)
        pairs = asyncio.run(compare(server, configured, Generator(f"{played} 5"), given=False))

    assert pairs == WORKLISTS * QUERIES


@pytest.mark.parametrize(
    ("profile", "played", "path"),
    [
        ("mwl-rs", "mwl-rs", "/modality-scheduled-procedure-steps"),
        ("ups-legacy-google", "google", "/workitems"),
    ],
)
def test_worklist_items_of_a_server_are_matched_exactly(
    profile: str, played: str, path: str
) -> None:
    generator = Generator(f"{played} 5", given=True)
    with UpsServer(profile=played) as server:
        configured = settings(server.base + path, profile=profile)
        pairs = asyncio.run(compare(server, configured, generator, given=True))

    assert pairs == WORKLISTS * QUERIES
