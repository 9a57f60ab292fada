"""What the demo shows: a study on its way, compared at its end, and a worklist."""

import hashlib
import sys
import time
from collections import Counter
from datetime import datetime
from pathlib import Path

import httpx
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian
from pynetdicom.dsutils import encode

from shared.errors import ProxyError
from shared.statuses import SUCCESS
from standalone import modality, study
from standalone.dataset import digest
from standalone.modality import Target
from standalone.progress import Progress
from standalone.sandbox.multipart import MultipartReader, media_type
from standalone.table import table
from standalone.worklist_query import COLUMNS, Keys, rows

ARRIVAL = 60.0  # seconds in which everything must have arrived
POLL = 0.05  # seconds between looks at the sandbox


class Missing(ProxyError):
    """Something that should have happened did not."""


def run(base: str, host: str, port: int) -> None:
    """Raises ProxyError if anything is missing or differs."""
    target = Target(host, port, "DICOMWEBPROXY")
    made = list(study.instances(datetime.now().astimezone()))
    _say("A made-up study goes in by C-STORE, as from a scanner:")
    _send(target, made)
    with httpx.Client(base_url=base, timeout=30) as sandbox:
        _wait_for_all(sandbox, made)
        held = _held(sandbox, str(made[0].StudyInstanceUID))
    _say("\nWhat the origin server holds now, compared byte for byte with what was sent:\n")
    differing = _compare(made, held)

    _say("The worklist of today, asked by C-FIND, as a scanner would:\n")
    today = datetime.now().astimezone().strftime("%Y%m%d")
    answers = modality.find(target, Keys(date=today).identifier())
    _say(table(COLUMNS, rows(answers)))
    if differing:
        raise Missing(f"{differing} of {len(made)} instances are missing or differ")
    if not answers:
        raise Missing("the worklist of today is empty")
    _say(f"All {len(made)} instances arrived unchanged; {len(answers)} procedure steps found.")


def explain(base: str, host: str, port: int, folder: Path, page: str) -> None:
    _say(f"""
Still running, until Ctrl-C:

  the sandbox (open it in a browser)   {base}/
  the status page                      {page}
  the proxy, for modalities            {host}:{port}
  its log and its spool                {folder}

Try it with the tools of DCMTK, or with our own:

  echoscu {host} {port}
  storescu -aec DICOMWEBPROXY {host} {port} IMAGE.dcm
  findscu -W -k "PatientName=*" -k "ScheduledProcedureStepSequence[0].Modality=CT" {host} {port}
  dicomweb-proxy send --host {host} --port {port} FOLDER
  dicomweb-proxy worklist --host {host} --port {port} --modality CT
""")


def _send(target: Target, made: list[Dataset]) -> None:
    classes = sorted({str(each.SOPClassUID) for each in made})
    contexts = [modality.context(each, ExplicitVRLittleEndian) for each in classes]
    with (
        modality.association(target, contexts) as association,
        Progress("sent", len(made), sys.stdout) as progress,
    ):
        for done, instance in enumerate(made, start=1):
            status = modality.store(association, instance)
            if status != SUCCESS:
                raise Missing(f"the proxy refused instance {done} with 0x{status:04X}")
            progress.at(done)


def _wait_for_all(sandbox: httpx.Client, made: list[Dataset]) -> None:
    path = f"/studies/{made[0].StudyInstanceUID}/instances"
    deadline = time.monotonic() + ARRIVAL
    with Progress("arrived", len(made), sys.stdout) as progress:
        arrived = 0
        while arrived < len(made) and time.monotonic() < deadline:
            answer = sandbox.get(path)
            arrived = len(answer.json()) if answer.status_code == httpx.codes.OK else 0
            progress.at(arrived)
            time.sleep(POLL)


def _held(sandbox: httpx.Client, study_uid: str) -> dict[str, int]:
    """Digests of all data sets of a study, and how often each is held."""
    accept = 'multipart/related; type="application/dicom"; transfer-syntax=*'
    answer = sandbox.get(f"/studies/{study_uid}", headers={"Accept": accept})
    if answer.status_code != httpx.codes.OK:
        return {}
    found = _Digests()
    reader = MultipartReader(media_type(answer.headers["Content-Type"])[1]["boundary"], found)
    reader.feed(answer.content)
    reader.close()
    return found.counted


class _Digests:
    def __init__(self) -> None:
        self.counted: Counter[str] = Counter()
        self._part = bytearray()

    def begin(self, content_type: str) -> None:
        del content_type
        self._part.clear()

    def write(self, data: bytes) -> None:
        self._part += data

    def end(self) -> None:
        self.counted[digest(bytes(self._part))] += 1


def _compare(made: list[Dataset], held: dict[str, int]) -> int:
    """Print the comparison; how many are missing or differ."""
    sent: Counter[tuple[str, str]] = Counter()
    identical: Counter[tuple[str, str]] = Counter()
    for instance in made:
        series = (str(instance.Modality), str(instance.SeriesDescription))
        sent[series] += 1
        encoded = encode(instance, is_implicit_vr=False, is_little_endian=True) or b""
        identical[series] += hashlib.sha256(encoded).hexdigest() in held
    lines = [(*series, sent[series], identical[series]) for series in sent]
    _say(table(("Modality", "Series", "Sent", "Identical"), lines))
    return sum(sent.values()) - sum(identical.values())


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
