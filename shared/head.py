"""The head of a data set: what identifies the instance, read as its bytes go by.

Reads as far as Study Instance UID (0020,000D) and no further, and keeps nothing but the few values
it looks for.
"""

from functools import lru_cache

from shared.head_reader import ENCODINGS, EXPLICIT, Reader, State, text
from shared.head_tags import SOP_INSTANCE_UID
from shared.outline import Outlines

_text = lru_cache(maxsize=256)(text)  # for what many instances have in common


class Head:
    """Feed it the fragments of a data set in order; look at `values` at any time."""

    __slots__ = (
        "_encoding",
        "_outlines",
        "_reader",
        "identified",
        "mislabelled",
        "state",
        "values",
    )

    def __init__(self, transfer_syntax: str, outlines: Outlines | None = None) -> None:
        """`outlines`: of earlier ones."""
        self.state = State.READING
        self.values: dict[int, str] = {}  # by tag, padding removed
        self.mislabelled = False  # its VRs are not as its transfer syntax says
        self.identified = False  # SOP Class and Instance UID are known, or will never be
        self._encoding = ENCODINGS.get(transfer_syntax, EXPLICIT)
        self._outlines = None if self._encoding.deflated else outlines
        self._reader: Reader | None = None

    def feed(self, fragment: bytes | memoryview) -> None:
        """The next fragment; ignored once the state is no longer READING. Never raises."""
        if self.state is not State.READING:
            return
        if self._outlines and self._recall(self._outlines, fragment):
            return
        reader = self._reader
        if reader is None:
            reader = self._reader = Reader(self._encoding, self.values)
        reader.feed(fragment)
        self.state, self.identified = reader.state, reader.identified
        self.mislabelled = reader.mislabelled
        if self._outlines and self.state is State.COMPLETE:
            self._outlines.learn(self._encoding, fragment, reader)
        self._outlines = None  # it is no longer at its beginning
        if self.state is not State.READING:
            self._reader = None  # with what it holds of the fragment

    def _recall(self, outlines: Outlines, fragment: bytes | memoryview) -> bool:
        """Whether it is laid out as an earlier one was."""
        outline = outlines.find(self._encoding, fragment)
        if outline is None:
            return False
        for tag, place in outline.places:
            value = bytes(fragment[place])
            self.values[tag] = text(tag, value) if tag == SOP_INSTANCE_UID else _text(tag, value)
        self.mislabelled = outline.mislabelled
        self.state, self.identified = State.COMPLETE, True
        return True
