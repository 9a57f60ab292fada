"""What the page says of a state to everybody: counts only, which name no study, AE or archive."""

from shared.recent import Hour
from shared.statuses import CANCELLED, SUCCESS
from shared.tallies import status_label
from standalone.orphans import waiting
from standalone.page.chart import chart, legend
from standalone.page.markup import Markup, facts, joined, tag
from standalone.state import GIBIBYTE, State, age

UNKNOWN = "Nothing is known of the last hour: Redis does not say."
FINE = (status_label(SUCCESS), status_label(CANCELLED))
Pairs = tuple[tuple[str, str], ...]


def summary(state: State) -> Markup:
    mark = "trouble" if troubles(state) else "calm"
    return tag("p", sentence(state), id="summary", role="status", class_=mark)


def sentence(state: State) -> str:
    """What is wrong, else what goes on."""
    first, *others = troubles(state) or [_calm(state)]
    return "; ".join((first, *(each[:1].lower() + each[1:] for each in others)))


def counts(state: State, now: float) -> Pairs:
    known = [each.index for each in state.destinations if each.index]
    oldest = min((each.oldest for each in state.destinations if each.oldest), default=None)
    kept = [each.kept for each in state.destinations] + [each.kept for each in state.orphans]
    unknown = "unknown" if state.redis else ""
    stored = sum(each.totals.get("stored", 0) for each in known)
    return (
        ("Instances in the spool", _sum(kept)),
        ("Oldest that waits", _oldest(kept, oldest, now)),
        ("Being sent", unknown or f"{sum(each.leased for each in known):,}"),
        ("Stored", unknown or f"{stored:,}"),
        ("In quarantine", f"{sum(each.quarantined for each in state.destinations):,}"),
    )


def disk(state: State) -> Markup:
    if state.free is None or state.size is None:
        return tag("p", "The spool cannot be read.")
    used = state.size - state.free
    return joined(
        tag("meter", value=used, min=0, max=state.size, aria_label="Used of the spool's disk"),
        facts(
            (
                ("Free for the spool", f"{state.free / GIBIBYTE:.1f} GiB"),
                ("Size of its disk", f"{state.size / GIBIBYTE:.1f} GiB"),
                ("Modalities are", f"turned away: {state.refuses}" if state.refuses else "served"),
            )
        ),
    )


def traffic(hour: Hour | None) -> Markup:
    if hour is None:
        return tag("p", UNKNOWN)
    went = hour.minutes("stored", "duplicates")
    return joined(
        chart(hour.minutes("received"), went),
        legend(),
        facts(
            (
                ("Received", f"{hour.total('received'):,}"),
                ("Refused to modalities", f"{hour.total('refused'):,}"),
                ("Stored", f"{hour.total('stored'):,}"),
                ("There already", f"{hour.total('duplicates'):,}"),
            )
        ),
    )


def worklist(hour: Hour | None) -> Markup:
    if hour is None:
        return tag("p", UNKNOWN)
    by_status = hour.of("queries")
    fine = sum(by_status.get(each, 0) for each in FINE)
    return facts(
        (
            ("Queries", f"{sum(by_status.values()):,}"),
            ("Failed", f"{sum(by_status.values()) - fine:,}"),
            ("Items answered", f"{hour.total('matches'):,}"),
            ("From earlier answers", f"{hour.total('stale'):,}"),
        )
    )


def section(name: str, heading: str, *content: str) -> Markup:
    """A part that is renewed by itself."""
    title = tag("h2", heading, id=f"{name}-heading")
    return tag("section", title, *content, id=name, aria_labelledby=f"{name}-heading")


def troubles(state: State) -> list[str]:
    lost = sum(each.kept for each in state.orphans)
    if not state.destinations:  # a site with a worklist alone has neither spool nor Redis
        return [waiting(lost)] if lost else []
    held = sum(1 for each in state.destinations if each.held)
    failing = sum(1 for each in state.destinations if each.fault and not each.held)
    silent = sum(1 for each in state.destinations if each.silent)
    left_out = sum(1 for each in state.destinations if each.left_out)
    quarantined = sum(each.quarantined for each in state.destinations)
    number = len(state.destinations)
    said = (
        (state.free is None, "The spool cannot be read"),
        (state.refuses, f"Modalities are turned away: {state.refuses}"),
        (state.redis, f"Nothing is known of uploads: Redis {state.redis}"),
        (state.unserved, "No uploader runs: nothing is sent"),
        (left_out, f"{_of(left_out, number)} left out: no uploader that runs sends there"),
        (held, f"{_of(held, number)} held"),
        (failing, f"{_of(failing, number)} being tried again"),
        (silent, f"{_of(silent, number)} silent: asked, and no answer yet"),
        (lost, waiting(lost)),
        (quarantined, "Instances are in quarantine"),
    )
    return [text for applies, text in said if applies]


def _of(some: int, number: int) -> str:
    archives = "destination" if number == 1 else "destinations"
    return f"{some} of {number} {archives} {'is' if some == 1 else 'are'}"


def _calm(state: State) -> str:
    if not state.destinations:
        return "No destination takes uploads"
    waiting = any(each.kept for each in state.destinations)
    return "Images are on their way" if waiting else "Nothing waits"


def _oldest(kept: list[int | None], oldest: float | None, now: float) -> str:
    if oldest is None:
        return "unknown" if None in kept else "none"
    return age(now - oldest)


def _sum(kept: list[int | None]) -> str:
    known = [each for each in kept if each is not None]
    return f"{sum(known):,}" if len(known) == len(kept) else "unknown"
