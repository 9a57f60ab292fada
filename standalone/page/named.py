"""What the page says to those who logged in: destinations and instances by their names."""

import time
from collections.abc import Sequence

from shared.dimse.callers import OTHERS
from shared.recent import Hour
from shared.spool import Quarantined
from standalone import orphans
from standalone.orphans import Orphans
from standalone.page import view
from standalone.page.markup import Markup, facts, joined, table, tag
from standalone.page.visitor import Visitor
from standalone.state import Line, State, age, in_words

CALLER_HEADS = ("AE title", "Associations", "Requests", "Failed", "Refused", "Last")
SHOWN = 100  # instances of the quarantine; the rest is counted


def destinations(state: State, now: float) -> Markup:
    if not (state.destinations or state.orphans):
        return tag("p", "No destination takes uploads.")
    known = (_destination(each, state, now) for each in state.destinations)
    return tag("ul", *known, *map(_orphans, state.orphans))


def quarantine(found: Sequence[Quarantined], number: int, visitor: Visitor, now: float) -> Markup:
    """`found`: the first of so many."""
    if not found:
        return tag("p", "Nothing is in quarantine.")
    shown = [_instance(each, now) for each in found]
    left = number - len(shown)
    more = tag("p", f"{left:,} more are not shown.") if left > 0 else ""
    return tag(
        "form",
        hidden(visitor),
        tag("p", f"{max(number, len(found)):,} in quarantine, until somebody decides."),
        tag("ul", *shown),
        more,
        tag(
            "p",
            _button("requeue", "Requeue chosen"),
            _button("drop", "Drop chosen…"),
            _button("requeue-all", f"Requeue all {max(number, len(found)):,}"),
            class_="actions",
        ),
        method="post",
        action="/quarantine",
    )


def callers(hour: Hour | None) -> Markup:
    if hour is None:
        return tag("p", view.UNKNOWN)
    names = {name for what in ("associations", "refused") for name in hour.of(what)}
    if not names:
        return tag("p", "Nobody connected in the last hour.")
    rows = [_caller(name, hour) for name in sorted(names, key=lambda name: (name == OTHERS, name))]
    return tag(
        "div",
        table(CALLER_HEADS, rows),
        class_="wide",
        role="group",
        aria_label="Associations by AE title",
        tabindex=0,  # where it is wider than the screen, arrow keys move it
    )


def confirmation(chosen: Sequence[Quarantined], visitor: Visitor) -> Markup:
    """Asked before instances are deleted."""
    items = [tag("li", f"{each.destination}: ", tag("code", _name(each))) for each in chosen]
    return joined(
        tag("h1", f"Delete {len(chosen):,} for good?"),
        tag("p", "They were never stored: nobody will have them.", class_="trouble"),
        tag("ul", *items),
        tag(
            "form",
            hidden(visitor),
            *(tag("input", type="hidden", name="item", value=value(each)) for each in chosen),
            tag("input", type="hidden", name="confirmed", value="yes"),
            tag(
                "p",
                _button("drop", f"Delete {len(chosen):,} for good"),
                tag("a", "Keep them", href="/", class_="button"),
                class_="actions",
            ),
            method="post",
            action="/quarantine",
        ),
    )


def hidden(visitor: Visitor) -> Markup:
    return tag("input", type="hidden", name="token", value=visitor.token)


def value(item: Quarantined) -> str:
    """What a form calls an instance."""
    return f"{item.destination}/{item.name}"


def _caller(name: str, hour: Hour) -> tuple[str, ...]:
    whats = ("associations", "requests", "failures", "refused")
    numbers = [f"{hour.of(what).get(name, 0):,}" for what in whats]
    agos = [hour.ago(f"{what} {name}") for what in ("associations", "refused")]
    last = min(ago for ago in agos if ago is not None)
    return (name, *numbers, f"{last} min ago" if last else "just now")


def _destination(line: Line, state: State, now: float) -> Markup:
    words = in_words(line, state)
    found = line.index
    trouble = line.held or line.silent or bool(line.fault)
    unsent = state.unserved or line.left_out
    trouble = unsent or found is None or (trouble and line.kept != 0)
    unknown = "unknown"
    pairs = (
        ("In the spool", unknown if line.kept is None else f"{line.kept:,}"),
        ("Oldest", age(now - line.oldest) if line.oldest else "none"),
        ("Being sent", unknown if found is None else f"{found.leased:,}"),
        ("Stored", unknown if found is None else f"{found.totals.get('stored', 0):,}"),
        ("In quarantine", f"{line.quarantined:,}"),
        ("Next try", "once an uploader sends there" if unsent else _next_try(line, now)),
    )
    sandbox = (tag("p", "SANDBOX, not an archive"),) if line.sandbox else ()
    return tag(
        "li",
        tag("h3", line.name),
        tag("p", words, class_="trouble" if trouble else "calm"),
        *sandbox,
        facts(pairs),
    )


def _orphans(lost: Orphans) -> Markup:
    return tag(
        "li",
        tag("h3", lost.name),
        tag("p", f"{orphans.in_words(lost)}: {orphans.WHAT_TO_DO}", class_="trouble"),
        facts((("In the spool", f"{lost.kept:,}"), ("Bytes", f"{lost.bytes:,}"))),
    )


def _next_try(line: Line, now: float) -> str:
    if line.silent:
        return "once it answers, or its time is up"
    if line.index is None:
        return "unknown"
    if not line.held:
        return "at once" if line.kept else "when something comes"
    at = time.gmtime(now + line.index.held_for)
    return f"in {age(line.index.held_for)}, at {time.strftime('%H:%M:%S', at)} UTC"


def _instance(item: Quarantined, now: float) -> Markup:
    identity = f"i-{item.destination}-{item.name}".replace("~", "-")
    return tag(
        "li",
        tag("input", type="checkbox", name="item", value=value(item), id=identity),
        tag("label", tag("code", _name(item)), for_=identity),
        tag("p", item.why, class_="trouble"),
        facts(
            (
                ("Destination", item.destination),
                ("Received", f"{age(now - item.received)} ago"),
                ("Attempts", str(item.record.get("attempts", "unknown"))),
                ("Bytes", f"{item.size:,}"),
                ("Id", item.name),
            )
        ),
    )


def _name(item: Quarantined) -> str:
    return item.sop_instance_uid or item.name


def _button(action: str, text: str) -> Markup:
    return tag("button", text, type="submit", name="action", value=action)
