"""How the page answers: one set of headers for all, and nothing that a cache may keep."""

from collections.abc import Mapping
from importlib.resources import files

from starlette.responses import HTMLResponse, RedirectResponse, Response

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; "
    "connect-src 'self'; img-src 'self'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    # With no-referrer browsers would send forms with an Origin of null (Fetch 4.1).
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
FILES = {
    "page.css": "text/css",
    "page.js": "text/javascript",
    "icon.svg": "image/svg+xml",
}
SEE_OTHER = 303


def html(text: str, status: int = 200, more: Mapping[str, str] | None = None) -> Response:
    # A lone surrogate, as a record's JSON may spell one, has no UTF-8 (Unicode Standard D92).
    said = text.encode("utf-8", "replace")
    return HTMLResponse(said, status, headers={**HEADERS, **(more or {})})


def see(path: str) -> Response:
    """Look there instead, by GET."""
    return RedirectResponse(path, SEE_OTHER, headers=HEADERS)


def file(name: str) -> Response:
    content = files(__package__).joinpath(name).read_bytes()
    return Response(content, media_type=FILES[name], headers=HEADERS)
