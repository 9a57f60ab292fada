"""How a query ends: the final C-FIND status of each fault (PS3.4 K.4.1.1.4, PS3.7 9.1.2.1.5)."""

from shared.dicomweb.ups import Refused, TooMany, Unreadable
from shared.dimse.service import Response
from shared.errors import Denied, Misconfigured, ProxyError, Unavailable
from shared.statuses import (
    CANCELLED,
    CANNOT_UNDERSTAND,
    DATA_SET_MISMATCH,
    OUT_OF_RESOURCES,
    SUCCESS,
    UPSTREAM_DENIED,
    UPSTREAM_MISCONFIGURED,
    UPSTREAM_REFUSED,
    UPSTREAM_TOO_MANY,
    UPSTREAM_UNREADABLE,
)

# Comments go into (0000,0902), 64 ASCII characters; none may hold what a key or an answer says.
DONE = Response(SUCCESS)
STOPPED = Response(CANCELLED)
NO_IDENTIFIER = Response(DATA_SET_MISMATCH, "the identifier cannot be read")
NO_DATE = Response(DATA_SET_MISMATCH, "a date or time key is neither value nor range")
TOO_LONG = Response(DATA_SET_MISMATCH, "the identifier is too long")
TRUNCATED = Response(OUT_OF_RESOURCES, "there are more matches: narrow the query")
PARTIAL = Response(OUT_OF_RESOURCES, "the worklist server broke off: try again")
BUG = Response(CANNOT_UNDERSTAND, "internal error, see the log")

_BY_FAULT: tuple[tuple[type[ProxyError], Response], ...] = (
    (Unavailable, Response(OUT_OF_RESOURCES, "the worklist server cannot be reached: try again")),
    (Denied, Response(UPSTREAM_DENIED, "the worklist server does not admit us")),
    (Misconfigured, Response(UPSTREAM_MISCONFIGURED, "no worklist service at the address set")),
    (Refused, Response(UPSTREAM_REFUSED, "the worklist server calls the search wrong")),
    (TooMany, Response(UPSTREAM_TOO_MANY, "the worklist server has too many results")),
    (Unreadable, Response(UPSTREAM_UNREADABLE, "the worklist server's answer cannot be read")),
)


def failure(fault: ProxyError) -> Response:
    for kind, response in _BY_FAULT:
        if isinstance(fault, kind):
            return response
    return Response(CANNOT_UNDERSTAND, "the worklist server cannot be asked")
