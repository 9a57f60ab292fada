"""File descriptors: each association takes one, and one more while it stores an instance.

Without any left the event loop closes a new connection at once, and tells nobody.
"""

import resource

from shared import logs

MOST = 65536  # as the systemd unit has it; no settings need more
OTHERS = 128  # the log, Redis, half-open connections, folders that are synced

log = logs.get(__name__)


def allow(associations: int) -> bool:
    """Have as many as the system lets us; whether they suffice for so many associations."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    limit = max(soft, MOST if hard == resource.RLIM_INFINITY else min(hard, MOST))
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
    except (ValueError, OSError):  # macOS allows fewer than it says
        limit = soft
    wanted = 2 * associations + OTHERS
    if limit < wanted:
        log.warning("acceptor.cramped", limit=limit, wanted=wanted)
    return limit >= wanted
