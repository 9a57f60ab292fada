"""What a route may say, and what it is told where it may not."""

from typing import Any

import pytest
from pydantic import ValidationError

from shared.route_sections import Route, Routing


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"status": "0000", "action": "refuse", "reason": "x"}, "images are safe"),
        ({"status": "B000", "action": "refuse", "reason": "x"}, "images are safe"),
        ({"status": "0116", "action": "refuse", "reason": "x"}, "images are safe"),
        ({"status": "FF00", "action": "refuse", "reason": "x"}, "images are safe"),
        ({"status": 124, "action": "refuse", "reason": "x"}, "images are safe"),
        ({"network": "10.1.2.3/8"}, "must be networks such as 10.1.0.0/16"),
        ({"network": ["hospital"]}, "must be networks such as 10.1.0.0/16"),
        ({"modality": []}, "an empty list would match nothing"),
        ({"called_ae": "SEVENTEEN_LETTERS"}, "matches no AE title: they have 16 characters at"),
        (
            {"calling_ae": ["CT", "*SEVENTEEN_LETTERS*"]},
            "'*SEVENTEEN_LETTERS*' matches no AE title",
        ),
        ({"upload_to": []}, "an empty list names nowhere; leave it out for routing.default_to"),
        ({"modality": ""}, "must be 1 to 64 characters"),
        ({"modality": "x" * 65}, "must be 1 to 64 characters"),
        ({"modality": 5}, "must be a text, or a list of texts"),
        ({"modality": ["CT", 5]}, "must be a text, or a list of texts"),
        ({"action": "refuse"}, 'action = "refuse" needs a reason'),
        ({"action": "discard", "reason": "x", "upload_to": ["a"]}, "nothing is uploaded"),
        ({"reason": "x"}, 'needs action = "refuse" or "discard"'),
        ({"action": "refuse", "reason": "ü"}, "must be printable ASCII"),
    ],
)
def test_a_route_that_cannot_be_meant_is_one_mistake(given: dict[str, Any], expected: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Route(**given)

    [error] = caught.value.errors()
    assert expected in error["msg"]


@pytest.mark.parametrize(
    ("given", "status"), [(0xA700, "A700"), ("a700", "A700"), (0x0124, "0124"), ("0122", "0122")]
)
def test_a_status_is_hexadecimal_as_text_or_number(given: Any, status: str) -> None:
    assert Route(action="refuse", reason="x", status=given).status == status
    assert Routing(unmatched_status=given).unmatched_status == status
