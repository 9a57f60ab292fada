"""What is counted of associations, over all processes of a service."""

from shared import metrics
from shared.dimse import rejection
from shared.dimse.rejection import Rejection
from shared.tallies import Tallies, by_label

# How an association ended, as the log has it -> as a label has it; "other": the peer broke the
# protocol, and the log says how.
ENDS = {
    "released": "released",
    "released by us": "released_by_us",
    "aborted by the peer": "aborted_by_peer",
    "aborted by us": "aborted_by_us",
    "connection lost": "connection_lost",
    "cut off by our drain": "cut_off",
    "closed by us": "cut_off",
    "idle": "idle",
    "output not read": "too_slow",
    "PDU not completed": "too_slow",
    "message not completed": "too_slow",
}
REJECTIONS = tuple(each for each in vars(rejection).values() if isinstance(each, Rejection))


def rejection_label(found: Rejection) -> str:
    return f"{found.result}.{found.source}.{found.reason}"


TALLIES = Tallies(
    (metrics.ASSOCIATIONS, ""),
    *by_label(metrics.ASSOCIATIONS_ENDED, sorted(set(ENDS.values()))),
    *by_label(metrics.ASSOCIATIONS_REFUSED, [rejection_label(each) for each in REJECTIONS]),
)
metrics.expose(TALLIES)
