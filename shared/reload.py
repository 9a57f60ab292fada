"""Settings read again while a process runs (SIGHUP). A bad file is refused, and the old one stays.

What can change without dropping an association does; what cannot is named, for a restart.
"""

from collections.abc import Callable
from pathlib import Path

from shared import logs
from shared.config import Settings, load
from shared.errors import ConfigurationError
from shared.needs import NOTHING, Needs

APPLIED = frozenset({"destinations", "routing", "routes", "admission", "peers"})
# The only destination is made of these, and compared as a destination.
OF_DESTINATIONS = {
    "auth": (),
    "upload": ("uri", "insecure", "preset", "parallelism"),
    "worklist": ("uri",),
}

log = logs.get(__name__)


def reload(
    config: Path | None,
    old: Settings,
    apply: Callable[[Settings], None],
    needs: Needs = NOTHING,
) -> None:
    """Have the new settings applied, or say in the log why they are refused."""
    try:
        new = load(config, needs)
        apply(new)
    except ConfigurationError as error:
        log.error("configuration.refused", mistakes=error.mistakes, note="the old one holds")
        return
    if waiting := unapplied(old, new):
        log.warning("configuration.restart_needed", sections=waiting)
    log.info("configuration.reloaded")


def newest(config: Path | None, old: Settings) -> Settings:
    """For a process that is started again: what those that went on have come to."""
    found: list[Settings] = []
    reload(config, old, found.append)
    return applied(old, found[0]) if found else old


def applied(old: Settings, new: Settings) -> Settings:
    """The old settings with what a reload changes."""
    return old.model_copy(update={name: getattr(new, name) for name in APPLIED})


def unapplied(old: Settings, new: Settings) -> list[str]:
    """The sections whose change only a restart applies."""
    return [
        name
        for name in type(old).model_fields
        if name not in APPLIED and _rest(old, name) != _rest(new, name)
    ]


def _rest(settings: Settings, name: str) -> object:
    section = getattr(settings, name)
    applied = OF_DESTINATIONS.get(name)
    if applied is None:
        return section
    return section.model_dump(exclude=set(applied)) if applied else None
