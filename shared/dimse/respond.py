"""Responses of one operation, with the duty that exactly one of them is final."""

import asyncio
from typing import Protocol

from shared.dimse import command as commands
from shared.dimse.command import CommandSet
from shared.dimse.service import Response
from shared.statuses import PENDING, PROCESSING_FAILURE, SUCCESS

PENDING_WITH_WARNING = 0xFF01  # PS3.4 Table K.4.1-1: some optional keys are not supported
CANCELLED = 0xFE00  # PS3.4 Table K.4.1-1
_NOT_FINAL = frozenset({PENDING, PENDING_WITH_WARNING})
_NOT_FAILED = frozenset({SUCCESS, CANCELLED})


class Sender(Protocol):
    def send(self, context: int, command: bytes, data: bytes | None) -> asyncio.Future[None] | None:
        """Send a message; what to wait for while the peer reads slowly. Nothing once the
        association has ended.
        """


class Responder:
    """Called by an operation with each response."""

    __slots__ = ("_context", "_final", "_request", "_sender", "failed")

    def __init__(self, sender: Sender, context: int, request: CommandSet) -> None:
        self._sender = sender
        self._context = context
        self._request = request
        self._final = False
        self.failed = False

    async def __call__(self, response: Response) -> None:
        if self._final:
            raise RuntimeError("a response after the final one")
        self._final = response.status not in _NOT_FINAL
        self.failed = self._final and response.status not in _NOT_FAILED
        identifier = response.identifier
        command = commands.response(
            self._request,
            response.status,
            comment=response.comment,
            data_set=identifier is not None,
        )
        waits_for = self._sender.send(self._context, command, identifier)
        if waits_for:
            await waits_for
        if not self._final:
            await asyncio.sleep(0)  # let a C-CANCEL in, and the other associations

    async def close(self) -> None:
        """Answer for an operation that did not."""
        if not self._final:
            await self(Response(PROCESSING_FAILURE))
