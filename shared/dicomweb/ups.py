"""Search transaction of the Worklist service (PS3.18 11.9), one page at a time."""

import json
import re
from dataclasses import dataclass
from email.message import Message
from typing import Any

import httpx

from shared.dicomweb.faults import fault_of, faults
from shared.dicomweb.native import NotNative, data_set
from shared.dicomweb.response import LIMIT, AnswerTooLong, framed
from shared.errors import DestinationFault, ProxyError, Unavailable

DataSet = dict[str, Any]  # DICOM JSON (PS3.18 Annex F)

NO_CONTENT, PARTIAL_CONTENT, NOT_FOUND, TOO_LARGE = 204, 206, 404, 413
REFUSED = frozenset({400, 409, 414, 422})
OTHER_MEDIA = frozenset({406, 415})
_MORE = re.compile(r"additional results", re.IGNORECASE)  # PS3.18 8.3.4.4.1
_NOT_FUZZY = re.compile(r"fuzzymatching", re.IGNORECASE)  # PS3.18 8.3.4.2
_XML_TYPES = ("application/dicom+xml", "application/xml", "text/xml")
_JSON_TYPES = ("application/dicom+json", "application/json", "text/json")
# Bytes of JSON for each object or array: what is denser makes more of memory than workitems do. The
# shortest attribute with a value, {"vr":"CS","Value":["M"]} and its tag, has 36 for two.
SPARSEST = 16
SMALL = 64 * 1024  # bytes of JSON that may be as dense as they like
_GAP = re.compile(r"[ \t\n\r]*")  # RFC 8259 2
_DECODER = json.JSONDecoder()


class Refused(ProxyError):
    """The origin server calls the search wrong (400)."""


class TooMany(ProxyError):
    """More results than the origin server will give at once (413), or than we read."""


class Unreadable(ProxyError):
    """The answer is no DICOM JSON and no Native DICOM Model, or not of a media type we take."""


@dataclass(frozen=True, slots=True)
class Page:
    body: bytes
    content_type: str = ""
    more: bool = False  # the server says that there are additional results
    not_fuzzy: bool = False  # it ignored fuzzymatching
    warnings: tuple[str, ...] = ()  # what else it warns of


EMPTY = Page(b"")


@dataclass(frozen=True, slots=True)
class Results:
    found: list[DataSet]
    cut: bool  # the page has more than were wanted
    weight: int  # bytes of sparse JSON that take as much memory


async def search(
    client: httpx.AsyncClient, uri: str, accept: str, *, none_is_404: bool = False
) -> Page:
    """One Search transaction. Raises Refused, TooMany, Unreadable or a DestinationFault."""
    headers = {"Accept": accept, "Cache-Control": "no-cache"}  # PS3.18 11.9.1.3
    try:
        with faults():
            response = await client.get(uri, headers=headers)
    except DestinationFault as fault:
        if isinstance(fault.__cause__, AnswerTooLong):
            raise TooMany("sends a longer answer than we read") from fault
        raise
    status = response.status_code
    if status == NO_CONTENT or (status == NOT_FOUND and none_is_404):
        return EMPTY
    _refuse(status)
    if found := fault_of(response):
        raise found
    if not response.content.strip() and not framed(response):  # else an empty list
        raise Unavailable("broke off before its answer")
    warnings = response.headers.get_list("warning")
    return Page(
        response.content,
        response.headers.get("content-type", ""),
        more=any(map(_MORE.search, warnings)),
        not_fuzzy=any(map(_NOT_FUZZY.search, warnings)),
        warnings=tuple(_code(each) for each in warnings if not _known(each)),
    )


def _refuse(status: int) -> None:
    if status in REFUSED:
        raise Refused(f"calls the search wrong ({status})")
    if status == TOO_LARGE:
        raise TooMany("has too many results for one answer (413)")
    if status in OTHER_MEDIA:
        raise Unreadable(f"does not answer in the media type asked for ({status})")


