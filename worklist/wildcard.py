"""Wild card matching (PS3.4 C.2.2.2.4) in bounded time, however long key and value are.

A regular expression is made in time that a long key has others wait for, and must be kept.
"""

from collections import defaultdict

TRIES = 8  # places that are looked at one by one, which is the quickest where there are few
WINDOW = 256  # characters that are searched at once, where a part is not longer


class Wildcard:
    """`*` is any run of characters and `?` any one; the whole value has to fit."""

    def __init__(self, key: str) -> None:
        self._head, *rest = key.split("*")
        self._tail = rest.pop() if rest else None
        self._middle = [part for part in rest if part]
        self._least = len(key) - key.count("*")

    def fits(self, value: str) -> bool:
        if len(value) < self._least or not _is_at(self._head, value, 0):
            return False
        if self._tail is None:
            return len(value) == self._least
        end = len(value) - len(self._tail)
        if not _is_at(self._tail, value, end):
            return False
        at = len(self._head)
        for part in self._middle:  # each at its first place leaves the most to the others
            at = _first_place(part, value, at, end)
            if at < 0:
                return False
            at += len(part)
        return True


def _is_at(part: str, value: str, at: int) -> bool:
    for piece in part.split("?"):
        if not value.startswith(piece, at):
            return False
        at += len(piece) + 1
    return True


def _first_place(part: str, value: str, start: int, end: int) -> int:
    """Of a part within value[start:end]; -1: none."""
    if "?" not in part:
        return value.find(part, start, end)
    piece = max(part.split("?"), key=len)
    offset = part.index(piece)
    for _ in range(TRIES):
        at = value.find(piece, start + offset, end) - offset
        if at < start or at + len(part) > end:
            return -1
        if _is_at(part, value, at):
            return at
        start = at + 1
    return _first_of_many(part, value, start, end)


def _first_of_many(part: str, value: str, start: int, end: int) -> int:
    """Windows grow, so that a place that is near costs little."""
    size = max(WINDOW, 2 * len(part))
    while start + len(part) <= end:
        window = value[start : min(start + size, end)]
        if places := _places(part, window):
            return start + (places & -places).bit_length() - 1
        start += len(window) - len(part) + 1
        size *= 2
    return -1


def _places(part: str, window: str) -> int:
    """Where a part fits, a bit for each place. A step for each of its letters tries all of them."""
    offsets: defaultdict[str, list[int]] = defaultdict(list)
    for offset, letter in enumerate(part):
        offsets[letter].append(offset)
    offsets.pop("?", None)
    places = (1 << len(window) - len(part) + 1) - 1
    for letter, each in offsets.items():
        found = _bits(letter, window)
        for offset in each:
            places &= found >> offset
        if not places:
            break
    return places


def _bits(letter: str, window: str) -> int:
    bits = bytearray(len(window) // 8 + 1)
    at = window.find(letter)
    while at >= 0:
        bits[at >> 3] |= 1 << (at & 7)
        at = window.find(letter, at + 1)
    return int.from_bytes(bits, "little")
