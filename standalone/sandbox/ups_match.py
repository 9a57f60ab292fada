"""How servers match a key of a workitem search: by the book, or as they happen to do it."""

import re
from collections.abc import Callable, Iterator
from typing import Any

Matches = Callable[[list[str], str], bool]  # the values at the path, the key

_GROUPS = ("Alphabetic", "Ideographic", "Phonetic")


def values_at(data_set: dict[str, Any], path: str) -> list[str]:
    """Values at a path of tags, in any item of the sequences on the way."""
    return list(_values(data_set, path.split(".")))


def _values(data_set: dict[str, Any], tags: list[str]) -> Iterator[str]:
    attribute = data_set.get(tags[0])
    for value in (attribute or {}).get("Value") or []:
        if len(tags) > 1:
            yield from _values(value, tags[1:])
        elif isinstance(value, dict):
            yield "=".join(
                value.get(group, "") for group in ("Alphabetic", "Ideographic", "Phonetic")
            )
        else:
            yield str(value)


def exact(values: list[str], key: str) -> bool:
    return key in values


def exact_any_case(values: list[str], key: str) -> bool:
    return any(value.casefold() == key.casefold() for value in values)


def wild(values: list[str], key: str) -> bool:
    return any(_fits(key, value) for value in values)


def substring(values: list[str], key: str) -> bool:
    """A wildcard is an ordinary character here."""
    return any(key.casefold() in value.casefold() for value in values)


def name(values: list[str], key: str) -> bool:
    """By PS3.4 C.2.2.2.1, case ignored; one group finds any representation."""
    return any(_name_fits(key.casefold(), value.casefold(), "") for value in values)


def name_beginning(values: list[str], key: str) -> bool:
    """As `name`, with a wildcard at the end of each group."""
    return any(_name_fits(key.casefold(), value.casefold(), "*") for value in values)


def name_from_start(values: list[str], key: str) -> bool:
    """dcm4chee: the wildcard at the end is implied; a key in capitals ignores case."""
    if key == key.upper():
        return name_beginning(values, key)
    return any(_name_fits(key, value, "*") for value in values)


def _name_fits(key: str, value: str, implied: str) -> bool:
    groups = value.split("=")
    asked = key.split("=")
    if len(asked) == 1:
        return any(_fits(key + implied, group.rstrip("^")) for group in groups if group)
    pairs = zip(asked, groups, strict=False)
    return all(not each or _fits(each + implied, group) for each, group in pairs)


def name_words(values: list[str], key: str) -> bool:
    """Azure's fuzzymatching: each word of the key begins a word of the name."""
    words = [word for group in _groups(values) for word in re.split(r"[\^ ]", group)]
    asked = re.split(r"[\^ ]", key.casefold())
    return all(any(word.startswith(each) for word in words) for each in asked)


def date_range(values: list[str], key: str) -> bool:
    """A DA, TM or DT key: a value stands for all that its precision leaves open."""
    first, dash, last = key.partition("-")
    last = last if dash else first
    return any(_from(first) <= _pad(value) <= _until(last) for value in values)


def instant_or_range(values: list[str], key: str) -> bool:
    """A single value is that very text."""
    return date_range(values, key) if "-" in key else key in values


def by_book(path: str) -> Matches:
    """What PS3.18 8.3.4 says of an attribute, told by its tag."""
    tag = path.rpartition(".")[2]
    if tag in NAMES:
        return name
    return date_range if tag in _DATES else wild


NAMES = frozenset({"00100010", "00080090", "00321032", "00404037", "00400006"})
_DATES = frozenset(
    {"00100030", "00404005", "00404011", "00400002", "00400003", "00400004", "00400005"}
)


def _groups(values: list[str]) -> Iterator[str]:
    for value in values:
        yield from (group for group in value.casefold().split("=") if group)


def _fits(pattern: str, value: str) -> bool:
    parts = ({"*": ".*", "?": "."}.get(each) or re.escape(each) for each in pattern)
    return re.fullmatch("".join(parts), value, re.DOTALL) is not None


def _from(text: str) -> str:
    return _digits(text).ljust(20, "0")


def _until(text: str) -> str:
    return _digits(text).ljust(20, "9")


def _pad(value: str) -> str:
    return _digits(re.sub(r"[+-]\d{4}$", "", value)).ljust(20, "0")


def _digits(text: str) -> str:
    return text.replace(".", "")
