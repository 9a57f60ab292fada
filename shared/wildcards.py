"""Patterns with * and ? for AE titles and attributes, and what two of them have in common."""

import re
from functools import lru_cache
from itertools import groupby

ANY = "*"
_WILD = frozenset("*?")


def compiled(pattern: str, *, ignore_case: bool = False) -> re.Pattern[str]:
    """* and ? are wild; brackets, which an AE title may hold, are not.

    Each * but the last takes as little as it can and never thinks again (an atomic group), which
    finds the same and keeps a hostile value from costing more than its length.
    """
    first, *rest = map(_fixed, tidy(pattern).split("*"))
    source = "".join((first, *(f"(?>.*?{each})" for each in rest[:-1])))
    if rest:
        source += ".*" + rest[-1]
    return re.compile(source, re.DOTALL | (re.IGNORECASE if ignore_case else 0))


def _fixed(part: str) -> str:
    return "".join("." if each == "?" else re.escape(each) for each in part)


def tidy(pattern: str) -> str:
    """The same, with one * at most in a run of wildcards, and that at its end: ??*."""
    runs = ("".join(run) for _, run in groupby(pattern, key=_WILD.__contains__))
    return "".join(_tidy_run(run) for run in runs)


def includes(wide: str, narrow: str) -> bool:
    """Whether `wide` matches all that `narrow` does."""
    return _includes(tidy(wide), tidy(narrow))


def meet(one: str, other: str) -> bool:
    """Whether there is a value that both match."""
    return _meet(tidy(one), tidy(other))


def _tidy_run(run: str) -> str:
    if not set(run) <= _WILD:
        return run
    return "?" * run.count("?") + ("*" if "*" in run else "")


@lru_cache(maxsize=4096)
def _includes(wide: str, narrow: str) -> bool:
    if not wide or not narrow:
        return wide in {"", ANY} and not narrow
    if wide[0] == "*":
        return _includes(wide[1:], narrow) or _includes(wide, narrow[1:])
    if narrow[0] == "*" or wide[0] not in {"?", narrow[0]}:
        return False
    return _includes(wide[1:], narrow[1:])


@lru_cache(maxsize=4096)
def _meet(one: str, other: str) -> bool:
    if not one or not other:
        return (one or other) in {"", ANY}
    if one[0] == "*":
        return _meet(one[1:], other) or _meet(one, other[1:])
    if other[0] == "*":
        return _meet(other, one)
    return (one[0] == other[0] or "?" in {one[0], other[0]}) and _meet(one[1:], other[1:])
