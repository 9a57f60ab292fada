"""The page as an ASGI application: three documents that change nothing and set no cookie."""

import time
from collections.abc import Callable
from dataclasses import asdict
from importlib.resources import files
from threading import Lock

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from shared.config import Settings
from standalone.page.view import View, as_page, view
from standalone.state import look

FRESH = 2.0  # seconds that a look at the spool serves all who ask: counting costs
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; "
    "connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
TYPES = {"page.css": "text/css", "page.js": "text/javascript"}


class Watched:
    """The proxy's state, looked at by one thread at a time."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = Lock()
        self._until = 0.0
        self._view: View | None = None

    def now(self) -> View:
        with self._lock:
            if self._view is None or time.monotonic() >= self._until:
                self._view = view(look(self._settings), time.time())
                self._until = time.monotonic() + FRESH
            return self._view


def application(settings: Settings) -> Starlette:
    watched = Watched(settings)

    # Not coroutines: they block, and so run in threads.
    def page(_: Request) -> Response:
        return HTMLResponse(as_page(watched.now()), headers=HEADERS)

    def state(_: Request) -> Response:
        return JSONResponse(asdict(watched.now()), headers=HEADERS)

    return Starlette(
        routes=[
            Route("/", page),
            Route("/state", state),
            *(Route(f"/{name}", _asset(name)) for name in TYPES),
        ]
    )


def _asset(name: str) -> Callable[[Request], Response]:
    content = files(__package__).joinpath(name).read_bytes()

    def asset(_: Request) -> Response:
        return Response(content, media_type=TYPES[name], headers=HEADERS)

    return asset
