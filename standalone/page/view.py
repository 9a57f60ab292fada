"""What the page says of a state: counts only, which name no study, AE or destination."""

import time
from dataclasses import dataclass
from html import escape
from string import Template

from standalone.state import GIBIBYTE, State, age

PAGE = Template("""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>DICOMweb Proxy</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/page.css">
<script src="/page.js" defer></script>
<noscript><meta http-equiv="refresh" content="10"></noscript>
</head>
<body>
<main>
<h1>DICOMweb Proxy</h1>
<p id="summary" role="status"$mark>$summary</p>
<table id="counts">
$rows
</table>
</main>
</body>
</html>
""")


@dataclass(frozen=True, slots=True)
class View:
    summary: str
    trouble: bool
    counts: tuple[tuple[str, str], ...]


def view(state: State, now: float) -> View:
    troubles = _troubles(state)
    return View("; ".join(troubles) or _calm(state), bool(troubles), _counts(state, now))


def as_page(found: View) -> str:
    rows = "\n".join(
        f'<tr><th scope="row">{escape(name)}</th><td>{escape(value)}</td></tr>'
        for name, value in found.counts
    )
    mark = ' class="trouble"' if found.trouble else ""
    return PAGE.substitute(mark=mark, summary=escape(found.summary), rows=rows)


def _troubles(state: State) -> list[str]:
    held = sum(1 for each in state.destinations if each.index and each.index.held_for)
    quarantined = sum(each.quarantined for each in state.destinations)
    said = (
        (state.free is None, "The spool cannot be read"),
        (state.refuses, f"Modalities are turned away: {state.refuses}"),
        (state.redis, f"Nothing is known of uploads: Redis {state.redis}"),
        (held, f"{held} of {len(state.destinations)} destinations are held"),
        (quarantined, "Instances are in quarantine"),
    )
    return [text for applies, text in said if applies]


def _calm(state: State) -> str:
    waiting = any(each.kept for each in state.destinations)
    return "Images are on their way" if waiting else "Nothing waits"


def _counts(state: State, now: float) -> tuple[tuple[str, str], ...]:
    known = [each.index for each in state.destinations if each.index]
    oldest = min((each.oldest for each in known if each.oldest), default=None)
    kept = [each.kept for each in state.destinations]
    unknown = "unknown" if state.redis else ""
    stored = sum(each.totals.get("stored", 0) for each in known)
    return (
        ("Instances in the spool", _sum(kept)),
        ("Being sent", unknown or f"{sum(each.leased for each in known):,}"),
        ("Stored", unknown or f"{stored:,}"),
        ("In quarantine", f"{sum(each.quarantined for each in state.destinations):,}"),
        ("Oldest that waits", unknown or ("none" if oldest is None else age(now - oldest))),
        ("Free for the spool", _free(state.free)),
        ("As of (UTC)", time.strftime("%H:%M:%S", time.gmtime(now))),
    )


def _sum(kept: list[int | None]) -> str:
    known = [each for each in kept if each is not None]
    return f"{sum(known):,}" if len(known) == len(kept) else "unknown"


def _free(free: int | None) -> str:
    return "unknown" if free is None else f"{free / GIBIBYTE:.1f} GiB"
