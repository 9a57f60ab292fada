"""What the acceptor asks of a service: which abstract syntaxes it takes, and answers to requests.

Data sets arrive as fragments that are never assembled by the acceptor. A fragment is a view of the
receive buffer and is valid only during `write`: copy what must outlive it.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol


@dataclass(frozen=True, slots=True)
class Peer:
    """Who is at the other end of an association."""

    association: str  # random and short, for logs
    calling_ae: str  # as sanitised: printable, no padding; "UNKNOWN" if it was blank
    called_ae: str
    address: str  # IP address, never looked up
    port: int


class Request(NamedTuple):
    """A DIMSE request (PS3.7) on an accepted presentation context."""

    peer: Peer
    abstract_syntax: str
    transfer_syntax: str
    command_field: int  # (0000,0100)
    message_id: int
    affected_sop_class_uid: str  # padding removed; may differ from the abstract syntax
    affected_sop_instance_uid: str  # "" where the command has none or an empty one
    priority: int  # (0000,0700): 0 medium, 1 high, 2 low
    command: Any = None  # the whole command set as a pydicom Dataset, where more is needed


class Response(NamedTuple):
    """One response: for C-FIND any number that are pending (identifier set), then a final one."""

    status: int
    comment: str = ""  # (0000,0902): at most 64 ASCII characters, never patient data
    identifier: bytes | None = None  # already encoded in the context's transfer syntax


Respond = Callable[[Response], Awaitable[None]]  # waits while the peer reads slowly


class Operation(Protocol):
    """One request under way. All calls come from the event loop's thread, in this order:
    write any number of times, then finish or abandon; cancel at any time in between.
    """

    def write(self, fragment: memoryview) -> None:
        """Take the next fragment of the data set. Must not raise: remember the fault for finish."""

    async def finish(self, respond: Respond) -> None:
        """The data set is complete (or there was none): answer. The last response is final."""

    def abandon(self) -> None:
        """The association ended before the data set did, or while finish was running."""

    def cancel(self) -> None:
        """A C-CANCEL for this request arrived (PS3.7 9.3.2.3)."""


class Service(Protocol):
    """Answers requests for some abstract syntaxes. One object serves all associations.

    The attributes have defaults for classes that name Service as their base.
    """

    commands: frozenset[int] = frozenset({0x0001, 0x0020})
    """Command fields of the requests it answers, here C-STORE-RQ and C-FIND-RQ; the acceptor
    answers every other one with 0x0211, unrecognized operation.
    """

    transfer_syntaxes: frozenset[str] | None = None
    """Transfer syntaxes it can work with; None: any, private ones too."""

    at_once: bool = True
    """Whether `finish` may run up to its first wait before it has a task of its own. One that
    needs its task even there, as for asyncio.timeout or a context variable, says False.
    """

    def takes(self, abstract_syntax: str) -> bool:
        """Whether to accept a presentation context for this abstract syntax (PS3.8 9.3.2.2)."""

    def begin(self, request: Request) -> Operation:
        """Start one request. Must not block and must not raise."""
