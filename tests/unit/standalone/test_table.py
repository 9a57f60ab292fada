"""Tables and progress as text."""

import io

from standalone.progress import Progress
from standalone.table import table


def test_columns_are_as_wide_as_their_widest_value_and_numbers_stand_right() -> None:
    assert table(("Name", "Count"), [("a", 5), ("longer", 12)]).splitlines() == [
        "Name    Count",
        "------  -----",
        "a           5",
        "longer     12",
    ]


def test_a_table_without_rows_is_its_head() -> None:
    assert table(("A", "B"), []) == "A  B\n-  -\n"


def test_east_asian_characters_take_two_columns() -> None:
    lines = table(("Name", "X"), [("山田^太郎", "1"), ("Yamada^Ta", "2")]).splitlines()

    assert lines[2:] == ["山田^太郎  1", "Yamada^Ta  2"]


def test_what_would_move_the_cursor_is_shown_as_a_question_mark() -> None:
    assert "\x1b" not in table(("A",), [("\x1b[2Jx\n",)])


def test_progress_without_a_terminal_is_one_line_at_the_end() -> None:
    stream = io.StringIO()

    with Progress("sent", 3, stream) as progress:
        for done in range(1, 4):
            progress.at(done)

    assert stream.getvalue().startswith("sent")
    assert "3/3 in " in stream.getvalue()
    assert len(stream.getvalue().splitlines()) == 1


def test_progress_on_a_terminal_is_a_bar_that_ends_full() -> None:
    stream = io.StringIO()
    stream.isatty = lambda: True  # type: ignore[method-assign]

    with Progress("sent", 2, stream) as progress:
        progress.at(1)
        progress.at(2)

    assert stream.getvalue().endswith(f"[{'#' * 30}] 2/2\n")
