"""Finds instances in files and folders and sends them over as few associations as it takes."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from pydicom.filereader import read_file_meta_info
from pydicom.uid import MediaStorageDirectoryStorage

from shared.statuses import SUCCESS
from standalone import modality
from standalone.modality import NotAccepted, PeerFault, Target
from standalone.progress import Progress

MOST_CONTEXTS = 128  # of an association: odd numbers from 1 to 255 (PS3.8 9.3.2.2)
WARNINGS = 0xB000  # statuses from here to 0xBFFF mean stored, with a remark (PS3.4 Table B.2-1)


@dataclass(frozen=True, slots=True)
class Instance:
    path: Path
    sop_class: str
    transfer_syntax: str


@dataclass(slots=True)
class Found:
    instances: list[Instance] = field(default_factory=list)
    skipped: list[Path] = field(default_factory=list)  # no Part 10 files


@dataclass(slots=True)
class Result:
    skipped: list[Path]
    sent: int = 0
    refused: list[tuple[Path, str]] = field(default_factory=list)


def look(paths: Iterable[Path]) -> Found:
    """Raises PeerFault for a path that is not there."""
    found = Found()
    for path in paths:
        if not path.exists():
            raise PeerFault(f"{path}: no such file or folder")
        for file in sorted(_files(path)):
            instance = _instance(file)
            if instance:
                found.instances.append(instance)
            else:
                found.skipped.append(file)
    return found


def send(target: Target, found: Found) -> Result:
    """Raises PeerFault if there is nobody to send to."""
    result = Result(found.skipped)
    done = 0
    with Progress("sending", len(found.instances)) as progress:
        for batch in _batches(found.instances):
            waiting = list(batch)
            while waiting:
                for instance in _send(target, waiting, result):
                    waiting.remove(instance)
                    done += 1
                    progress.at(done)
    return result


def _send(target: Target, batch: list[Instance], result: Result) -> Iterator[Instance]:
    """Send over one association; what ends it was tried and counts as refused."""
    pairs = sorted({(each.sop_class, each.transfer_syntax) for each in batch})
    with modality.association(target, [modality.context(*pair) for pair in pairs]) as made:
        for instance in list(batch):
            try:
                status = modality.store(made, instance.path)
            except NotAccepted as fault:
                result.refused.append((instance.path, str(fault)))
            except PeerFault as fault:
                result.refused.append((instance.path, str(fault)))
                yield instance
                return
            else:
                _note(result, instance, status)
            yield instance


def _note(result: Result, instance: Instance, status: int) -> None:
    if status == SUCCESS or status & 0xF000 == WARNINGS:
        result.sent += 1
    else:
        result.refused.append((instance.path, f"status 0x{status:04X}"))


def _batches(instances: Iterable[Instance]) -> Iterator[list[Instance]]:
    """In the order of files, a new one where an association would need too many contexts."""
    batch: list[Instance] = []
    pairs: set[tuple[str, str]] = set()
    for each in instances:
        pair = (each.sop_class, each.transfer_syntax)
        if len(pairs | {pair}) > MOST_CONTEXTS:
            yield batch
            batch, pairs = [], set()
        batch.append(each)
        pairs.add(pair)
    if batch:
        yield batch


def _files(path: Path) -> Iterator[Path]:
    if not path.is_dir():
        yield path
        return
    yield from (each for each in path.rglob("*") if each.is_file())


def _instance(path: Path) -> Instance | None:
    try:
        meta = read_file_meta_info(path)
        sop_class, syntax = str(meta.MediaStorageSOPClassUID), str(meta.TransferSyntaxUID)
    except Exception:  # noqa: BLE001  # any file may lie in a folder, and pydicom raises anything
        return None
    storable = sop_class and syntax and sop_class != MediaStorageDirectoryStorage
    return Instance(path, sop_class, syntax) if storable else None
