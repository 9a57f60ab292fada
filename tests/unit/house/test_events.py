"""The source logs what shared.events declares, and nothing else."""

import re

from shared.events import BY_NAME, EVENTS
from tests.support.events_reference import PAGE, page
from tests.support.logged_events import NAME, calls

IN_LOGS = {"fault.repeated", "library.complained"}  # made by the pipe, not by a call
NAMED_ALIKE = re.compile(r"patient|birth|accession|study_description")


def test_every_event_that_is_logged_is_declared_and_the_other_way_round() -> None:
    logged = {each.event for each in calls()} | IN_LOGS

    assert {each for each in logged if not NAME.fullmatch(each)} == set()
    assert logged == BY_NAME.keys()


def test_names_occur_once() -> None:
    assert len(BY_NAME) == len(EVENTS)


def test_events_are_as_loud_as_declared() -> None:
    wrong = [
        f"{each.place}: {each.event} is {each.level}"
        for each in calls()
        if each.level and each.level not in BY_NAME[each.event].levels.split()
    ]

    assert wrong == []


def test_events_carry_the_fields_that_are_declared() -> None:
    wrong = [
        f"{each.place}: {each.event} has {sorted(more)}"
        for each in calls()
        if (more := each.fields - set(BY_NAME[each.event].fields.split()))
    ]

    assert wrong == []


def test_no_declared_field_could_name_a_patient() -> None:
    assert [each.name for each in EVENTS if NAMED_ALIKE.search(each.fields)] == []


def test_the_page_says_what_the_program_does() -> None:
    assert PAGE.read_text("utf-8") == page(), "run `make docs`"
