"""Small data sets in Explicit VR Little Endian, right or wrong in one place."""

from struct import pack

CT = "1.2.840.10008.5.1.4.1.1.2"
INSTANCE, STUDY = "1.2.3.4", "1.2.3"


def element(tag: int, vr: str, value: str | bytes) -> bytes:
    data = value.encode() if isinstance(value, str) else value
    data += b"\0" * (len(data) % 2)
    return pack("<HH2sH", tag >> 16, tag & 0xFFFF, vr.encode(), len(data)) + data


def data_set(
    sop_class: str | None = CT,
    instance: str | None = INSTANCE,
    study: str | None = STUDY,
    pixels: bytes = b"",
) -> bytes:
    """None leaves an element out."""
    uids = [(0x0008_0016, sop_class), (0x0008_0018, instance), (0x0020_000D, study)]
    head = b"".join(element(tag, "UI", value) for tag, value in uids if value is not None)
    length = pack("<HH2sHI", 0x7FE0, 0x0010, b"OW", 0, len(pixels))
    return head + element(0x0028_0010, "US", b"\1\0") + length + pixels
