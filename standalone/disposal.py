"""What an operator does to instances in quarantine: by a command or on the page, all the same."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from shared import audit
from shared.config import Settings
from shared.entry import SUFFIX
from shared.errors import ProxyError
from shared.quarantine import FOLDER
from shared.spool import Quarantined, Spool
from standalone.index_client import want_scan


class NotChosen(ProxyError):
    """It is not clear which instances are meant."""


def place(settings: Settings, item: Quarantined) -> Path:
    """The file that was set aside."""
    root = settings.spool.path.absolute()
    return root / FOLDER / item.destination / f"{item.name}{SUFFIX}"


def chosen(found: Sequence[Quarantined], ids: Sequence[str]) -> Iterator[Quarantined]:
    """Those whose id begins as given. Raises NotChosen where that is none or several."""
    for wanted in ids:
        matching = [each for each in found if each.name.startswith(wanted)]
        if len(matching) != 1:
            count = "none" if not matching else str(len(matching))
            raise NotChosen(f"{wanted}: {count} in quarantine has an id that begins so")
        yield matching[0]


def requeue(
    settings: Settings, items: Sequence[Quarantined], user: str, address: str = ""
) -> list[Quarantined]:
    """Back into the spool, to be sent again: those that were still there. `user`, `address`: who
    decides, for the audit trail. Raises SpoolError.
    """
    spool = Spool(settings.spool)
    done: list[Quarantined] = []
    try:
        for each in items:
            try:
                spool.requeue(each)
            except FileNotFoundError:
                continue  # somebody else has decided meanwhile
            done.append(each)
    finally:  # what was done is told, whatever stopped the rest
        audit.disposed("requeue", done, user, address)
        if done:
            want_scan(settings)
    return done


def drop(
    settings: Settings, items: Sequence[Quarantined], user: str, address: str = ""
) -> list[Quarantined]:
    """Deleted for good, without having been stored: those that were still there. As requeue."""
    spool = Spool(settings.spool)
    done: list[Quarantined] = []
    try:
        done.extend(each for each in items if spool.drop(each))
    finally:
        audit.disposed("drop", done, user, address)
    return done
