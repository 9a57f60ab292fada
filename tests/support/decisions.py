"""Decisions of routes, as tests write them down."""

from shared.routing import Decision


def to(*destinations: str, urgent: bool = False, by: tuple[int, ...] = ()) -> Decision:
    return Decision("upload", destinations, urgent, by)


def refused(status: int, reason: str, *by: int) -> Decision:
    return Decision("refuse", routes=by, status=status, reason=reason)


def discarded(reason: str, *by: int) -> Decision:
    return Decision("discard", routes=by, reason=reason)
