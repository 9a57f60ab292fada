"""Every storable file of the pydicom wheel: DCMTK's storescu, `up`, Orthanc."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from pydicom import dcmread

from tests.support.dcmtk import ENVIRONMENT, storescu
from tests.support.instances import make
from tests.support.orthanc import orthanc
from tests.support.peers import peer
from tests.support.ports import free_port, listens
from tests.support.proxy import Running, proxy
from tests.support.pydicom_files import Storable, data_set_digest, storable_files
from tests.support.scu import send
from tests.support.spools import waiting
from tests.support.waiting import wait_until

# Implicit VR Little Endian, Explicit VR Big Endian, Deflated: PS3.18 8.7.3 forbids them.
CONVERTED = {"1.2.840.10008.1.2", "1.2.840.10008.1.2.2", "1.2.840.10008.1.2.1.99"}


def one_for_each_uid() -> list[Storable]:
    """Orthanc keeps the first instance of a UID, whatever comes later."""
    return list({each.sop_instance_uid: each for each in reversed(storable_files())}.values())


@contextmanager
def storescp(folder: Path) -> Iterator[int]:
    """Keeps what arrives bit by bit: the reference for what storescu really sends."""
    folder.mkdir()
    port = free_port()
    with subprocess.Popen(
        [peer("storescp"), "-B", "+xa", "--output-directory", folder, str(port)],
        env=ENVIRONMENT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        wait_until(lambda: listens(port), 10, "storescp to listen")
        yield port
        process.terminate()


class Sent(NamedTuple):
    sop_instance_uid: str  # of the data set: some files name another one in their group 0002
    syntax: str
    digest: str


def told(path: Path) -> Sent:
    """What a file says of itself."""
    read = dcmread(path, stop_before_pixels=True, specific_tags=["SOPInstanceUID"])
    digest = data_set_digest(path.read_bytes())
    return Sent(str(read.SOPInstanceUID), str(read.file_meta.TransferSyntaxUID), digest)


def settled(running: Running) -> bool:
    return not waiting(running.spool)


@pytest.mark.timeout(180)
@pytest.mark.filterwarnings("ignore::UserWarning")  # pydicom's, of what is odd
def test_what_orthanc_accepts_arrives_unchanged_and_the_rest_is_kept_and_named(
    tmp_path: Path,
) -> None:
    files = one_for_each_uid()
    with storescp(tmp_path / "reference") as port:
        storescu(port, files)
    sent = {path.name: told(path) for path in (tmp_path / "reference").iterdir()}

    (tmp_path / "orthanc").mkdir()
    with (
        orthanc(tmp_path / "orthanc") as origin,
        proxy(
            tmp_path / "proxy",
            UPLOAD__URI=origin.studies,
            UPLOAD__MAX_ATTEMPTS=1,
            LOG__LEVEL="info",
        ) as running,
    ):
        acknowledged = storescu(running.port, files)
        wait_until(lambda: settled(running), 90, "every instance to be stored or set aside")
        held = {origin.sop_instance_uid(each): origin.part10(each) for each in origin.instances()}
        logged = running.logged()

    aside = list(running.spool.glob(".quarantine/default/*.dcm"))
    assert acknowledged > 100
    assert len(held) + len(aside) == acknowledged
    digests = {each.digest for each in sent.values()}
    converted = {each.sop_instance_uid for each in sent.values() if each.syntax in CONVERTED}
    changed = [
        uid
        for uid, content in held.items()
        if uid not in converted and data_set_digest(content) not in digests
    ]
    assert not changed
    assert len(set(held) - converted) > 90
    for path in aside:
        uid = told(path).sop_instance_uid
        assert uid in path.with_suffix(".json").read_text()
        assert uid in logged


def test_nothing_leaves_the_spool_while_the_quota_of_orthanc_is_full(tmp_path: Path) -> None:
    """It answers 200, and keeps nothing."""
    archive, port = tmp_path / "orthanc", free_port()
    archive.mkdir()
    batch = [make(tmp_path, number, size=300_000) for number in range(6)]
    everything = {each.uid for each in batch}
    full: dict[str, Any] = {"MaximumStorageSize": 1, "MaximumStorageMode": "Reject"}  # MiB
    with (
        orthanc(archive, port=port, **full) as origin,
        proxy(
            tmp_path / "proxy",
            UPLOAD__URI=origin.studies,
            UPLOAD__RETRY_BASE=0.1,
            UPLOAD__RETRY_CAP=0.5,
        ) as running,
    ):
        send(running.port, [dcmread(each.path) for each in batch])
        wait_until(lambda: refused_often(running), 30, "the rest to be tried several times")

        held = set(origin.held())
        assert 0 < len(held) < len(batch)
        assert len(waiting(running.spool)) == len(everything - held)

        origin.stop()
        with orthanc(archive, port=port) as roomy:
            wait_until(lambda: set(roomy.held()) == everything, 30, "all to be in Orthanc")
        wait_until(lambda: settled(running), 10, "the spool to be empty")
        assert not list(running.spool.glob(".quarantine/*/*.dcm"))


def refused_often(running: Running) -> bool:
    return running.logged().count("destination.held") > 3
