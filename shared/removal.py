"""Instances leave their place: removed, many at once, or moved to a file elsewhere."""

import os
import secrets
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import closing, suppress
from pathlib import Path

from shared import logs, open_segment, pool, scan, segment
from shared.folders import make
from shared.kept import Kept, opened, place, record_at
from shared.open_segment import OpenSegment
from shared.record import Damaged, Record, begun_at
from shared.sync import sync_data, sync_folder

PIECE = 1024 * 1024  # bytes copied at a time
AHEAD = 256  # records: what others may have delivered meanwhile
MODE = 0o640
PARTIAL = ".part"  # behind a dot and eight digits: a copy under way, or cut short

log = logs.get(__name__)


def remove(path: Path) -> None:
    """Whether it was there or not. Raises OSError."""
    for error in remove_all([path]).values():
        raise error


def remove_all(paths: Iterable[Path]) -> dict[Path, OSError]:
    """As remove; those that could not be, and why. In a segment they are marked, which costs least;
    the space comes back with the segment, or at once where there is little.
    """
    failed: dict[Path, OSError] = {}
    in_segments: defaultdict[str, set[tuple[int, Path]]] = defaultdict(set)
    for path in paths:
        where = place(path)
        try:
            if where:
                in_segments[where[0]].add((where[1], path))
            else:
                path.unlink(missing_ok=True)
        except OSError as error:
            failed[path] = error
    for segment_path, those in in_segments.items():
        failed |= _mark(segment_path, those)
    return failed


def move(path: Path, target: Path) -> None:
    """To a file of its own, which is durable once its folder is synced, and out of the spool.

    Raises OSError; then it is where it was. FileNotFoundError: it is gone, or there is no such
    folder. Damaged: it is not what was kept.
    """
    if place(path) is None:
        path.rename(target)
        # Where the target is another hard link to it, as after an orphan was moved to a destination
        # that had the instance, a rename does nothing (rename(2)).
        path.unlink(missing_ok=True)
        return
    with opened(path) as kept:
        copy(kept, target)
    sync_folder(str(target.parent))
    remove(path)


def move_below(root: Path, path: Path, target: str, *, sync: bool) -> None:
    """As move, to a place below the root, whose folder is made. Raises OSError."""
    file = root / target
    folder = target.rpartition("/")[0]
    make(root, folder, sync=sync)
    try:
        move(path, file)
    except FileNotFoundError:
        if file.parent.exists():
            raise
        make(root, folder, sync=sync)  # it was empty, and somebody tidied it away
        move(path, file)
    if sync:
        sync_folder(str(file.parent))


def remove_done(folder: Path) -> None:
    """Part with segments there in which nothing is left and which nobody appends to, and give back
    the space of what is delivered of the others. Never raises.
    """
    with suppress(OSError):
        for path in folder.glob(f"*{segment.SUFFIX}"):
            # Of its own: there may be thousands, and whoever holds some holds them for long.
            with suppress(OSError), closing(OpenSegment(str(path))) as found:
                _remove_if_done(found, path.name)


def _remove_if_done(found: OpenSegment, name: str) -> None:
    descriptor = found.to_change
    torn = False

    def is_done(descriptor: int, generation: bytes) -> bool:
        nonlocal torn
        done = scan.holds_nothing(descriptor, generation)
        # Asked last: what is delivered meanwhile was not torn.
        torn = done and not scan.is_empty(descriptor, generation)
        return done

    if pool.part_with(found.path, descriptor, is_done):
        if torn:
            log.warning("segment.torn", segment=name)
    elif segment.was_changed(found.path, descriptor) and segment.lock(descriptor):
        try:
            if found.is_named:
                scan.give_back(descriptor, found.generation)
                segment.call_unchanged(found.path, descriptor)
        finally:
            segment.unlock(descriptor)


def _mark(segment_path: str, those: Iterable[tuple[int, Path]]) -> dict[Path, OSError]:
    """`those`: offsets and paths. Those that could not be removed, and why."""
    failed: dict[Path, OSError] = {}
    try:
        with closing(open_segment.take(segment_path)) as found:
            with found.staying():
                there = _those_there(found, those, failed)
                _remove_from(found, there, failed)
            with suppress(OSError):  # else it goes with remove_done
                if not _is_followed(found, there):
                    pool.part_with(segment_path, found.to_change)
    except FileNotFoundError:
        pass
    except OSError as error:
        failed |= {path: error for _, path in those}
    return failed


def _is_followed(found: OpenSegment, there: dict[Record, Path]) -> bool:
    """`there`: in order. Whether one is left not far behind them: then nobody need look at those
    before, which are gone, most likely, and many. Raises OSError.
    """
    after = next(reversed(there), None)
    for _ in range(AHEAD):
        after = after and begun_at(found.to_change, after.end, found.generation)
        if after is None or not after.removed:
            break
    return after is not None and not after.removed


def _remove_from(
    found: OpenSegment, there: dict[Record, Path], failed: dict[Path, OSError]
) -> None:
    """`failed` is told of those that could not be removed."""
    at_once = not found.generation or pool.is_scarce(found.to_change)
    for run in runs(there):
        try:
            if at_once:  # where space is scarce, or an earlier version still reads it
                segment.make_hole(found.to_change, run[0].offset, run[-1].end - run[0].offset)
            else:
                for each in run:
                    found.mark_removed(each)
        except OSError as error:
            failed |= {there[each]: error for each in run}


def _those_there(
    found: OpenSegment, those: Iterable[tuple[int, Path]], failed: dict[Path, OSError]
) -> dict[Record, Path]:
    """In order; `failed` is told of what is not as it should be."""
    there = {}
    for offset, path in sorted(those):
        try:
            there[record_at(found, offset, path)[0]] = path
        except FileNotFoundError:
            pass
        except OSError as error:
            failed[path] = error
    return there


def runs(records: Iterable[Record]) -> Iterator[list[Record]]:
    """Those that follow one another without a gap, of records in order."""
    run: list[Record] = []
    for each in records:
        if run and run[-1].end != each.offset:
            yield run
            run = []
        run.append(each)
    if run:
        yield run


def copy(kept: Kept, target: Path) -> None:
    """Durable once its folder is synced. Raises OSError, with nothing left."""
    partial = target.with_name(f".{secrets.token_hex(4)}{PARTIAL}")  # others may move it as well
    try:
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, MODE)
        with os.fdopen(descriptor, "wb", 0) as file:
            offset = 0
            while offset < kept.size:
                offset += _some(file.write(kept.read(PIECE, offset)))
            sync_data(file.fileno())
        partial.rename(target)
    except BaseException:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
        raise


def _some(count: int) -> int:
    """Raises Damaged where there was nothing more to copy."""
    if not count:
        raise Damaged
    return count
