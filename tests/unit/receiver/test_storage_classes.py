"""What is stored and what is not, after the tables of pynetdicom."""

import pytest
from pynetdicom import sop_class

from receiver.storage_classes import is_storage

STORED = ("_STORAGE_CLASSES", "_NON_PATIENT_OBJECT_CLASSES")
OTHER_SERVICES = (
    "_BASIC_WORKLIST_CLASSES",
    "_DISPLAY_SYSTEM_CLASSES",
    "_HANGING_PROTOCOL_CLASSES",
    "_INVENTORY_CLASSES",
    "_MEDIA_CREATION_CLASSES",
    "_MEDIA_STORAGE_CLASSES",
    "_PRINT_MANAGEMENT_CLASSES",
    "_PROCEDURE_STEP_CLASSES",
    "_QR_CLASSES",
    "_STORAGE_COMMITMENT_CLASSES",
    "_STORAGE_MANAGEMENT_CLASSES",
    "_UNIFIED_PROCEDURE_STEP_CLASSES",
    "_VERIFICATION_CLASSES",
)


@pytest.mark.parametrize("table", STORED)
def test_every_storage_class_is_taken(table: str) -> None:
    assert [uid for uid in getattr(sop_class, table).values() if not is_storage(uid)] == []


@pytest.mark.parametrize("table", OTHER_SERVICES)
def test_no_class_of_another_service_is_taken(table: str) -> None:
    assert [uid for uid in getattr(sop_class, table).values() if is_storage(uid)] == []


@pytest.mark.parametrize(
    ("abstract_syntax", "taken"),
    [
        ("1.3.12.2.1107.5.9.1", True),  # private, of a manufacturer
        ("1.2.840.10008.5.1.4.1.1.9999", True),  # of a later edition of the standard
        ("1.2.840.10008.9999.1", False),  # of a service that we cannot know
        ("1.2.840.10008.5.1.4.1.1.12.77", True),  # of the dictionary, but without a name
        ("1.2.840.10008.1.2.1", False),  # a transfer syntax
        ("", False),
    ],
)
def test_what_no_table_knows(abstract_syntax: str, *, taken: bool) -> None:
    assert is_storage(abstract_syntax) is taken
