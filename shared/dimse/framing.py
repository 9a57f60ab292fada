"""Cuts the stream of bytes into PDUs and PDVs where it lies: values go on as views, uncopied.

Nothing of a P-DATA-TF is kept but a header that has not come whole. Other PDUs are collected.
"""

from collections.abc import Callable
from typing import Protocol

from shared.dimse.pdu import (
    HEADER,
    INVALID_PARAMETER,
    ONLY_PDV,
    P_DATA_TF,
    PDV_HEADER,
    PDV_LENGTH_OVERHEAD,
    ProtocolFault,
)

_ITEM_LENGTH = PDV_HEADER.size - PDV_LENGTH_OVERHEAD  # bytes of an item's own length
MAX_PDVS = 256  # in a PDU; real devices send one or two, and each costs us some microseconds
MAX_STEPS = 256  # at a time: what is cut into crumbs must not keep all other associations waiting


Step = Callable[[memoryview, int, int], int]  # view, position, end -> position after it
# Context, control, part of the value, whether it is the last one. The view lasts as the call does.
OnFragment = Callable[[int, int, memoryview, bool], None]


class Sink(Protocol):
    """Takes what the framer finds, in order. Any method may raise ProtocolFault."""

    def on_header(self, kind: int, length: int) -> None:
        """A PDU begins: refuse here what is too long or out of place. Not asked of a P-DATA-TF that
        is there whole, with one PDV: its fragment says it all.
        """

    def on_pdu(self, kind: int, body: bytes) -> None:
        """A PDU other than P-DATA-TF is complete."""

    @property
    def on_fragment(self) -> "OnFragment":
        """The next part of a PDV's value. Looked up each time: it may be another one any time."""


class Framer:
    __slots__ = (
        "_body",
        "_context",
        "_control",
        "_kind",
        "_need",
        "_pdu",
        "_pdv",
        "_pdvs",
        "_sink",
        "_step",
        "held",
    )

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._kind = 0
        self._body = bytearray()  # of a PDU that is collected
        self._context = 0
        self._control = 0
        self._pdvs = 0
        self._pdu = 0  # bytes of the current PDU still to come
        self._pdv = 0  # bytes of the current PDV's value still to come
        self.held = False  # set by the sink: take no more for now
        self._step: Step = self._header
        self._need = HEADER.size  # bytes without which the step cannot be taken

    @property
    def within(self) -> bool:
        """Whether a PDU has begun and is not complete."""
        return self._pdu > 0

    @property
    def kept(self) -> int:
        """Bytes collected of a PDU that is not complete."""
        return len(self._body)

    def feed(self, view: memoryview, end: int) -> int:
        """Take `view[:end]`; how much was taken. A rest is part of a header, or held back, or more
        than is to be taken at a time.
        """
        at = steps = 0
        while end - at >= self._need and not self.held and steps < MAX_STEPS:
            at = self._step(view, at, end)
            steps += 1
        return at

    def forget(self) -> None:
        """What was collected: nothing more will come."""
        self._body = bytearray()

    def takes(self, length: int) -> bool:
        """Whether so many bytes are enough to go on."""
        return length >= self._need and not self.held

    def _header(self, view: memoryview, at: int, end: int) -> int:
        """Nearly all PDUs have one PDV that fills them: there whole, it is taken at once."""
        begin = at + ONLY_PDV.size
        if begin > end:
            return self._any_header(view, at, end)
        kind, length, item, context, control = ONLY_PDV.unpack_from(view, at)
        stop: int = begin + item - PDV_LENGTH_OVERHEAD
        if kind != P_DATA_TF or length != item + _ITEM_LENGTH or item < PDV_LENGTH_OVERHEAD:
            return self._any_header(view, at, end)
        if stop > end:
            return self._any_header(view, at, end)
        self._sink.on_fragment(context, control, view[begin:stop], True)
        return stop

    def _any_header(self, view: memoryview, at: int, end: int) -> int:
        kind, length = HEADER.unpack_from(view, at)
        self._sink.on_header(kind, length)
        self._pdu = length
        if kind != P_DATA_TF:
            self._kind, self._body = kind, bytearray()
            self._step, self._need = self._collect, min(1, length)
        elif length:  # else without any PDV: wrong, and harmless
            self._pdvs = 0
            at += HEADER.size
            if end - at >= PDV_HEADER.size:
                return self._pdv_header(view, at, end)
            self._step, self._need = self._pdv_header, PDV_HEADER.size
            return at
        return at + HEADER.size

    def _pdv_header(self, view: memoryview, at: int, end: int) -> int:
        length, self._context, self._control = PDV_HEADER.unpack_from(view, at)
        self._pdvs += 1
        self._pdu -= PDV_HEADER.size
        self._pdv = length - PDV_LENGTH_OVERHEAD
        if not 0 <= self._pdv <= self._pdu:
            raise ProtocolFault(INVALID_PARAMETER, "the length of a PDV does not fit its PDU")
        if self._pdvs > MAX_PDVS:
            raise ProtocolFault(INVALID_PARAMETER, "too many PDVs in a PDU")
        at += PDV_HEADER.size
        if at < end or not self._pdv:
            return self._value(view, at, end)
        self._step, self._need = self._value, 1
        return at

    def _value(self, view: memoryview, at: int, end: int) -> int:
        length, here = self._pdv, end - at
        whole = length <= here
        if not whole:
            length = here
            self._step, self._need = self._value, 1
        elif length == self._pdu:
            self._step, self._need = self._header, HEADER.size
        else:
            self._step, self._need = self._pdv_header, PDV_HEADER.size
        self._pdv -= length
        self._pdu -= length
        stop = at + length
        self._sink.on_fragment(self._context, self._control, view[at:stop], whole)
        return stop

    def _collect(self, view: memoryview, at: int, end: int) -> int:
        stop = min(at + self._pdu, end)
        self._body += view[at:stop]
        self._pdu -= stop - at
        if self._pdu == 0:
            self._step, self._need = self._header, HEADER.size
            body, self._body = bytes(self._body), bytearray()
            self._sink.on_pdu(self._kind, body)
        return stop
