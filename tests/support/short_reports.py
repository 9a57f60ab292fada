"""A pytest plugin: of what a failed test and its services said, the end; the rest is in the way."""

from collections.abc import Generator

import pytest

LINES = 60  # of each captured stream: the last events of a service, and a traceback
LONGEST = 2000  # characters of a line: a log line with a long list, a document on one line


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    report.sections = [(name, shortened(text)) for name, text in report.sections]
    return report


def shortened(text: str) -> str:
    lines = text.splitlines()
    left_out = len(lines) - LINES
    told = [f"({left_out} lines above are left out: pytest -s shows them)"] if left_out > 0 else []
    kept = (line if len(line) <= LONGEST else f"{line[:LONGEST]}..." for line in lines[-LINES:])
    return "\n".join([*told, *kept]) + "\n"
