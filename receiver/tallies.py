"""What the receiver counts, over all its processes."""

from shared import metrics
from shared.statuses import (
    CANNOT_UNDERSTAND,
    DATA_SET_MISMATCH,
    INVALID_INSTANCE,
    NOT_AUTHORIZED,
    OUT_OF_RESOURCES,
)
from shared.tallies import Tallies, by_status

REFUSALS = (
    OUT_OF_RESOURCES,
    DATA_SET_MISMATCH,
    CANNOT_UNDERSTAND,
    INVALID_INSTANCE,
    NOT_AUTHORIZED,
)

TALLIES = Tallies(
    (metrics.RECEIVED, ""),
    (metrics.RECEIVED_BYTES, ""),
    (metrics.IRREGULAR, ""),
    (metrics.DISCARDED, ""),
    (metrics.RECEIVE_SECONDS, ""),
    (metrics.SYNC_SECONDS, ""),
    *by_status(metrics.REFUSED, REFUSALS),
)
metrics.expose(TALLIES)
