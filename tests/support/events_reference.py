"""docs/events.md, made from the declarations (`make docs`)."""

from shared.events import EVENTS
from tests.support.settings_reference import ROOT

PAGE = ROOT / "docs" / "events.md"
HEAD = """\
# Events of the log

Made from the program by `make docs`.

Logs are JSON lines on standard error (`log.format = "console"` for people), each with `service`,
`timestamp` (UTC), `level`, `event` and the fields below; a field that does not apply is left out.
info is a line per association, batch and change of state; debug one per instance; warning means
that something was refused or will be tried again; error that someone must act.

Events marked ↻ may befall again and again. The first is shown; for a minute those alike (same
destination, reason, address) are only counted, and `fault.repeated` tells how many there were.

No field holds patient data. An error with a traceback says where, never what about.

| event | level | fields | meaning |
|---|---|---|---|
"""


def page() -> str:
    lines = [
        f"| `{each.name}`{' ↻' if each.repeats else ''} | {each.levels.replace(' ', ', ')} "
        f"| {each.fields.replace(' ', ', ')} | {each.meaning} |\n"
        for each in sorted(EVENTS, key=lambda each: each.name)
    ]
    return HEAD + "".join(lines)


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
