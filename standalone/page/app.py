"""The page as an ASGI application."""

import time
from collections.abc import Callable
from dataclasses import replace
from itertools import islice

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from shared.config import Settings
from shared.errors import ConfigurationError
from shared.spool import Spool
from standalone.page import answers, document, view
from standalone.page.current import Current
from standalone.page.decisions import Decisions, done
from standalone.page.document import Seen
from standalone.page.history import callers
from standalone.page.login import Login
from standalone.page.named import SHOWN
from standalone.page.passwords import Passwords, Unusable
from standalone.page.visitor import Door
from standalone.page.watched import Watched


def application(current: Current) -> Starlette:
    """Raises ConfigurationError for a password file that cannot be used."""
    door = Door(current().page, _passwords(current()))
    watched = Watched(current)
    login = Login(door)
    decisions = Decisions(current, door, watched)

    # Not coroutines: they block, and so run in threads.
    def page(request: Request) -> Response:
        visitor, found = door.visitor(request), watched.now()
        seen = Seen(time.time(), found.state, found.hour)
        if visitor.known:  # read for them alone
            waiting = list(islice(Spool(current().spool).quarantined(), SHOWN))
            calling = None if found.state.redis else callers(current())
            seen = replace(seen, quarantined=waiting, callers=calling)
        said = done(request) if visitor.known else ""
        return answers.html(
            document.front(seen, visitor, has_login=door.passwords is not None, done=said)
        )

    def state(_: Request) -> Response:
        """For machines: what everybody may know."""
        found = watched.now().state
        content = {
            "summary": view.sentence(found),
            "trouble": bool(view.troubles(found)),
            "counts": dict(view.counts(found, time.time())),
        }
        return JSONResponse(content, headers=answers.HEADERS)

    made = Starlette(
        routes=[
            Route("/", page),
            Route("/state", state),
            Route("/login", login.show),
            Route("/login", login.enter, methods=["POST"]),
            Route("/logout", login.leave, methods=["POST"]),
            Route("/quarantine", decisions.decide, methods=["POST"]),
            *(Route(f"/{name}", _file(name)) for name in answers.FILES),
        ],
        exception_handlers={404: _not_found, 405: _not_found, 500: _failed},
    )
    made.router.redirect_slashes = False  # to wherever a Host header says, without our headers
    return made


def _passwords(settings: Settings) -> Passwords | None:
    if settings.page.password_file is None:
        return None
    try:
        return Passwords(settings.page.password_file)
    except Unusable as error:
        place = f"page.password_file: {settings.page.password_file}"
        raise ConfigurationError(f"{place}: {error}") from None


def _file(name: str) -> Callable[[Request], Response]:
    answer = answers.file(name)
    return lambda _: answer


async def _not_found(_: Request, __: Exception) -> Response:
    return answers.html(document.fault("Not found", "There is nothing here."), 404)


async def _failed(_: Request, __: Exception) -> Response:
    """Of the page itself; the log has where."""
    return answers.html(document.fault("Not shown", "This page has failed: see its log."), 500)
