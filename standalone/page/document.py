"""The documents: one frame, and in it the page, the login, a question or a fault."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from shared.recent import Hour
from shared.spool import Quarantined
from standalone.page import named, view
from standalone.page.markup import Markup, facts, joined, tag
from standalone.page.visitor import Visitor
from standalone.state import State

PAUSE = 10  # seconds between loads where there is no JavaScript
STILL = 60  # for those who may be choosing what to requeue
DOCTYPE = Markup("<!doctype html>\n")


@dataclass(frozen=True, slots=True)
class Seen:
    """What there is to show."""

    now: float  # seconds since 1970
    state: State
    hour: Hour | None
    # For those who logged in:
    quarantined: Sequence[Quarantined] = ()
    callers: Hour | None = None


def front(seen: Seen, visitor: Visitor, *, has_login: bool, done: str = "") -> str:
    """The page; `done`: what the visitor has just done."""
    return _frame(
        "DICOMweb Proxy",
        tag("header", tag("h1", "DICOMweb Proxy"), _who(visitor, has_login=has_login)),
        tag(
            "main",
            tag("p", done, role="status", class_="done") if done else "",
            view.summary(seen.state),
            *_sections(seen, visitor),
            tag("p", _as_of(seen.now), id="as-of"),
        ),
        refresh=STILL if seen.quarantined else PAUSE,
    )


def _sections(seen: Seen, visitor: Visitor) -> Iterator[Markup]:
    state, now = seen.state, seen.now
    yield view.section("now", "Now", facts(view.counts(state, now)))
    yield view.section("hour", "Last hour", view.traffic(seen.hour))
    if visitor.known:
        yield view.section("destinations", "Destinations", named.destinations(state, now))
        number = sum(each.quarantined for each in state.destinations)
        waiting = named.quarantine(seen.quarantined, number, visitor, now)
        yield view.section("quarantine", "Quarantine", waiting)
        callers = named.callers(seen.callers)
        yield view.section("callers", "Associations of the last hour", callers)
    yield view.section("worklist", "Worklist, last hour", view.worklist(seen.hour))
    yield view.section("spool", "Spool", view.disk(state))


def login(*, wrong: str = "") -> str:
    fault = tag("p", wrong, role="alert", class_="trouble") if wrong else ""
    return _frame(
        "Log in",
        tag(
            "main",
            tag("h1", "Log in"),
            fault,
            tag(
                "form",
                _field("user", "User", autocomplete="username", autofocus=True),
                _field("password", "Password", type="password", autocomplete="current-password"),
                tag("p", tag("button", "Log in", type="submit"), class_="actions"),
                method="post",
                action="/login",
            ),
            tag("p", tag("a", "Without login: counts only", href="/")),
        ),
    )


def question(chosen: Sequence[Quarantined], visitor: Visitor) -> str:
    return _frame("Delete for good?", tag("main", named.confirmation(chosen, visitor)))


def fault(what: str, why: str) -> str:
    back = tag("p", tag("a", "Back to the page", href="/"))
    return _frame(what, tag("main", tag("h1", what), tag("p", why, class_="trouble"), back))


def _frame(title: str, *content: str, refresh: int = 0) -> str:
    again = tag("noscript", tag("meta", http_equiv="refresh", content=f"{refresh};url=/"))
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("title", title),
        tag("link", rel="icon", href="/icon.svg", type="image/svg+xml"),
        tag("link", rel="stylesheet", href="/page.css"),
        *((tag("script", src="/page.js", defer=True), again) if refresh else ()),
    )
    return joined(DOCTYPE, tag("html", head, tag("body", *content), lang="en"), "\n")


def _who(visitor: Visitor, *, has_login: bool) -> Markup:
    if visitor.cookie:
        return tag(
            "form",
            named.hidden(visitor),
            tag("p", f"Logged in as {visitor.user} ", tag("button", "Log out", type="submit")),
            method="post",
            action="/logout",
        )
    if visitor.known:
        return tag("p", f"Logged in as {visitor.user}")
    return tag("p", tag("a", "Log in", href="/login") if has_login else "Counts only")


def _field(name: str, text: str, **attributes: str | bool) -> Markup:
    label = tag("label", text, for_=name)
    return tag("p", label, tag("input", id=name, name=name, required=True, **attributes))


def _as_of(now: float) -> str:
    return f"As of {time.strftime('%H:%M:%S', time.gmtime(now))} UTC"
