"""The last hour as a chart: SVG in the page, without a script and without a style of its own."""

from collections.abc import Sequence

from shared.recent import MINUTES
from standalone.page.markup import Markup, joined, tag

WIDTH, HEIGHT = 720, 200  # user units
LEFT, BOTTOM = 56, 28  # for the axes
STEP = (WIDTH - LEFT) / MINUTES
TICKS = (60, 45, 30, 15, 0)  # minutes ago


def chart(came: Sequence[int], went: Sequence[int]) -> Markup:
    """Instances a minute, 60 minutes: what came in beside what went out."""
    top = _round(max(*came, *went, 1))
    bars = [
        bar
        for minute in range(MINUTES)
        for bar in (_bar(minute, 0, came[minute], top), _bar(minute, 1, went[minute], top))
    ]
    text = f"Instances a minute in the last hour: {sum(came):,} came in, {sum(went):,} went out."
    return tag(
        "svg",
        *bars,
        _text(LEFT - 6, 20, f"{top:,}", "end"),
        _text(LEFT - 6, HEIGHT - BOTTOM, "0", "end"),
        *(_tick(ago) for ago in TICKS),
        tag("path", d=f"M{LEFT} 0V{HEIGHT - BOTTOM}H{WIDTH}", class_="axis"),
        viewBox=f"0 0 {WIDTH} {HEIGHT}",
        role="img",
        aria_label=text,
    )


def legend() -> Markup:
    return tag(
        "p",
        tag("span", "", class_="key in"),
        "came in ",
        tag("span", "", class_="key out"),
        "went out, instances a minute",
        class_="legend",
    )


def _bar(minute: int, place: int, number: int, top: int) -> Markup:
    if not number:
        return joined()
    room = HEIGHT - BOTTOM - 4
    height = max(room * number / top, 1)
    left = LEFT + STEP * minute + place * STEP / 2
    return tag(
        "rect",
        x=f"{left:.1f}",
        y=f"{HEIGHT - BOTTOM - height:.1f}",
        width=f"{STEP / 2 - 0.8:.1f}",
        height=f"{height:.1f}",
        class_="out" if place else "in",
    )


def _tick(ago: int) -> Markup:
    at = LEFT + STEP * (MINUTES - ago)
    anchor = {TICKS[0]: "start", 0: "end"}.get(ago, "middle")
    return _text(at, HEIGHT - 6, f"-{ago} min" if ago else "now", anchor)


def _text(at: float, height: float, text: str, anchor: str) -> Markup:
    return tag("text", text, x=f"{at:.0f}", y=f"{height:.0f}", text_anchor=anchor)


def _round(number: int) -> int:
    """The next number of the form 1, 2 or 5 times a power of ten."""
    power = int("1" + "0" * (len(str(number)) - 1))
    return next(step * power for step in (1, 2, 5, 10) if step * power >= number)
