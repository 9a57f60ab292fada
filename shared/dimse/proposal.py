"""What an A-ASSOCIATE-RQ proposes (PS3.8 9.3.2, PS3.7 Annex D), read as leniently as devices need.

Unknown items are passed over, padding of any kind is removed, contexts that cannot be answered are
left out. Only a length that does not fit is a fault. Nothing here depends on who asks: what this
makes of the same bytes is always the same, so answers to it can be kept.
"""

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from shared.dimse.pdu import INVALID_PARAMETER, ProtocolFault

FIXED = 68  # bytes before the variable items (PS3.8 Table 9-11)
AE_TITLE = 16
MAX_ITEMS = 8192  # 128 contexts of 60 transfer syntaxes; each costs us a microsecond

_ITEM = struct.Struct(">BxH")
_U32 = struct.Struct(">I")
_U16 = struct.Struct(">H")

_PRESENTATION_CONTEXT = 0x20
_ABSTRACT_SYNTAX = 0x30
_TRANSFER_SYNTAX = 0x40
_USER_INFORMATION = 0x50
_MAXIMUM_LENGTH = 0x51
_ASYNCHRONOUS_OPERATIONS = 0x53
_ROLE_SELECTION = 0x54
_USER_IDENTITY = 0x58

_CONTEXT_HEAD = 4  # context ID and three reserved bytes
_UID = re.compile(r"[0-9A-Za-z.]{1,64}")  # letters are wrong, and sent (PS3.5 9.1)
_BLANK = b"\0 "
_AE_CHARACTERS = re.compile(rb"[^!-\[\]-~ ]")  # the default repertoire without \ (PS3.5 6.2, AE)


@dataclass(frozen=True, slots=True)
class ProposedContext:
    id: int
    abstract_syntax: str
    transfer_syntaxes: tuple[str, ...]


@dataclass(slots=True)
class Proposal:
    contexts: list[ProposedContext] = field(default_factory=list)
    maximum_length: int = 0  # of the P-DATA-TF PDUs the peer takes; 0: no limit
    asynchronous: bool = False  # whether it proposes a window at all
    roles: dict[str, bool] = field(default_factory=dict)  # SOP class: the peer wants to be SCU
    identity: int = 0  # type of a user identity that asks for a response (PS3.7 D.3.3.7)


def protocol_version(body: bytes) -> int:
    return int(_U16.unpack_from(body)[0]) if len(body) >= FIXED else 0


def ae_titles(body: bytes, *, called: str, calling: str = "UNKNOWN") -> tuple[str, str]:
    """The called and the calling AE title; what is given here stands in for a blank one."""
    at = 4
    first = _ae_title(body[at : at + AE_TITLE])
    second = _ae_title(body[at + AE_TITLE : at + 2 * AE_TITLE])
    return first or called, second or calling


def read(items: bytes) -> Proposal:
    """The variable items, which follow the fixed fields. Raises ProtocolFault."""
    proposal = Proposal()
    budget = iter(range(MAX_ITEMS))
    seen: set[int] = set()
    for kind, value in _items(items, budget):
        if kind == _PRESENTATION_CONTEXT:
            context = _context(value, budget)
            # Even IDs are invalid, and an ID twice cannot be answered twice (PS3.8 9.3.2.2).
            if context and context.id % 2 and context.id not in seen:
                seen.add(context.id)
                proposal.contexts.append(context)
        elif kind == _USER_INFORMATION:
            _user_information(proposal, value, budget)
    return proposal


def _items(data: bytes, budget: Iterator[int]) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at < len(data):
        if len(data) - at < _ITEM.size:
            raise ProtocolFault(INVALID_PARAMETER, "an item is truncated")
        if next(budget, None) is None:
            raise ProtocolFault(INVALID_PARAMETER, "too many items")
        kind, length = _ITEM.unpack_from(data, at)
        at += _ITEM.size
        if length > len(data) - at:
            raise ProtocolFault(INVALID_PARAMETER, "the length of an item does not fit")
        yield kind, data[at : at + length]
        at += length


def _context(value: bytes, budget: Iterator[int]) -> ProposedContext | None:
    if len(value) < _CONTEXT_HEAD:
        return None
    abstract = ""
    transfer: dict[str, None] = {}  # in order, each once
    for kind, name in _items(value[_CONTEXT_HEAD:], budget):
        if kind == _ABSTRACT_SYNTAX:
            abstract = _uid(name)
        elif kind == _TRANSFER_SYNTAX and (uid := _uid(name)):
            transfer[uid] = None
    if not abstract or not transfer:
        return None
    return ProposedContext(value[0], abstract, tuple(transfer))


def _user_information(proposal: Proposal, value: bytes, budget: Iterator[int]) -> None:
    for kind, item in _items(value, budget):
        if kind == _MAXIMUM_LENGTH and len(item) >= _U32.size:
            proposal.maximum_length = _U32.unpack_from(item)[0]
        elif kind == _ASYNCHRONOUS_OPERATIONS:
            proposal.asynchronous = True
        elif kind == _ROLE_SELECTION:
            _role(proposal, item)
        elif kind == _USER_IDENTITY and len(item) > 1 and item[1]:
            proposal.identity = item[0]


def _role(proposal: Proposal, item: bytes) -> None:
    """UID length, UID, SCU role, SCP role (PS3.7 Table D.3-9); the last is ours alone."""
    if len(item) < _U16.size:
        return
    end = _U16.size + _U16.unpack_from(item)[0]
    if len(item) > end and (uid := _uid(item[_U16.size : end])):
        proposal.roles[uid] = bool(item[end])


def _uid(value: bytes) -> str:
    text = value.strip(_BLANK).decode("ascii", "replace")
    return text if _UID.fullmatch(text) else ""


def _ae_title(value: bytes) -> str:
    text = value.split(b"\0", 1)[0]
    return _AE_CHARACTERS.sub(b"?", text).decode("ascii").strip()
