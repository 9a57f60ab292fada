"""Orthanc with its DICOMweb plugin, from Debian's packages, on loopback."""

import contextlib
import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.support.peers import peer
from tests.support.ports import free_port
from tests.support.waiting import wait_until

PLUGIN = Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so")


@dataclass(frozen=True, slots=True)
class Orthanc:
    base: str

    @property
    def studies(self) -> str:
        """The studies resource of STOW-RS."""
        return f"{self.base}/dicom-web/studies"

    def instances(self) -> list[str]:
        """Orthanc's own identifiers of what it holds."""
        found: list[str] = httpx.get(f"{self.base}/instances").json()
        return found

    def part10(self, identifier: str) -> bytes:
        """The file as it was stored."""
        return httpx.get(f"{self.base}/instances/{identifier}/file").content

    def sop_instance_uid(self, identifier: str) -> str:
        tags = httpx.get(f"{self.base}/instances/{identifier}").json()["MainDicomTags"]
        return str(tags["SOPInstanceUID"])


@contextlib.contextmanager
def orthanc(folder: Path, **settings: object) -> Iterator[Orthanc]:
    program = peer("Orthanc")
    if not PLUGIN.exists():
        reason = "orthanc-dicomweb is not installed (a Debian package)"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)
    port = free_port()
    configuration = {
        "StorageDirectory": str(folder),
        "IndexDirectory": str(folder),
        "HttpPort": port,
        "DicomPort": free_port(),
        "DicomServerEnabled": False,
        "RemoteAccessAllowed": False,
        "AuthenticationEnabled": False,
        "Plugins": [str(PLUGIN)],
        "DicomWeb": {"Enable": True, "Root": "/dicom-web/"},
        **settings,
    }
    file = folder / "orthanc.json"
    file.write_text(json.dumps(configuration))
    with (folder / "orthanc.log").open("wb") as output:
        process = subprocess.Popen(
            [program, str(file)],
            env={**os.environ, "TCP_NODELAY": "1"},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    made = Orthanc(f"http://127.0.0.1:{port}")
    try:
        wait_until(lambda: _answers(made), 40, "Orthanc to answer")
        yield made
    finally:
        process.terminate()
        process.wait(20)


def _answers(made: Orthanc) -> bool:
    with contextlib.suppress(httpx.HTTPError):
        return httpx.get(f"{made.base}/system").status_code == httpx.codes.OK
    return False
