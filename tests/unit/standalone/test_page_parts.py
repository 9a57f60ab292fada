"""The small parts of the status page: escaping, throttling, sessions, forms."""

from dataclasses import replace
from pathlib import Path

import pytest

from shared.index import SLOW, Counts
from standalone.orphans import Orphans
from standalone.page import named, view
from standalone.page.chart import chart
from standalone.page.markup import Markup, joined, table, tag
from standalone.page.passwords import Passwords, Unusable, is_name
from standalone.page.sessions import MOST, Sessions
from standalone.page.throttle import ALL, EACH, WINDOW, Throttle
from standalone.state import Line, State, in_words

HOSTILE = "<script>\"'&"
IDLE = Counts(0, 0, 0, 0.0, "", 0, 0, None, {})


def test_text_and_attributes_are_escaped() -> None:
    made = tag("p", HOSTILE, title=HOSTILE)

    assert made == (
        '<p title="&lt;script&gt;&quot;&#x27;&amp;">&lt;script&gt;&quot;&#x27;&amp;</p>'
    )
    assert HOSTILE not in table([HOSTILE], [[HOSTILE, HOSTILE]])


def test_markup_is_not_escaped_twice() -> None:
    assert joined(tag("b", "a"), "<", Markup("<br>")) == "<b>a</b>&lt;<br>"


def test_attributes_without_a_value() -> None:
    assert tag("input", required=True, hidden=False, name="a") == '<input required name="a">'


def test_an_address_may_fail_some_times_and_then_waits() -> None:
    throttle = Throttle()

    waits = [throttle.wait("192.0.2.1", at) for at in range(EACH + 1)]

    assert waits == [0.0] * EACH + [WINDOW - EACH]
    assert throttle.wait("192.0.2.2", EACH) == 0.0
    assert throttle.wait("192.0.2.1", WINDOW + 1) == 0.0


def test_success_forgets_what_went_before() -> None:
    throttle = Throttle()
    for at in range(EACH):
        throttle.wait("192.0.2.1", at)

    throttle.succeeded("192.0.2.1")

    assert throttle.wait("192.0.2.1", EACH) == 0.0


def test_an_ipv6_subscriber_is_one_address() -> None:
    throttle = Throttle()
    for number in range(EACH):
        throttle.wait(f"2001:db8::{number:x}", 0)

    assert throttle.wait("2001:db8::ffff", 0) > 0
    assert throttle.wait("2001:db8:1::1", 0) == 0.0


def test_many_addresses_together_wait_too() -> None:
    throttle = Throttle()
    for number in range(ALL):
        throttle.wait(f"192.0.2.{number}", 0)

    assert throttle.wait("198.51.100.1", 1) == WINDOW - 1


def test_sessions_are_bounded_and_the_one_used_least_lately_goes() -> None:
    sessions = Sessions(60, 60)
    first, second = sessions.begin("a", "line"), sessions.begin("b", "line")
    sessions.find(first)
    for _ in range(MOST - 1):
        sessions.begin("c", "line")

    assert sessions.find(second) is None
    assert sessions.find(first)


@pytest.mark.parametrize("wrong", ["", " a", "a:b", "a$b", "a\nb", "x" * 65, "a\u202eb"])
def test_names_that_would_break_a_line_are_none(wrong: str) -> None:
    assert not is_name(wrong)
    assert is_name("Zoë.O'Neil@clinic")


@pytest.mark.parametrize(
    ("line", "words", "summary"),
    [
        (Line("cloud", 0, None, 0, False, IDLE), "idle", "Nothing waits"),
        (Line("cloud", 3, 1.0, 0, False, IDLE), "waiting", "Images are on their way"),
        (
            Line("cloud", 3, 1.0, 0, False, replace(IDLE, held_for=9.0, held_because="is down")),
            "held for 9 s: is down",
            "1 of 1 destination is held",
        ),
        (
            Line("cloud", 3, 1.0, 0, False, IDLE, "denied", "refuses us"),
            "being tried again, as it refuses us",
            "1 of 1 destination is being tried again",
        ),
        (
            Line("cloud", 3, 1.0, 0, False, IDLE, unanswered=SLOW),
            "asked, and has not answered for 10 s",
            "1 of 1 destination is silent: asked, and no answer yet",
        ),
        (
            Line("cloud", 3, 1.0, 0, False, IDLE, left_out=True),
            "no uploader that runs sends there",
            "1 of 1 destination is left out: no uploader that runs sends there",
        ),
    ],
)
def test_a_state_is_said_in_words_and_in_counts(line: Line, words: str, summary: str) -> None:
    state = State("/spool", 1, 2, "", "", (line,))

    assert in_words(line, state) == words
    assert f">{summary}<" in view.summary(state)


@pytest.mark.parametrize("kept", [0, 3], ids=["nothing waits", "three wait"])
def test_no_uploader_is_said_before_all_that_waits_for_one(kept: int) -> None:
    line = Line("cloud", kept, 1.0, 0, False, IDLE)
    state = State("/spool", 1, 2, "", "", (line,), uploaders=0)

    assert in_words(line, state) == "no uploader runs"
    assert 'class="trouble"' in view.summary(state)
    assert "No uploader runs: nothing is sent" in view.summary(state)
    assert not replace(state, destinations=()).unserved
    assert not replace(state, uploaders=None).unserved


def test_what_has_no_destination_any_more_is_counted_for_all_and_named_for_those_who_may_know() -> (
    None
):
    lost = Orphans("closed", 2, 4096)
    state = State("/spool", 1, 2, "", "", (Line("cloud", 0, None, 0, False, IDLE),), 1, (lost,))
    told = named.destinations(state, 0.0)

    assert ">2 instances wait for a destination that is configured no more<" in view.summary(state)
    assert "closed" not in view.summary(state)
    assert dict(view.counts(state, 0.0))["Instances in the spool"] == "2"
    assert "<h3>closed</h3>" in told
    assert "spool check --orphans-to NAME --repair" in told


@pytest.mark.parametrize(
    ("most", "top"), [(0, "1"), (1, "1"), (3, "5"), (11, "20"), (500, "500"), (50_001, "100,000")]
)
def test_the_scale_of_the_chart_is_a_round_number_that_holds_all(most: int, top: str) -> None:
    came = [0] * 59 + [most]

    assert f">{top}</text>" in chart(came, [0] * 60)


def test_the_chart_says_its_sums_to_those_who_do_not_see_it() -> None:
    drawn = chart([1] * 60, [2] * 60)

    assert 'role="img"' in drawn
    assert "60 came in, 120 went out" in drawn
    assert drawn.count("<rect") == 120
    assert "style=" not in drawn


def test_an_ipv4_address_in_an_ipv6_one_is_no_network_of_all() -> None:
    throttle = Throttle()
    for _ in range(EACH):
        throttle.wait("::ffff:192.0.2.1", 0)

    assert throttle.wait("192.0.2.1", 0) > 0
    assert throttle.wait("::ffff:192.0.2.2", 0) == 0.0


def test_a_line_that_scrypt_does_not_take_is_refused_when_read(tmp_path: Path) -> None:
    file = tmp_path / "passwords"
    salt, digest = "A" * 22 + "==", "A" * 43 + "="
    file.write_text(f"alice:scrypt${2**17}$1$1${salt}${digest}\n")

    with pytest.raises(Unusable, match="line 1"):
        Passwords(file)
