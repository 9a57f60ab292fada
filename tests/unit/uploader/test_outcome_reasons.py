"""Failure reasons of the standard and of the servers in the field (design: standards 3.4)."""

import pytest

from shared.dicomweb.stow import Failure
from shared.errors import Denied, Unavailable
from uploader.reasons import Kind, ruling

REASONS: list[tuple[int | None, Kind, int | None]] = [  # reason, class, attempts in all
    (None, Kind.RETRYABLE, 5),
    (0, Kind.RETRYABLE, 5),
    (272, Kind.RETRYABLE, 5),
    (273, Kind.DUPLICATE, None),
    (279, Kind.REJECTED, None),
    (280, Kind.REJECTED, None),
    (288, Kind.REJECTED, None),
    (289, Kind.REJECTED, None),
    (290, Kind.REJECTED, None),
    (292, Kind.RETRYABLE, 1000),
    (531, Kind.RETRYABLE, 1000),
    (42752, Kind.RETRYABLE, 1000),
    (0xA701, Kind.RETRYABLE, 10),
    (0xA770, Kind.REJECTED, None),
    (0xA779, Kind.REJECTED, None),
    (0xA77A, Kind.RETRYABLE, None),
    (0xA77B, Kind.REJECTED, None),
    (0xA77C, Kind.RETRYABLE, 10),
    (43264, Kind.REJECTED, None),
    (43265, Kind.REJECTED, None),
    (43519, Kind.REJECTED, None),
    (45070, Kind.DUPLICATE, None),
    (45071, Kind.RETRYABLE, 20),
    (49152, Kind.REJECTED, None),
    (49442, Kind.REJECTED, None),
    (0xC409, Kind.REJECTED, None),
    (0xC499, Kind.REJECTED, None),
    (1, Kind.RETRYABLE, 5),
    (65535, Kind.RETRYABLE, 5),
    (-1, Kind.RETRYABLE, 5),
]


@pytest.mark.parametrize(("reason", "kind", "limit"), REASONS)
def test_a_reason_has_its_class(reason: int | None, kind: Kind, limit: int | None) -> None:
    found = ruling(Failure(reason))

    assert (found.kind, found.limit) == (kind, limit)


@pytest.mark.parametrize(
    ("reason", "words", "kind"),
    [
        (272, "instance already exists, DICOM files differ (checksum mismatch)", Kind.DIFFERENT),
        (272, "Instance ALREADY EXISTS", Kind.DUPLICATE),
        (45070, "checksum mismatch", Kind.DIFFERENT),
        (None, "Invalid DICOM: no such tag", Kind.REJECTED),
        (272, "deadline exceeded", Kind.RETRYABLE),
        (42752, "parse", Kind.RETRYABLE),
    ],
)
def test_words_explain_what_a_general_reason_leaves_open(
    reason: int | None, words: str, kind: Kind
) -> None:
    assert ruling(Failure(reason, words)).kind is kind


@pytest.mark.parametrize(
    ("reason", "fault"), [(0xA700, Unavailable), (0x0213, Unavailable), (0x0124, Denied), (0, None)]
)
def test_some_reasons_are_about_the_server(reason: int, fault: type[Exception] | None) -> None:
    assert ruling(Failure(reason)).fault is fault