def _known(warning: str) -> bool:
    return bool(_MORE.search(warning) or _NOT_FUZZY.search(warning))


def _code(warning: str) -> str:
    return warning[:3]  # the text may quote a key, and so a patient


def data_sets(page: Page, most: int) -> Results:
    """The first results in a page, in DICOM JSON whichever form they came in.

    Raises Unreadable, or TooMany.
    """
    body = page.body.removeprefix(b"\xef\xbb\xbf").strip()
    if not body:
        return Results([], cut=False, weight=0)
    media = _media(page.content_type)
    kind = media.get_content_type()
    if kind == "multipart/related":
        parts = _parts(body, str(media.get_param("boundary", "")), most + 1)
        found = [_native(part) for part in parts[:most] if part.strip()]
        return Results(found, len(parts) > most, len(body))
    if kind in _XML_TYPES:
        return Results([_native(body)], cut=False, weight=len(body))
    if kind in _JSON_TYPES or body[:1] in {b"[", b"{"}:
        return _json(body, most)
    raise Unreadable("answers in a media type that is not DICOM's")


def _media(content_type: str) -> Message:
    message = Message()
    message["content-type"] = content_type or "application/octet-stream"
    return message


def _json(body: bytes, most: int) -> Results:
    weight = SPARSEST * (len(body) - len(body.translate(None, b"[{")))
    if weight > LIMIT:
        raise TooMany("has more in one answer than we read")
    dense = weight > max(len(body), SMALL)
    try:
        content = _beginning(body, most + 1) if dense else json.loads(body)
    except (ValueError, RecursionError):
        raise Unreadable("answers what is no JSON") from None
    found = content if isinstance(content, list) else [content]
    cut = len(found) > most
    del found[most:]
    if any(each is not None and not isinstance(each, dict) for each in found):
        raise Unreadable("answers JSON that is not DICOM's")
    return Results([each for each in found if each], cut, max(weight, len(body)))


def _beginning(body: bytes, most: int) -> Any:
    """As json.loads, but of an array no more than its first elements are looked at."""
    text = body.decode(json.detect_encoding(body), "surrogatepass")
    if not text.startswith("["):
        return json.loads(text)
    found: list[Any] = []
    at = _after_gap(text, 1)
    ended = text.startswith("]", at)
    while not ended and len(found) < most:
        value, at = _DECODER.raw_decode(text, at)
        found.append(value)
        at = _after_gap(text, at)
        ended = text.startswith("]", at)
        if not ended and not text.startswith(",", at):
            raise ValueError
        at = at if ended else _after_gap(text, at + 1)
    if ended and _after_gap(text, at + 1) < len(text):
        raise ValueError
    return found


def _after_gap(text: str, at: int) -> int:
    gap = _GAP.match(text, at)
    return gap.end() if gap else at


def _native(xml: bytes) -> DataSet:
    try:
        return data_set(xml)
    except NotNative as error:
        raise Unreadable(f"answers XML that {error}") from None


def _parts(body: bytes, boundary: str, most: int) -> list[bytes]:
    """Contents of the first parts (RFC 2046 5.1.1), without their header fields."""
    if not boundary:
        raise Unreadable("answers multipart without a boundary")
    mark = b"--" + boundary.encode("latin-1", "replace")
    delimiter = re.compile(rb"(?:^|\r?\n)" + re.escape(mark) + rb"(?=--|[ \t]*\r?\n)")
    found: list[bytes] = []
    begins = None
    for each in delimiter.finditer(body):
        if begins is not None:
            found.append(_content(body[begins : each.start()]))
        if len(found) == most:
            return found
        begins = each.end()
    if begins is None or not body.startswith(b"--", begins):
        raise Unreadable("answers multipart that breaks off")
    return found


def _content(part: bytes) -> bytes:
    _, blank, content = (
        re.sub(rb"^[ \t]*\r?\n", b"", part).replace(b"\r\n", b"\n").partition(b"\n\n")
    )
    return content if blank else part.strip()
