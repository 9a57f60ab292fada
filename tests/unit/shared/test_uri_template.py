"""Variables of an upload URI: a closed set, in the path alone, escaped."""

import pytest

from shared.sender import Sender
from shared.uri_template import checked, has_variables, resolved

THERE = "there are {called_ae}, {calling_ae}, {modality}"
ALL = "https://archive/{called_ae}/{calling_ae}/{modality}/studies"


@pytest.mark.parametrize(
    ("uri", "sender", "expected"),
    [
        ("https://archive/studies", Sender("A", "B", "CT"), "https://archive/studies"),
        (ALL, Sender("A", "B", "CT"), "https://archive/A/B/CT/studies"),
        (ALL, Sender(), "https://archive/UNKNOWN/UNKNOWN/UNKNOWN/studies"),
        (
            "https://archive/x-{called_ae}/{called_ae}",
            Sender("A B%?#", "", ""),
            "https://archive/x-A%20B%25%3F%23/A%20B%25%3F%23",
        ),
        (
            "https://archive/{calling_ae}",
            Sender("", "{modality}"),
            "https://archive/%7Bmodality%7D",
        ),
    ],
)
def test_variables_stand_for_their_values(uri: str, sender: Sender, expected: str) -> None:
    assert resolved(checked(uri), sender) == expected
    assert has_variables(uri) is (uri != expected)


@pytest.mark.parametrize(
    ("uri", "mistakes"),
    [
        (
            "https://archive/{modalty}/{PatientID}",
            [
                f"has no variable {{modalty}} (did you mean modality?); {THERE}",
                f"has no variable {{PatientID}}; {THERE}",
            ],
        ),
        ("https://archive/{}/", [f"has no variable {{}}; {THERE}"]),
        (
            "https://archive/{called_ae",
            ["has a brace that belongs to no variable; as itself it is %7B or %7D"],
        ),
        ("https://archive:{modality}/", ["may have variables in its path alone"]),
        ("https://{called_ae}/{called_ae}/", ["may have variables in its path alone"]),
    ],
)
def test_whatever_else_has_braces_is_a_mistake(uri: str, mistakes: list[str]) -> None:
    with pytest.raises(ValueError, match=r".") as error:
        checked(uri)

    assert str(error.value).splitlines() == mistakes
