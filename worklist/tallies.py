"""What the worklist counts."""

from shared import metrics, statuses
from shared.tallies import Tallies, by_status

ANSWERS = (
    statuses.SUCCESS,
    statuses.CANCELLED,
    statuses.OUT_OF_RESOURCES,
    statuses.DATA_SET_MISMATCH,
    statuses.CANNOT_UNDERSTAND,
    statuses.UPSTREAM_DENIED,
    statuses.UPSTREAM_MISCONFIGURED,
    statuses.UPSTREAM_REFUSED,
    statuses.UPSTREAM_TOO_MANY,
    statuses.UPSTREAM_UNREADABLE,
)

TALLIES = Tallies(
    *by_status(metrics.QUERIES, ANSWERS),
    (metrics.MATCHES, ""),
    (metrics.STALE, ""),
    (metrics.QUERY_SECONDS, ""),
)
metrics.expose(TALLIES)
