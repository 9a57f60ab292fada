"""Tables of text for a terminal or a file."""

import unicodedata
from collections.abc import Iterable, Sequence

GAP = "  "


def table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Columns as wide as their widest value; numbers to the right."""
    rows = [list(row) for row in rows]
    cells = [list(heads), *([printable(value) for value in row] for row in rows)]
    widths = [max(_width(line[column]) for line in cells) for column in range(len(heads))]
    numeric = [
        bool(rows) and all(isinstance(row[column], int | float) for row in rows)
        for column in range(len(heads))
    ]
    lines = [_line(line, widths, numeric) for line in cells]
    lines.insert(1, GAP.join("-" * width for width in widths))
    return "".join(f"{line.rstrip()}\n" for line in lines)


def _line(line: Sequence[str], widths: Sequence[int], numeric: Sequence[bool]) -> str:
    return GAP.join(
        _padding(text, width) + text if right else text + _padding(text, width)
        for text, width, right in zip(line, widths, numeric, strict=True)
    )


def _padding(text: str, width: int) -> str:
    return " " * (width - _width(text))


def printable(value: object) -> str:
    """A value on one line: what a peer sent must not move the cursor."""
    text = "" if value is None else str(value)
    return "".join(each if each.isprintable() else "?" for each in text)


def _width(text: str) -> int:
    """Columns on a terminal: East Asian characters take two (Unicode Standard Annex 11)."""
    return sum(
        0 if unicodedata.combining(each) else 1 + (unicodedata.east_asian_width(each) in "WF")
        for each in text
    )
