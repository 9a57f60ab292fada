"""docs/first-archive.md word by word: a fresh clone, a real Orthanc, one file, a study stored.

Only ports are others, so that tests can run beside one another; and what `make setup` installs is
what runs this test.
"""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from shared.sections import PREFIX
from standalone import study
from tests.support.documented import Block, blocks
from tests.support.orthanc import installed
from tests.support.ports import free_port, listens
from tests.support.settings_reference import ROOT
from tests.support.waiting import wait_until

PAGE = ROOT / "docs" / "first-archive.md"
OURS = ".venv/bin/dicomweb-proxy "


class Reader:
    """Does what the page says, in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clone = folder / "dicomweb-proxy"
        self.archive, self.dimse = free_port(), free_port()
        self._blocks: list[Block] = [each for each in blocks() if each.page == PAGE]
        inherited = {name: value for name, value in os.environ.items() if PREFIX not in name}
        self._environment = inherited | {
            "PYTHONPATH": str(self.clone),
            PREFIX + "RECEIVE__PORT": str(self.dimse),
            PREFIX + "RECEIVE__HOST": "127.0.0.1",
            PREFIX + "SPOOL__SOFT_RESERVE": "0",
            PREFIX + "SPOOL__HARD_RESERVE": "0",
        }

    def written(self, language: str) -> str:
        [text] = [each.text for each in self._blocks if each.language == language]
        return text.replace("8042", str(self.archive))

    def command(self, beginning: str) -> str:
        """The one of the page that begins so."""
        told = [one for each in self._blocks if each.language == "sh" for one in each.commands()]
        found = next(one for one in told if one.startswith(beginning))
        return found.replace("8042", str(self.archive)).replace("REPOSITORY", str(ROOT))

    def begin(self, beginning: str) -> subprocess.Popen[str]:
        command = self.command(beginning).replace(
            OURS, f"{sys.executable} -P -m standalone.cli ", 1
        )
        if " send " in command:
            command += f" --port {self.dimse}"
        there = self.clone if self.clone.exists() else self.folder
        return subprocess.Popen(
            ["/bin/sh", "-euc", f"exec {command}"], cwd=there, env=self._environment,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip

    def run(self, beginning: str) -> str:
        process = self.begin(beginning)
        said, _ = process.communicate(timeout=40)
        assert process.returncode == 0, said
        return said


@contextmanager
def ended(process: subprocess.Popen[str]) -> Iterator[None]:
    """With whatever it started."""
    try:
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)


@pytest.mark.timeout(180)  # a dozen programs start
def test_the_page_leads_a_new_user_to_a_study_in_the_archive(tmp_path: Path) -> None:
    installed()
    reader = Reader(tmp_path)
    (tmp_path / "orthanc.json").write_text(reader.written("json"))
    with ended(reader.begin("Orthanc")):
        reader.run("git clone")
        (reader.clone / "proxy.toml").write_text(reader.written("toml"))
        reader.run("printf")
        reader.run("chmod")
        wait_until(lambda: listens(reader.archive), 40, "Orthanc to listen")

        checked = reader.run(f"{OURS}--config proxy.toml check")
        stored = reader.run(f"{OURS}--config proxy.toml check --store-test")

        assert "orthanc: uploads" in checked
        assert "a test image is stored" in stored
        assert not re.search(r"^(warn|FAIL)", checked + stored, re.MULTILINE)
        with ended(reader.begin(f"{OURS}--config proxy.toml up")):
            wait_until(lambda: listens(reader.dimse), 40, "the proxy to listen")
            (reader.clone / "images").mkdir()
            for number, each in enumerate(study.instances(datetime.now(UTC))):
                each.save_as(reader.clone / f"images/{number}.dcm", enforce_file_format=True)

            assert "36 sent, 0 refused" in reader.run(f"{OURS}send")

            wait_until(lambda: _studies(reader) == 2, 40, "the study to be there")
            assert re.search(r"orthanc +0 +0 +36 ", reader.run(f"{OURS}--config proxy.toml status"))


def _studies(reader: Reader) -> int:
    """Orthanc's identifiers of them."""
    return len(re.findall(r'"[0-9a-f-]{44}"', reader.run("curl")))
