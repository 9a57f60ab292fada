"""Operations that the acceptor answers itself: Verification, and what no service takes."""

from shared.dimse.command import CommandSet
from shared.dimse.negotiate import Context
from shared.dimse.service import Operation, Respond, Response
from shared.statuses import (
    NOT_AUTHORIZED,
    PROCESSING_FAILURE,
    SOP_CLASS_NOT_SUPPORTED,
    SUCCESS,
    UNRECOGNIZED_OPERATION,
)


class Answer:
    """Lets a data set pass by and answers with a status."""

    __slots__ = ("response", "why")

    def __init__(self, response: Response, why: str = "") -> None:
        """`why`: for the log."""
        self.response = response
        self.why = why

    def write(self, fragment: memoryview) -> None:
        pass

    async def finish(self, respond: Respond) -> None:
        await respond(self.response)

    def abandon(self) -> None:
        pass

    def cancel(self) -> None:
        pass


_FAILED = Answer(Response(PROCESSING_FAILURE))
_VERIFIED = Answer(Response(SUCCESS))
_DENIED = Answer(
    Response(NOT_AUTHORIZED, "not allowed to this calling AE title"), "peers.may does not allow it"
)
_NO_SUCH_CLASS = Answer(
    Response(SOP_CLASS_NOT_SUPPORTED), "its presentation context had not been accepted"
)
_NO_SUCH_OPERATION = Answer(Response(UNRECOGNIZED_OPERATION), "this service has no such operation")


def fail() -> Operation:
    """For a request whose service broke."""
    return _FAILED


def deny() -> Answer:
    """For a request that the site does not allow to this peer (PS3.7 C.5.13)."""
    return _DENIED


def verify() -> Operation:
    """C-ECHO (PS3.7 9.1.5), on whichever context it comes."""
    return _VERIFIED


def refuse(context: Context, command: CommandSet) -> Answer | None:
    """The status for what cannot go to the context's service, where an abort would be harsh."""
    if not context.transfer_syntax:
        return _NO_SUCH_CLASS  # a context that was refused
    if context.service is None or command.field not in context.service.commands:
        return _NO_SUCH_OPERATION
    return None
