"""Mutations: of bits, of numbers that are lengths and counts, of pieces, and of whole PDUs."""

import random
import struct
from collections.abc import Callable, Sequence

MOST_BYTES = 65536
NUMBERS = (0, 1, 2, 4, 5, 6, 7, 0x7F, 0x80, 0xFF, 0x100, 0x7FFF, 0x8000, 0xFFFF, 0xFFFFFF)
WIDTHS = (">B", "<H", ">H", "<I", ">I")

Mutation = Callable[[bytes, random.Random, Sequence[bytes]], bytes]


def mutate(data: bytes, chance: random.Random, others: Sequence[bytes]) -> bytes:
    for _ in range(chance.choice((1, 1, 2, 4, 8))):
        data = chance.choice(MUTATIONS)(data, chance, others)
    return data[:MOST_BYTES]


def _flip(data: bytes, chance: random.Random, _others: Sequence[bytes]) -> bytes:
    if not data:
        return chance.randbytes(8)
    changed = bytearray(data)
    changed[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def _number(data: bytes, chance: random.Random, _others: Sequence[bytes]) -> bytes:
    width = chance.choice(WIDTHS)
    size = struct.calcsize(width)
    if len(data) < size:
        return data
    at = chance.randrange(len(data) - size + 1)
    value = chance.choice((*NUMBERS, -1, -2, chance.getrandbits(32))) & ((1 << 8 * size) - 1)
    return data[:at] + struct.pack(width, value) + data[at + size :]


def _nudge(data: bytes, chance: random.Random, _others: Sequence[bytes]) -> bytes:
    """A length that is a little wrong."""
    if not data:
        return data
    changed = bytearray(data)
    at = chance.randrange(len(data))
    changed[at] = (changed[at] + chance.choice((-8, -2, -1, 1, 2, 8))) % 256
    return bytes(changed)


def _remove(data: bytes, chance: random.Random, _others: Sequence[bytes]) -> bytes:
    start, stop = sorted(chance.randrange(len(data) + 1) for _ in range(2))
    return data[:start] + data[stop:]


def _repeat(data: bytes, chance: random.Random, _others: Sequence[bytes]) -> bytes:
    start, stop = sorted(chance.randrange(len(data) + 1) for _ in range(2))
    return data[:stop] + data[start:stop] * chance.choice((1, 2, 30)) + data[stop:]


def _splice(data: bytes, chance: random.Random, others: Sequence[bytes]) -> bytes:
    other = chance.choice(others)
    return data[: chance.randrange(len(data) + 1)] + other[chance.randrange(len(other) + 1) :]


def _insert(data: bytes, chance: random.Random, _others: Sequence[bytes]) -> bytes:
    at = chance.randrange(len(data) + 1)
    return data[:at] + chance.randbytes(chance.choice((1, 2, 4, 100))) + data[at:]


def _pdus(data: bytes, chance: random.Random, _others: Sequence[bytes]) -> bytes:
    """The same PDUs in another order, one twice, or one less."""
    found = []
    while len(data) >= 6:
        end = 6 + int.from_bytes(data[2:6], "big")
        found.append(data[:end])
        data = data[end:]
    if found:
        at = chance.randrange(len(found))
        chosen = found.pop(at)
        for _ in range(chance.choice((0, 1, 2))):
            found.insert(chance.randrange(len(found) + 1), chosen)
    return b"".join(found) + data


def _mend(data: bytes, chance: random.Random, others: Sequence[bytes]) -> bytes:
    """Change the body of a PDU and make its length right again."""
    if len(data) < 6:
        return data
    end = 6 + int.from_bytes(data[2:6], "big")
    body = chance.choice((_flip, _number, _remove, _insert))(data[6:end], chance, others)
    return data[:2] + struct.pack(">I", len(body)) + body + data[end:]


MUTATIONS: tuple[Mutation, ...] = (
    _flip,
    _number,
    _number,
    _nudge,
    _remove,
    _repeat,
    _splice,
    _insert,
    _pdus,
    _pdus,
    _mend,
    _mend,
)
