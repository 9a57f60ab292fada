"""What the worklist counts."""

from shared import metrics, statuses
from shared.tallies import Tallies, by_label, by_status

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

# Why a workitem was left out, as worklist.scope and worklist.operation count it.
DROPS = ("out_of_scope", "incomplete", "unscheduled", "broken", "unencodable", "truncated")

TALLIES = Tallies(
    *by_status(metrics.QUERIES, ANSWERS),
    (metrics.MATCHES, ""),
    (metrics.STALE, ""),
    *by_label(metrics.DROPPED, DROPS),
    (metrics.QUERY_SECONDS, ""),
    (metrics.UPSTREAM_SECONDS, ""),
    (metrics.UPSTREAM_FAULTS, ""),
)
metrics.expose(TALLIES)
