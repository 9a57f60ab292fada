"""Orthanc with its DICOMweb plugin, from Debian's packages, on loopback."""

import contextlib
import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.support.peers import lacking, peer
from tests.support.ports import free_port
from tests.support.waiting import wait_until

PLUGIN = Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so")


@dataclass(frozen=True, slots=True)
class Orthanc:
    base: str
    process: subprocess.Popen[bytes]
    auth: httpx.BasicAuth | None = None

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(20)

    @property
    def studies(self) -> str:
        """The studies resource of STOW-RS."""
        return f"{self.base}/dicom-web/studies"

    def instances(self) -> list[str]:
        """Orthanc's own identifiers of what it holds."""
        found: list[str] = self.get("/instances").json()
        return found

    def part10(self, identifier: str) -> bytes:
        """The file as it was stored."""
        return self.get(f"/instances/{identifier}/file").content

    def sop_instance_uid(self, identifier: str) -> str:
        tags = self.get(f"/instances/{identifier}").json()["MainDicomTags"]
        return str(tags["SOPInstanceUID"])

    def held(self) -> dict[str, bytes]:
        """Every instance as it was stored, by SOP Instance UID."""
        return {self.sop_instance_uid(each): self.part10(each) for each in self.instances()}

    def forget(self) -> None:
        for study in self.get("/studies").json():
            httpx.delete(f"{self.base}/studies/{study}", auth=self.auth, verify=False)

    def get(self, path: str) -> httpx.Response:
        # verify=False: no certificates are loaded for each request, and there is no TLS here.
        return httpx.get(self.base + path, auth=self.auth, timeout=30, verify=False)


def installed() -> str:
    """The program, where its DICOMweb plugin is there too."""
    program = peer("Orthanc")
    if not PLUGIN.exists():
        lacking("orthanc-dicomweb is not installed (a Debian package)")
    return program


@contextlib.contextmanager
def orthanc(
    folder: Path, *, login: tuple[str, str] | None = None, port: int = 0, **settings: object
) -> Iterator[Orthanc]:
    """`login`: the user and password that it demands."""
    program = installed()
    port = port or free_port()
    configuration = {
        "StorageDirectory": str(folder),
        "IndexDirectory": str(folder),
        "HttpPort": port,
        "DicomPort": free_port(),
        "DicomServerEnabled": False,
        "RemoteAccessAllowed": False,
        "AuthenticationEnabled": login is not None,
        "RegisteredUsers": dict([login]) if login else {},
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
    user, password = (each.encode() for each in login) if login else (b"", b"")
    auth = httpx.BasicAuth(user, password) if login else None
    made = Orthanc(f"http://127.0.0.1:{port}", process, auth)
    try:
        wait_until(lambda: _answers(made), 40, "Orthanc to answer")
        yield made
    finally:
        made.stop()


def _answers(made: Orthanc) -> bool:
    with contextlib.suppress(httpx.HTTPError):
        return made.get("/system").status_code == httpx.codes.OK
    return False
