"""DIMSE messages of one association (PS3.7 6.3, PS3.8 E): fragments in, operations, answers out.

The asynchronous operations window is 1,1: one request is answered at a time, in order. While one is
under way only a C-CANCEL is looked at; any other message waits, with all input behind it.
"""

import asyncio
import traceback
from dataclasses import dataclass, field
from typing import Protocol

from shared import logs
from shared.dimse import command as commands
from shared.dimse.command import CommandSet, Decoder
from shared.dimse.deadlines import Deadlines
from shared.dimse.eager import begin
from shared.dimse.negotiate import Context
from shared.dimse.pdu import COMMAND, INVALID_PARAMETER, LAST, UNEXPECTED_PDU, ProtocolFault
from shared.dimse.refusal import Answer, deny, fail, refuse, verify
from shared.dimse.respond import Responder, Sender
from shared.dimse.service import Operation, Peer, Request

MAX_COMMAND = 16384  # bytes of a command set; real ones take 200

log = logs.get(__name__)


class Line(Sender, Protocol):
    """What messages need of their association."""

    deadlines: Deadlines

    def hold(self) -> None:
        """Take no more input until `proceed`."""

    def proceed(self) -> None:
        """Go on with the input; also called when an operation has ended without a hold."""


@dataclass(slots=True)
class Counts:
    """What an association did, for its line in the log."""

    requests: int = 0
    echoes: int = 0
    failures: int = 0
    refused: set[int] = field(default_factory=set)  # statuses that were told of


