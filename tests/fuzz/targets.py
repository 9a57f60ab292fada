"""What is fuzzed: each target takes bytes and fails, by any exception, only if there is a bug."""

import asyncio
import time
from collections.abc import Callable

from shared.dimse import command as commands
from shared.dimse import proposal
from shared.dimse.negotiate import Negotiator, Policy, accept
from shared.dimse.pdu import ProtocolFault
from shared.head import ENCODINGS, Head
from tests.fuzz.wire import StrictService, associate
from tests.support.raw_association import Accepted

SLOWEST = 2.0  # seconds for one input; tracing makes everything ten times slower

Target = Callable[[bytes], None]
_SYNTAXES = (*sorted(ENCODINGS), "1.2.840.10008.1.2.1")
_POLICY = Policy(("1.2.840.10008.1.2.1", "*"), 131072, accept_user_identity=True)


def association(data: bytes) -> None:
    """A whole connection: PDUs, negotiation, command sets, messages, the state machine."""
    started = time.perf_counter()
    asyncio.run(associate(data))
    assert time.perf_counter() - started < SLOWEST


def request(data: bytes) -> None:
    """The body of an A-ASSOCIATE-RQ; what we answer must be well formed."""
    proposal.ae_titles(data, called="US")
    try:
        agreement = Negotiator([StrictService()], _POLICY).agree(data)
    except ProtocolFault:
        return
    answer = accept(data.ljust(proposal.FIXED, b"\0"), agreement)
    accepted = Accepted(answer[6:])
    assert accepted.results.keys() == agreement.contexts.keys()
    assert all(number % 2 for number in accepted.results)


def command(data: bytes) -> None:
    read = commands.decode(data)
    decode = commands.Decoder()
    assert decode(data) == decode(data) == read
    written = commands.decode(commands.response(read, 0xA700, comment="of any kind"))
    assert written.field == read.field | commands.RESPONSE
    assert written.responded_to == read.message_id


def head(data: bytes) -> None:
    """The head of a data set; the first byte chooses the transfer syntax."""
    started = time.perf_counter()
    read = Head(_SYNTAXES[data[0] % len(_SYNTAXES)] if data else "")
    for at in range(1, len(data), 1000):
        read.feed(memoryview(data)[at : at + 1000])
    assert all(len(value) <= 1024 for value in read.values.values())
    assert time.perf_counter() - started < SLOWEST


TARGETS: dict[str, Target] = {
    "association": association,
    "request": request,
    "command": command,
    "head": head,
}
