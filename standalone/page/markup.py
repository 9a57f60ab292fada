"""HTML written by functions: what is not Markup is escaped, so that nothing can be forgotten."""

from collections.abc import Iterable
from html import escape

VOID = frozenset({"input", "link", "meta"})  # elements without an end tag (HTML 13.1.2)
Attribute = str | int | bool | None


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


def tag(element: str, /, *children: str, **attributes: Attribute) -> Markup:
    """An element. `class_` and `for_` are class and for, `aria_label` is aria-label; True is an
    attribute without a value, None and False are none.
    """
    opened = "".join(_attribute(key, value) for key, value in attributes.items())
    end = "" if element in VOID else f"{joined(*children)}</{element}>"
    return Markup(f"<{element}{opened}>{end}")


def joined(*parts: str) -> Markup:
    return Markup("".join(each if isinstance(each, Markup) else escape(each) for each in parts))


def table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> Markup:
    """With heads of columns; the first cell of a row is its head."""
    head = joined(*(tag("th", each, scope="col") for each in heads))
    body = [tag("tr", *_cells(row)) for row in rows]
    return tag("table", tag("thead", tag("tr", head)), tag("tbody", *body))


def facts(pairs: Iterable[tuple[str, str]]) -> Markup:
    """Names and values, in two columns."""
    return tag("dl", *(tag("div", tag("dt", name), tag("dd", value)) for name, value in pairs))


def _cells(row: Iterable[str]) -> Iterable[Markup]:
    first, *rest = row
    yield tag("th", first, scope="row")
    yield from (tag("td", each) for each in rest)


def _attribute(key: str, value: Attribute) -> str:
    if value is None or value is False:
        return ""
    name = key.rstrip("_").replace("_", "-")
    return f" {name}" if value is True else f' {name}="{escape(str(value))}"'