class Messages:
    __slots__ = (
        "_answering",
        "_at_once",
        "_command",
        "_command_context",
        "_context",
        "_contexts",
        "_deadlines",
        "_decode",
        "_denied",
        "_line",
        "_next",
        "_operation",
        "_passing",
        "_peer",
        "_request",
        "_task",
        "counts",
        "fresh",
    )

    def __init__(
        self,
        line: Line,
        peer: Peer,
        contexts: dict[int, Context],
        answering: set[asyncio.Task[None]],
        denied: frozenset[int] = frozenset(),
    ) -> None:
        """`denied`: command fields that this peer may not send."""
        self._line = line
        self._answering = answering  # of all associations: who ends the process waits for them
        self._peer = peer
        self._decode = Decoder()
        self._deadlines = line.deadlines
        self._contexts = contexts
        self._denied = denied
        self._command: bytes | None = None  # a command set that is not complete
        self._command_context = 0
        self._context = 0  # of the operation under way
        self._request: CommandSet | None = None  # of the operation under way
        self._operation: Operation | None = None
        self._at_once = False  # whether it may be answered without a task
        self._task: asyncio.Task[None] | None = None  # finish, once the data set is complete
        self._passing = 0  # context of a data set that nobody waits for, and that may come
        self._next: tuple[int, CommandSet] | None = None  # waits for the operation to end
        self.counts = Counts()
        self.fresh = True  # whether nothing was answered since the last read

    @property
    def busy(self) -> bool:
        """Whether a request is being answered."""
        return self._task is not None

    @property
    def partial(self) -> bool:
        """Whether a message has begun and more of it must come."""
        return self._command is not None or (self._operation is not None and self._task is None)

    @property
    def kept(self) -> int:
        """Bytes of a command set that is not complete."""
        return len(self._command) if self._command else 0

    def fragment(self, context: int, control: int, value: memoryview, whole: bool) -> None:
        """Of a command or data set; `whole`: a PDV ends with it."""
        deadlines = self._deadlines
        if not deadlines.message:
            deadlines.message = deadlines.now
        deadlines.received += len(value)
        operation = self._operation
        if control & COMMAND or operation is None or self._task or context != self._context:
            self._other_fragment(context, control, value, whole)
            return
        try:
            operation.write(value)
        except Exception as error:  # noqa: BLE001  as in _answer
            self._break_off(operation, error)
        if whole and control & LAST:
            self._finish()
            deadlines.complete()

    def _other_fragment(self, context: int, control: int, value: memoryview, whole: bool) -> None:
        """Of a command set, or of a data set that nobody waits for."""
        last = whole and bool(control & LAST)
        if control & COMMAND:
            self._command_fragment(context, value, last=last)
        elif context != self._passing:
            raise ProtocolFault(UNEXPECTED_PDU, "a data set without a command")
        elif last:
            self._passing = 0
        if last and not self.partial:
            self._deadlines.complete()

    def _break_off(self, operation: Operation, error: Exception) -> None:
        self._report(error)
        operation.abandon()
        self._operation = fail()

    def resume(self) -> None:
        """Begin the request that waited for the last one to end."""
        if self._next:
            (context, command), self._next = self._next, None
            self._begin(context, command)

    def end(self) -> None:
        """The association is over. An operation that finishes may go on to its end."""
        operation, self._operation = self._operation, None
        self._command = self._next = None
        if operation:
            operation.abandon()

    def _command_fragment(self, context: int, value: memoryview, *, last: bool) -> None:
        if self._command is None:
            if self.partial:
                raise ProtocolFault(UNEXPECTED_PDU, "a command within a data set")
            if context not in self._contexts:
                raise ProtocolFault(INVALID_PARAMETER, "a context that was not proposed")
            self._command, self._command_context = b"", context
        elif context != self._command_context:
            raise ProtocolFault(UNEXPECTED_PDU, "a command within another")
        self._command += value
        if len(self._command) > MAX_COMMAND:
            raise ProtocolFault(INVALID_PARAMETER, "the command set is too long")
        if last:
            command, self._command = self._command, None
            self._dispatch(context, self._decode(command))

    def _dispatch(self, context: int, command: CommandSet) -> None:
        self._passing = context  # unless an operation waits for it; what the command says or not
        if command.field == commands.C_CANCEL_RQ:
            self._cancel(command)
        elif command.field & commands.RESPONSE:
            log.warning("response.unexpected", association=self._peer.association)
        elif self._task:
            self._next = context, command
            self._line.hold()
        else:
            self._begin(context, command)

    def _cancel(self, command: CommandSet) -> None:
        current = self._request
        if self._operation and current and current.message_id == command.responded_to:
            self._operation.cancel()

    def _begin(self, context: int, command: CommandSet) -> None:
        self._context = context
        self._request = command
        self._at_once = True
        self._operation = self._operation_for(self._contexts[context], command)
        self.counts.requests += 1
        if command.has_data_set:
            self._passing = 0
        else:
            self._finish()

    def _operation_for(self, context: Context, command: CommandSet) -> Operation:
        if command.field == commands.C_ECHO_RQ:
            self.counts.echoes += 1
        if command.field in self._denied:
            return self._refused(command, deny())
        if command.field == commands.C_ECHO_RQ:
            return verify()
        refusal = refuse(context, command)
        if refusal or context.service is None:
            return self._refused(command, refusal) if refusal else verify()
        request = Request(
            self._peer,
            context.abstract_syntax,
            context.transfer_syntax,
            command.field,
            command.message_id,
            command.sop_class_uid,
            command.sop_instance_uid,
            command.priority,
        )
        self._at_once = context.service.at_once
        try:
            return context.service.begin(request)
        except Exception as error:  # noqa: BLE001  as in _answer
            self._report(error)
            return fail()

    def _refused(self, command: CommandSet, answer: Answer) -> Operation:
        """Told once for each status: who is refused once is refused each time."""
        status = answer.response.status
        if status not in self.counts.refused:
            self.counts.refused.add(status)
            log.warning(
                "request.refused",
                status=f"0x{status:04X}",
                reason=answer.why,
                operation=commands.NAMES.get(command.field, f"0x{command.field:04X}"),
                association=self._peer.association,
                calling_ae=self._peer.calling_ae,
                address=self._peer.address,
            )
        return answer

    def _finish(self) -> None:
        operation, request = self._operation, self._request
        if operation is None or request is None:
            return
        answer = self._answer(operation, Responder(self._line, self._context, request))
        if self._at_once and self.fresh:
            self.fresh = False  # who sends many in advance must let others in between
            task = begin(answer)
        else:
            task = asyncio.get_running_loop().create_task(answer)
        self._task = task
        if task:
            self._answering.add(task)
            task.add_done_callback(self._ended)
        else:
            self._ended()

    async def _answer(self, operation: Operation, responder: Responder) -> None:
        if operation is not self._operation:
            return  # abandoned before the task came to run
        try:
            await operation.finish(responder)
        except Exception as error:  # noqa: BLE001  one bad instance must not end the association
            self._report(error)
        await responder.close()
        if operation is self._operation:
            self._operation = None  # it has ended, though its task has a turn to go
        self.counts.failures += responder.failed

    def _report(self, error: Exception) -> None:
        """Where it came from, not what it says: that may quote a data set."""
        frames = traceback.extract_tb(error.__traceback__)
        log.error(
            "operation.failed",
            association=self._peer.association,
            error=type(error).__name__,
            frames=[f"{each.filename}:{each.lineno} {each.name}" for each in frames],
        )

    def _ended(self, task: asyncio.Task[None] | None = None) -> None:
        if task:
            self._answering.discard(task)
        self._task = self._operation = self._request = None
        self._line.proceed()
