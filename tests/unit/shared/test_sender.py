"""Who sent an instance: what becomes of odd values, and how they are written into names."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.entry import Entry, name_of
from shared.sender import MODALITIES, Sender, escaped

LONGEST_NAME = 255  # bytes, of the usual file systems
ANYTHING = st.text(max_size=20)


@pytest.mark.parametrize(
    ("given_", "kept"),
    [
        (("PROXY", "CT1", "CT"), ("PROXY", "CT1", "CT")),
        (("a.b~c", "CT 1%", "XA"), ("a.b~c", "CT 1%", "XA")),
        (("", "", ""), ("", "", "")),
        (("..", ".", "CT\\MR"), ("", "", "")),
        (("A/../B", "A\\B", "DOE"), ("", "", "")),
        (("SEVENTEEN_LETTERS", "Ä", "ct"), ("", "", "")),
        (("A\nB", "A\x00", " CT"), ("", "", "")),
    ],
)
def test_what_may_stand_in_a_path_is_kept_and_the_rest_is_unknown(
    given_: tuple[str, str, str], kept: tuple[str, str, str]
) -> None:
    assert Sender.named(*given_) == Sender(*kept)


@given(called=ANYTHING, calling=ANYTHING, modality=st.sampled_from(sorted(MODALITIES)) | ANYTHING)
def test_any_sender_is_read_back_from_a_name_that_every_file_system_takes(
    called: str, calling: str, modality: str
) -> None:
    sender = Sender.named(called, calling, modality)
    name = f"{name_of(2**63, 2**32 - 1, 10**18)}{sender.encoded}.dcm"

    entry = Entry.at(f"cloud/routine/20260101000000/{name}")

    assert entry.sender == sender
    assert entry.size == 10**18
    assert entry.reception == name_of(2**63, 2**32 - 1, 10**18)
    assert entry.received == 2**63 / 1e9
    assert len(name.encode()) < LONGEST_NAME - len(".json")
    assert Path(name).name == name


def test_a_name_that_others_have_written_leads_nowhere_else() -> None:
    name = f"{name_of(1, 1, 1)}~%2E%2E~A%2FB~DOE.dcm"

    assert Entry.at(f"cloud/routine/20260101000000/{name}").sender == Sender()


@given(st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=126), min_size=1))
def test_what_is_escaped_is_one_segment(value: str) -> None:
    assert not set(escaped(value)) & set("/?#.~ {}\\")
