"""Every storable file of the pydicom wheel, sent by two real peers, is kept byte for byte."""

import io
import re
import subprocess
from collections import Counter
from pathlib import Path

import pytest
from pydicom import dcmread
from pynetdicom import AE, _config

from shared.spool import Spool
from tests.support.peers import peer
from tests.support.pydicom_files import Storable, data_set_digest, storable_files
from tests.support.reactor import quiet
from tests.support.receivers import Announced, receiving
from tests.support.spools import content, open_spool

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")  # pydicom's, of what is odd


def send(port: int, files: list[Storable]) -> list[int]:
    """As they are on disk, an association for each 100 presentation contexts."""
    statuses = []
    wanted = sorted({(each.sop_class_uid, each.transfer_syntax_uid) for each in files})
    for start in range(0, len(wanted), 100):
        contexts = wanted[start : start + 100]
        entity = AE("SENDER")
        for sop_class, transfer_syntax in contexts:
            entity.add_requested_context(sop_class, transfer_syntax)
        association = entity.associate("127.0.0.1", port)
        assert association.is_established
        for each in files:
            if (each.sop_class_uid, each.transfer_syntax_uid) in contexts:
                quiet(association)
                statuses.append(association.send_c_store(each.path).Status)
        association.release()
    return statuses


def kept_digests(spool: Spool) -> Counter[str]:
    return Counter(data_set_digest(content(spool.file(entry))) for entry in spool.scan("cloud"))


def test_pynetdicom_sends_all_and_each_data_set_is_kept_unchanged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_config, "STORE_SEND_CHUNKED_DATASET", True)  # from the file, not decoded
    files = list(storable_files())
    spool = open_spool(tmp_path)
    announced = Announced()

    with receiving(spool, announced) as port:
        statuses = send(port, files)

    assert len(files) > 100
    assert set(statuses) == {0x0000}
    assert kept_digests(spool) == Counter(each.digest for each in files)
    assert sorted(announced, key=lambda entry: entry.name) == list(spool.scan("cloud"))


def test_kept_files_name_their_instance_in_the_file_meta(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_config, "STORE_SEND_CHUNKED_DATASET", True)
    files = {each.digest: each for each in storable_files()}
    spool = open_spool(tmp_path)

    with receiving(spool) as port:
        send(port, list(files.values()))

    for entry in spool.scan("cloud"):
        whole = content(spool.file(entry))
        sent = files[data_set_digest(whole)]
        meta = dcmread(io.BytesIO(whole), stop_before_pixels=True).file_meta
        assert meta.TransferSyntaxUID == sent.transfer_syntax_uid
        assert meta.MediaStorageSOPInstanceUID
        assert len(whole) == entry.size


@pytest.mark.parametrize(
    "program", [("dcmsend", "--no-halt"), ("storescu", "--no-halt", "--required")]
)
def test_dcmtk_is_told_success_exactly_for_what_is_kept(
    tmp_path: Path, program: tuple[str, ...]
) -> None:
    files = [str(each.path) for each in storable_files()]
    spool = open_spool(tmp_path)

    with receiving(spool) as port:
        done = subprocess.run(
            [peer(program[0]), *program[1:], "-v", "127.0.0.1", str(port), *files],
            capture_output=True,
            text=True,
            check=True,
            env={"TCP_NODELAY": "1"},
            timeout=50,
        )

    told = re.findall(r"Received (?:C-STORE|Store) Response \((\w+)", done.stdout + done.stderr)
    assert set(told) == {"Success"}
    assert len(told) > 100  # DCMTK itself cannot read some, and storescu proposes few syntaxes
    assert kept_digests(spool).total() == len(told)
