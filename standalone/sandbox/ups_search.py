"""Search transaction of the sandbox's worklist (PS3.18 11.9), in the manner of a played server."""

import json
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

from pydicom.datadict import tag_for_keyword
from starlette.requests import Request
from starlette.responses import Response

from standalone.sandbox import ups_xml
from standalone.sandbox.ups_match import Matches, by_book, name_words, values_at, wild
from standalone.sandbox.ups_mwl import as_google_item, as_worklist_item
from standalone.sandbox.ups_profiles import NAME, START, Other, Paging, Played
from standalone.sandbox.ups_store import TRANSACTION_UID

DataSet = dict[str, Any]

WARNING = '299 sandbox: "There are {} additional results that can be requested"'
_OPTIONS = frozenset({"limit", "offset", "includefield", "fuzzymatching"})
_NEVER_MATCHED = frozenset({"00080005", "00080201"})  # character set, zone
_FORMS: dict[str, Callable[[DataSet], DataSet]] = {
    "ups": lambda workitem: workitem,
    "mwl": as_worklist_item,
    "google": as_google_item,
}


class Refused(ValueError):
    """What a server answers with 400."""


def search(request: Request, items: list[DataSet], played: Played) -> Response:
    if not _acceptable(request.headers.get("accept", ""), played):
        return Response(status_code=406)
    pairs = parse_qsl(request.url.query, keep_blank_values=True)
    try:
        _check(pairs, played)
        options = {key: value for key, value in pairs if key in _OPTIONS}
        found = _matched(pairs, items, played)
        page, more = _page(found, options, played)
    except Refused as refusal:
        return Response(f"{refusal}\n", 400, media_type="text/plain")
    return _answer(_listed(page, options, played), more, played)


def _acceptable(accept: str, played: Played) -> bool:
    return any(media in accept for media in (*played.media, "*/*"))


def _check(pairs: list[tuple[str, str]], played: Played) -> None:
    if not played.strict:
        return
    names = [name for name, _ in pairs if name != "includefield"]
    last = [name.rpartition(".")[2] for name in names]
    if len(set(last)) < len(last):
        raise Refused("an attribute is repeated")
    if any(not value for _, value in pairs):
        raise Refused("a value is empty")
    fields = [each for name, value in pairs if name == "includefield" for each in value.split(",")]
    if any("." in each for each in fields) or ("all" in fields and len(fields) > 1):
        raise Refused("includefield is nested, or all with others")
    if any(name == START and re.search(r"[+-]\d{4}(-|$)", value) for name, value in pairs):
        raise Refused("an offset in a date and time")


def _matched(pairs: list[tuple[str, str]], items: list[DataSet], played: Played) -> list[DataSet]:
    fuzzy = ("fuzzymatching", "true") in pairs
    tests = [
        (_path(name), test, value)
        for name, value in pairs
        if name not in _OPTIONS and (test := _test(name, played, fuzzy=fuzzy))
    ]
    form = _FORMS[played.items]
    return [
        item
        for item in map(form, items)
        if all(test(values_at(item, path), value) for path, test, value in tests)
    ]


def _path(name: str) -> str:
    tags = [
        each if re.fullmatch("[0-9A-Fa-f]{8}", each) else f"{tag_for_keyword(each) or 0:08X}"
        for each in name.split(".")
    ]
    return ".".join(tags).upper()


def _test(name: str, played: Played, *, fuzzy: bool) -> Matches | None:
    path = name if played.by_keyword else _path(name)
    if fuzzy and path == NAME:
        return name_words
    if test := played.keys.get(path):
        return test
    if played.other is Other.REFUSED:
        raise Refused("an attribute that is not supported")
    if played.other is Other.BY_BOOK and path not in _NEVER_MATCHED:
        return by_book(path)
    if played.other is Other.ROOT_WILD and "." not in path:
        return wild
    return None


def _page(
    found: list[DataSet], options: dict[str, str], played: Played
) -> tuple[list[DataSet], int]:
    """The results asked for, and how many more there are that the server will say."""
    if played.paging is Paging.IGNORED:
        return found, 0
    limit = _number(options, "limit", played.default_limit)
    offset = _number(options, "offset", 0)
    if not 0 < limit <= played.largest_limit:
        raise Refused("limit is out of range")
    if played.paging is Paging.SLICE:
        return found[offset:limit], 0
    page = found[offset : offset + min(limit, played.cap)]
    more = len(found) - offset - len(page)
    return page, more if limit > played.cap else 0


def _number(options: dict[str, str], name: str, default: int) -> int:
    text = options.get(name, str(default))
    if not text.isdecimal():
        raise Refused(f"{name} is no number")
    return int(text)


def _listed(page: list[DataSet], options: dict[str, str], played: Played) -> list[DataSet]:
    fields = options.get("includefield", "")
    hidden = {TRANSACTION_UID}
    if played.listed_only and fields and fields != "all":
        listed = set(fields.split(","))
        return [{tag: each for tag, each in item.items() if tag in listed} for item in page]
    return [{tag: each for tag, each in item.items() if tag not in hidden} for item in page]


def _answer(page: list[DataSet], more: int, played: Played) -> Response:
    if not page and played.none != 200:  # noqa: PLR2004
        return Response(status_code=played.none)
    headers = {"Warning": WARNING.format(more)} if more > 0 else {}
    if "application/dicom+xml" in played.media:
        return Response(ups_xml.multipart(page), headers=headers, media_type=ups_xml.CONTENT_TYPE)
    body = json.dumps(page, ensure_ascii=False).encode("utf-8")
    return Response(body, headers=headers, media_type="application/dicom+json")
