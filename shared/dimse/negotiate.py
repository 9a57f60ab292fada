"""Presentation context negotiation (PS3.8 9.3.3, PS3.7 Annex D.3), its answers kept for next time.

A modality that opens an association for each image proposes the same each time, so what follows the
AE titles of its request finds the answer. Who may associate is decided elsewhere, each time.
"""

import struct
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import NamedTuple

from shared.dimse import proposal as proposals
from shared.dimse.pdu import A_ASSOCIATE_AC, HEADER
from shared.dimse.proposal import FIXED, Proposal, ProposedContext
from shared.dimse.service import Service
from shared.uid import IMPLEMENTATION_CLASS_UID

VERIFICATION = "1.2.840.10008.1.1"  # PS3.4 A.4
APPLICATION_CONTEXT = b"1.2.840.10008.3.1.1.1"  # PS3.7 A.2.1
IMPLEMENTATION_VERSION_NAME = b"DICOMWEBPROXY"

ANY = "*"  # in a list of transfer syntaxes: every other one
IMPLICIT_VR_LITTLE_ENDIAN = b"1.2.840.10008.1.2"

_KEPT = 256  # answers; the largest, for 128 contexts, takes some 40 KB

_ACCEPTANCE = 0  # result of a presentation context (PS3.8 Table 9-18)
_ABSTRACT_SYNTAX_NOT_SUPPORTED = 3
_TRANSFER_SYNTAXES_NOT_SUPPORTED = 4

_ITEM = struct.Struct(">BxH")
_U32 = struct.Struct(">I")
_U16 = struct.Struct(">H")
_USERNAME_TYPES = frozenset({1, 2})  # PS3.7 Table D.3-14: an empty response says "positive"


class Context(NamedTuple):
    """A presentation context as answered."""

    abstract_syntax: str
    transfer_syntax: str  # "" where it was refused
    service: Service | None  # None: Verification, or refused


@dataclass(frozen=True, slots=True)
class Agreement:
    contexts: dict[int, Context]
    maximum_length: int  # of the PDUs the peer takes; 0: no limit
    items: bytes  # the variable items of the A-ASSOCIATE-AC


@dataclass(frozen=True, slots=True)
class Policy:
    transfer_syntaxes: Sequence[str]  # preferred first; ANY is every other one as proposed
    maximum_length: int  # of the PDUs we take
    accept_user_identity: bool = False


class Negotiator:
    def __init__(self, services: Sequence[Service], policy: Policy) -> None:
        self._services = tuple(services)
        self._policy = policy
        self._rank = _ranking(policy.transfer_syntaxes)
        self._kept: OrderedDict[bytes, Agreement] = OrderedDict()

    def agree(self, body: bytes) -> Agreement:
        """Answer an A-ASSOCIATE-RQ without its header. Raises ProtocolFault."""
        items = body[FIXED:]
        key = blake2b(items, digest_size=16).digest()  # no user identity is kept in memory
        agreement = self._kept.get(key)
        if agreement is None:
            agreement = self._negotiate(proposals.read(items))
            self._kept[key] = agreement
            if len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        else:
            self._kept.move_to_end(key)
        return agreement

    def forget(self) -> None:
        """Of what is kept: services may take other abstract syntaxes now."""
        self._kept.clear()

    def _negotiate(self, proposal: Proposal) -> Agreement:
        contexts = {each.id: self._context(each) for each in proposal.contexts}
        parts = [_item(0x10, APPLICATION_CONTEXT)]
        parts += [_context_item(number, context) for number, context in contexts.items()]
        parts.append(_item(0x50, self._user_information(proposal)))
        return Agreement(contexts, proposal.maximum_length, b"".join(parts))

    def _context(self, proposed: ProposedContext) -> Context:
        taken, service = self._taken(proposed.abstract_syntax)
        if not taken:
            return Context("", "", None)
        usable = (
            proposed.transfer_syntaxes
            if service is None or service.transfer_syntaxes is None
            else [each for each in proposed.transfer_syntaxes if each in service.transfer_syntaxes]
        )
        ranked = [(rank, each) for each in usable if (rank := self._rank(each)) is not None]
        best = min(ranked, key=lambda each: each[0], default=(0, ""))  # the first of its rank
        return Context(proposed.abstract_syntax, best[1], service)

    def _taken(self, abstract_syntax: str) -> tuple[bool, Service | None]:
        for service in self._services:
            if service.takes(abstract_syntax):
                return True, service
        return abstract_syntax == VERIFICATION, None

    def _user_information(self, proposal: Proposal) -> bytes:
        items = [
            _item(0x51, _U32.pack(self._policy.maximum_length)),
            _item(0x52, IMPLEMENTATION_CLASS_UID.encode("ascii")),
        ]
        if proposal.asynchronous:
            items.append(_item(0x53, _U16.pack(1) + _U16.pack(1)))  # one at a time
        # We are SCP only; what the peer did not propose for itself is not granted (D.3.3.4).
        proposed = {each.abstract_syntax for each in proposal.contexts}
        items += [
            _item(0x54, _U16.pack(len(uid)) + uid.encode() + bytes((scu, 0)))
            for uid, scu in proposal.roles.items()
            if uid in proposed
        ]
        items.append(_item(0x55, IMPLEMENTATION_VERSION_NAME))
        # SOP class extended negotiation is not answered: that is how support is denied (D.3.3.5).
        if self._policy.accept_user_identity and proposal.identity in _USERNAME_TYPES:
            items.append(_item(0x59, _U16.pack(0)))
        return b"".join(items)


def accept(body: bytes, agreement: Agreement) -> bytes:
    """The A-ASSOCIATE-AC; the AE titles are returned as they came (PS3.8 Table 9-17)."""
    return b"".join(
        (
            HEADER.pack(A_ASSOCIATE_AC, FIXED + len(agreement.items)),
            b"\0\x01\0\0",
            body[4:FIXED],
            agreement.items,
        )
    )


def _ranking(order: Sequence[str]) -> Callable[[str], int | None]:
    ranks = {uid: rank for rank, uid in enumerate(order)}
    others = ranks.get(ANY)
    return lambda uid: ranks.get(uid, others)


def _context_item(number: int, context: Context) -> bytes:
    if context.transfer_syntax:
        result, transfer = _ACCEPTANCE, context.transfer_syntax.encode()
    else:  # the transfer syntax of a refused one means nothing, and must be there (Table 9-18)
        refused_all = _TRANSFER_SYNTAXES_NOT_SUPPORTED
        result = refused_all if context.abstract_syntax else _ABSTRACT_SYNTAX_NOT_SUPPORTED
        transfer = IMPLICIT_VR_LITTLE_ENDIAN
    return _item(0x21, bytes((number, 0, result, 0)) + _item(0x40, transfer))


def _item(kind: int, value: bytes) -> bytes:
    return _ITEM.pack(kind, len(value)) + value
