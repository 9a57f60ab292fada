"""The file meta information is what PS3.10 requires, and always the same."""

from io import BytesIO

from pydicom import dcmread

from receiver.part10 import file_meta
from shared.uid import IMPLEMENTATION_CLASS_UID

MR = "1.2.840.10008.5.1.4.1.1.4"
EXPLICIT = "1.2.840.10008.1.2.1"


def test_group_2_has_the_six_required_elements_and_no_other() -> None:
    meta = dcmread(BytesIO(file_meta(MR, "1.2.3", EXPLICIT))).file_meta

    assert [each.tag.element for each in meta] == [0x00, 0x01, 0x02, 0x03, 0x10, 0x12]
    assert meta.FileMetaInformationVersion == b"\0\1"
    assert meta.MediaStorageSOPClassUID == MR
    assert meta.MediaStorageSOPInstanceUID == "1.2.3"
    assert meta.TransferSyntaxUID == EXPLICIT
    assert meta.ImplementationClassUID == IMPLEMENTATION_CLASS_UID


def test_the_preamble_is_zero_and_the_group_length_is_right() -> None:
    meta = file_meta(MR, "1.2.3", EXPLICIT)

    assert meta[:128] == bytes(128)
    assert meta[128:132] == b"DICM"
    assert int.from_bytes(meta[140:144], "little") == len(meta) - 144


def test_the_bytes_never_change() -> None:
    """An origin server that holds the instance compares them: to change them is to send anew."""
    assert file_meta(MR, "1.2.34", EXPLICIT)[128:].hex() == (
        "4449434d"
        "02000000554c04008e000000"
        "020001004f420000020000000001"
        "0200020055491a00312e322e3834302e31303030382e352e312e342e312e312e3400"
        "0200030055490600312e322e3334"
        "0200100055491400312e322e3834302e31303030382e312e322e3100"
        "0200120055492c00322e32352e31353133373633373037353837303433303436343635393630303833393739"
        "3430303734393533"
    )


def test_a_uid_with_letters_outside_ascii_does_not_break_the_file() -> None:
    assert b"UI\x06\x001.2.?\0" in file_meta(MR, "1.2.é", EXPLICIT)
