"""A row of the mapping: one worklist attribute, how it is asked for and where its values are."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum

from worklist.elements import vr_of
from worklist.sources import (
    ItemSource,
    Source,
    end_date,
    end_time,
    first_of,
    hex_of,
    nothing,
    once,
    path,
    sequence,
    start_date,
    start_time,
)


class Level(Enum):
    ROOT = "root"
    STEP = "step"  # in the item of Scheduled Procedure Step Sequence


_BY_ZONE = frozenset({start_date, start_time, end_date, end_time})  # of who asks


@dataclass(frozen=True, slots=True)
class Row:
    tag: int
    level: Level
    vr: str
    type: str  # of the return key: 1, 1C, 2, 2C or 3
    paths: tuple[str, ...]  # of keywords, where the values may be
    search: str  # the path that a server may be asked by
    value: Source  # of what is no sequence
    items: ItemSource | None = None  # of a sequence
    fill: Source | None = None  # answered, but never matched: the workitem has no such value
    also: Source | None = None  # matched, but never answered
    spellings: Mapping[str, str] = field(default_factory=dict)  # of a key's value in a workitem


@dataclass(frozen=True, slots=True)
class Column:
    """Makes rows of one level."""

    level: Level

    def __call__(  # noqa: PLR0913 - the columns of the table
        self,
        keyword: str,
        type_: str,
        *sources: str | Source,
        search: str = "",
        fill: Source | None = None,
        also: Source | None = None,
        spellings: Mapping[str, str] | None = None,
    ) -> Row:
        """Without sources the attribute is the same one in the root of the workitem."""
        tag = int(hex_of(keyword), 16)
        found = sources or (keyword,)
        paths = [each for each in found if isinstance(each, str)]
        row = Row(
            tag,
            self.level,
            vr_of(tag),
            type_,
            tuple(paths),
            search or (paths[0] if paths else ""),
            nothing,
            fill=fill,
            also=also,
            spellings=spellings or {},
        )
        return _with_sources(row, found, paths)


def _with_sources(row: Row, sources: tuple[str | Source, ...], paths: list[str]) -> Row:
    if row.vr == "SQ":
        return replace(row, items=sequence(*paths) if paths else lambda _workitem, _asking: ())
    values = [path(each) if isinstance(each, str) else each for each in sources]
    value = first_of(values)
    return replace(row, value=value if _BY_ZONE.intersection(sources) else once(value))
