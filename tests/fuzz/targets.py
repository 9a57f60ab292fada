"""What is fuzzed: each target takes bytes and fails, by any exception, only if there is a bug."""

import asyncio
import time
from collections.abc import Callable

from shared.dimse import command as commands
from shared.dimse import proposal
from shared.dimse.negotiate import Negotiator, Policy, accept
from shared.dimse.pdu import ProtocolFault
from shared.head import Head
from shared.head_reader import ENCODINGS
from shared.outline import Outlines
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
    """The head of a data set; the first byte chooses the transfer syntax. Then one that is like it
    but for a byte: what the first one taught must not change what is found.
    """
    started = time.perf_counter()
    syntax, outlines = _SYNTAXES[data[0] % len(_SYNTAXES)] if data else "", Outlines()
    _head(data[1:], Head(syntax, outlines))
    other = bytearray(data[1:])
    if other:
        other[sum(data[:4]) % len(other)] ^= data[0]
    found, plain = (_head(bytes(other), Head(syntax, each)) for each in (outlines, None))
    assert (found.state, found.values) == (plain.state, plain.values)
    assert (found.mislabelled, found.identified) == (plain.mislabelled, plain.identified)
    assert all(len(value) <= 1024 for value in found.values.values())
    assert time.perf_counter() - started < SLOWEST


def _head(data: bytes, read: Head) -> Head:
    for at in range(0, len(data), 1000):
        read.feed(memoryview(data)[at : at + 1000])
    return read


TARGETS: dict[str, Target] = {
    "association": association,
    "request": request,
    "command": command,
    "head": head,
}
