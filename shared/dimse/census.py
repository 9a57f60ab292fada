"""How many connections and associations there are, and who may open one more."""

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Protocol

from shared.dimse.rejection import LOCAL_LIMIT_EXCEEDED, Rejection
from shared.dimse.service import Peer
from shared.sections import Receive

_LIMIT = "receive.max_associations"
_PER_AE, _PER_ADDRESS = f"{_LIMIT}_per_ae", f"{_LIMIT}_per_address"


class Member(Protocol):
    """A connection."""

    def drop(self, how: str = "") -> None:
        """Close it at once. `how`: what the log says of the association it carries."""

    def sweep(self, now: float) -> None:
        """Look at the deadlines."""

    def drain(self, quiet: float) -> None:
        """Ask the peer to release, if there was no message for that many seconds."""

    def give_up(self) -> None:
        """End the association: it keeps too much input."""


def _nobody(connections: int) -> None: ...


class Census:
    """Connections without an association are counted apart: half-open ones lock nobody out.

    When there are too many of those, the oldest makes room: a good peer needs a few milliseconds.
    """

    def __init__(self, settings: Receive) -> None:
        self._settings = settings
        self._pending: dict[Member, None] = {}  # oldest first
        self._associations: dict[Member, Peer] = {}
        self._by_calling_ae: Counter[str] = Counter()
        self._by_address: Counter[str] = Counter()
        self._deserted: asyncio.Event | None = None
        self.told: Callable[[int], None] = _nobody  # of how many connections there are
        self._kept: dict[Member, int] = {}  # bytes of input that is not dealt with, where any are
        self.buffered = 0  # of those, over all connections

    def arrive(self, member: Member) -> None:
        self._pending[member] = None
        self._tell()
        if len(self._pending) > self._settings.max_pending:
            oldest = next(iter(self._pending))
            del self._pending[oldest]
            oldest.drop()

    def room_for(self, peer: Peer, per_ae: int | None = None) -> Rejection | None:
        """`per_ae`: a limit of its calling AE title's own."""
        settings = self._settings
        of_ae = "max_associations of its [[peers]] entry" if per_ae else _PER_AE
        limits = (
            (len(self._associations), settings.max_associations, _LIMIT),
            (
                self._by_calling_ae[peer.calling_ae],
                per_ae or settings.max_associations_per_ae,
                of_ae,
            ),
            (
                self._by_address[peer.address],
                settings.max_associations_per_address,
                _PER_ADDRESS,
            ),
        )
        reached = (f"{name} is {limit}" for there, limit, name in limits if there >= limit)
        cause = next(reached, None)
        return LOCAL_LIMIT_EXCEEDED.because(cause) if cause else None

    def join(self, member: Member, peer: Peer) -> None:
        """The connection carries an association from now on."""
        self._pending.pop(member, None)
        self._associations[member] = peer
        self._by_calling_ae[peer.calling_ae] += 1
        self._by_address[peer.address] += 1

    def part(self, member: Member) -> None:
        """The association has ended; the connection is yet to be closed."""
        if self._forget(member):
            self.arrive(member)

    def leave(self, member: Member) -> None:
        """The connection is closed."""
        self._forget(member)
        self._pending.pop(member, None)
        self._tell()
        if self._deserted and not self.members():
            self._deserted.set()

    async def deserted(self) -> None:
        """Wait until there is no connection."""
        self._deserted = asyncio.Event()
        if self.members():
            await self._deserted.wait()

    def keeps(self, member: Member, length: int) -> None:
        """So many bytes of input. Where all together keep too many, not who asks for a few more
        gives up, but who keeps the most: without an association or with one, whichever of the two
        keep more.
        """
        self.buffered += length - self._kept.pop(member, 0)
        if length:
            self._kept[member] = length
        if self.buffered > self._settings.max_buffered:
            without = {each: kept for each, kept in self._kept.items() if each in self._pending}
            others = {each: kept for each, kept in self._kept.items() if each not in without}
            those = max(without, others, key=lambda kept: sum(kept.values()))
            max(those, key=those.__getitem__).give_up()

    @property
    def names(self) -> set[str]:
        """Calling AE titles and addresses of associations."""
        return {*self._by_calling_ae, *self._by_address}

    def members(self) -> list[Member]:
        return [*self._pending, *self._associations]

    def associated(self) -> list[Member]:
        return [*self._associations]

    def _tell(self) -> None:
        self.told(len(self._pending) + len(self._associations))

    def _forget(self, member: Member) -> bool:
        peer = self._associations.pop(member, None)
        if peer:
            self._less(self._by_calling_ae, peer.calling_ae)
            self._less(self._by_address, peer.address)
        return peer is not None

    @staticmethod
    def _less(counter: Counter[str], key: str) -> None:
        counter[key] -= 1
        if not counter[key]:
            del counter[key]  # names come from the wire: none is kept
