"""What an operator does to instances in quarantine: by a command or on the page, all the same."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from shared import audit
from shared.config import Settings
from shared.errors import ProxyError, SpoolError
from shared.spool import Quarantined, Spool
from standalone.index_client import want_scan


class NotChosen(ProxyError):
    """It is not clear which instances are meant."""


def chosen(found: Sequence[Quarantined], ids: Sequence[str]) -> Iterator[Quarantined]:
    """Those whose id begins as given. Raises NotChosen where that is none or several."""
    for wanted in ids:
        matching = [each for each in found if each.name.startswith(wanted)]
        if len(matching) != 1:
            count = f"{len(matching)} in quarantine have" if matching else "none in quarantine has"
            raise NotChosen(f"{wanted}: {count} an id that begins so")
        yield matching[0]


def sendable(items: Iterable[Quarantined]) -> list[Quarantined]:
    """Those of many that can be put back: what the disk has damaged cannot."""
    return [each for each in items if not each.damaged]


def requeue(
    settings: Settings, items: Sequence[Quarantined], user: str, address: str = ""
) -> list[Quarantined]:
    """Back into the spool, to be sent again: those that were still there. `user`, `address`: who
    decides, for the audit trail. Raises SpoolError, once all were tried.
    """
    spool = Spool(settings.spool)

    def put_back(item: Quarantined) -> bool:
        try:
            spool.requeue(item)
        except FileNotFoundError:
            return False  # somebody else has decided meanwhile
        return True

    done, failed = _each(items, put_back)
    audit.disposed("requeue", done, user, address)
    if done:
        want_scan(settings)
    return _told(done, failed)


def drop(
    settings: Settings, items: Sequence[Quarantined], user: str, address: str = ""
) -> list[Quarantined]:
    """Deleted for good, without having been stored: those that were still there. As requeue."""
    done, failed = _each(items, Spool(settings.spool).drop)
    audit.disposed("drop", done, user, address)
    return _told(done, failed)


def _each(
    items: Sequence[Quarantined], act: Callable[[Quarantined], bool]
) -> tuple[list[Quarantined], list[SpoolError]]:
    """Those it was done to, and what kept others from it: one is no reason to leave the rest."""
    done: list[Quarantined] = []
    failed: list[SpoolError] = []
    for each in items:
        try:
            if act(each):
                done.append(each)
        except SpoolError as error:
            failed.append(error)
    return done, failed


def _told(done: list[Quarantined], failed: list[SpoolError]) -> list[Quarantined]:
    if failed:
        raise SpoolError(f"{failed[0]} ({len(failed)} not done, {len(done)} done)")
    return done
