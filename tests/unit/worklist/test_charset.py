"""Specific Character Set, read and written; pydicom is the independent judge."""

import pytest
from pydicom.charset import convert_encodings, decode_bytes
from pydicom.valuerep import TEXT_VR_DELIMS, PersonName

from worklist.charset import (
    NAME_DELIMITERS,
    TEXT_DELIMITERS,
    TRANSLITERATED,
    Unencodable,
    charset,
    defined_term,
)

NAMES = [
    (("ISO_IR 100",), "Müller^Jürgen"),
    (("ISO_IR 101",), "Černý^Jiří"),
    (("ISO_IR 144",), "Люксембург"),
    (("ISO_IR 126",), "Διονυσιος"),
    (("ISO_IR 127",), "قباني^لنزار"),
    (("ISO_IR 138",), "שרון^דבורה"),
    (("ISO_IR 148",), "Çavuşoğlu"),
    (("ISO_IR 166",), "สมชาย"),
    (("ISO_IR 13",), "ﾔﾏﾀﾞ^ﾀﾛｳ"),
    (("ISO_IR 192",), "Wang^XiaoDong=王^小東"),
    (("GB18030",), "Wang^XiaoDong=王^小东"),
    (("GBK",), "Wang^XiaoDong=王^小东"),
    (("", "ISO 2022 IR 87"), "Yamada^Tarou=山田^太郎=やまだ^たろう"),
    (("", "ISO 2022 IR 87", "ISO 2022 IR 159"), "Test=丂^山田"),
    (("ISO 2022 IR 13", "ISO 2022 IR 87"), "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう"),
    (("", "ISO 2022 IR 149"), "Hong^Gildong=洪^吉洞=홍^길동"),
    (("ISO 2022 IR 6", "ISO 2022 IR 100", "ISO 2022 IR 144"), "Müller^Люк=é"),
    (("ISO 2022 IR 100", "ISO 2022 IR 126"), "Ä^Δ=Ä"),
]


# pydicom 3.0 does not know ISO_IR 203 and leaves the escapes of ISO 2022 IR 58 in the text.
UNKNOWN_TO_PYDICOM = [
    (("ISO_IR 203",), "Šime €"),
    (("", "ISO 2022 IR 58"), "Zhang^XiaoDong=张^小东"),
]


def by_pydicom(data: bytes, terms: tuple[str, ...], name: str) -> str:
    encodings = convert_encodings(list(terms))
    if "=" in name or "^" in name:
        return str(PersonName(data, encodings).decode(encodings))
    return decode_bytes(data, encodings, TEXT_VR_DELIMS)


@pytest.mark.parametrize(("terms", "name"), NAMES)
def test_names_are_written_so_that_others_read_them(terms: tuple[str, ...], name: str) -> None:
    data = charset(terms).encode(name, NAME_DELIMITERS)

    assert by_pydicom(data, terms, name) == name
    assert charset(terms).decode(data, NAME_DELIMITERS) == name


@pytest.mark.parametrize(("terms", "name"), NAMES)
def test_names_that_others_wrote_are_read(terms: tuple[str, ...], name: str) -> None:
    encodings = convert_encodings(list(terms))
    data = bytes(PersonName(name, encodings).encode(encodings))

    assert charset(terms).decode(data, NAME_DELIMITERS) == name


@pytest.mark.parametrize(("terms", "name"), UNKNOWN_TO_PYDICOM)
def test_other_sets_come_back_as_they_went(terms: tuple[str, ...], name: str) -> None:
    data = charset(terms).encode(name, NAME_DELIMITERS)

    assert charset(terms).decode(data, NAME_DELIMITERS) == name


# PS3.5 Annexes H to K print these bytes.
@pytest.mark.parametrize(
    ("terms", "data", "name"),
    [
        (
            ("", "ISO 2022 IR 87"),
            b"Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B=\x1b$B$d$^$@\x1b(B^\x1b$B$?$m$&\x1b(B",
            "Yamada^Tarou=山田^太郎=やまだ^たろう",
        ),
        (
            ("ISO 2022 IR 13", "ISO 2022 IR 87"),
            (
                b"\xd4\xcf\xc0\xde^\xc0\xdb\xb3=\x1b$B;3ED\x1b(J^\x1b$BB@O:\x1b(J"
                b"=\x1b$B$d$^$@\x1b(J^\x1b$B$?$m$&\x1b(J"
            ),
            "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう",
        ),
        (
            ("", "ISO 2022 IR 149"),
            b"Hong^Gildong=\x1b$)C\xfb\xf3^\x1b$)C\xd1\xce\xd4\xd7=\x1b$)C\xc8\xab^\x1b$)C\xb1\xe6\xb5\xbf",
            "Hong^Gildong=洪^吉洞=홍^길동",
        ),
        (
            ("", "ISO 2022 IR 58"),
            b"Zhang^XiaoDong=\x1b$)A\xd5\xc5^\x1b$)A\xd0\xa1\xb6\xab",
            "Zhang^XiaoDong=张^小东",
        ),
    ],
)
def test_the_examples_of_the_standard(terms: tuple[str, ...], data: bytes, name: str) -> None:
    assert charset(terms).encode(name, NAME_DELIMITERS) == data
    assert charset(terms).decode(data, NAME_DELIMITERS) == name


def test_text_of_several_lines_starts_anew_after_each() -> None:
    terms = ("", "ISO 2022 IR 149")
    text = "김희중\r\n길동 x\r\n홍"

    data = charset(terms).encode(text, TEXT_DELIMITERS)

    assert data.count(b"\x1b$)C") == 3
    assert charset(terms).decode(data) == text


@pytest.mark.parametrize(
    ("terms", "text"),
    [
        ((), "é"),
        (("ISO_IR 6",), "é"),
        (("ISO_IR 100",), "山"),
        (("ISO_IR 144",), "é"),
        (("", "ISO 2022 IR 87"), "é"),
        (("ISO_IR 13",), "山"),
        (("GBK",), "\U0001f600"),
    ],
)
def test_what_a_set_lacks_is_never_replaced(terms: tuple[str, ...], text: str) -> None:
    sets = charset(terms) if terms != () else charset(("ISO_IR 6",))

    with pytest.raises(Unencodable):
        sets.encode(text)


@pytest.mark.parametrize(
    ("written", "term"),
    [
        ("ISO_IR 100", "ISO_IR 100"),
        ("ISO-IR 100", "ISO_IR 100"),
        ("ISO_IR_100", "ISO_IR 100"),
        ("iso ir 192 ", "ISO_IR 192"),
        ("UTF-8", "ISO_IR 192"),
        ("ISO 2022 IR 87", "ISO 2022 IR 87"),
        ("ISO_2022_IR_87", "ISO 2022 IR 87"),
        ("GB2312", "GB18030"),
        ("", ""),
        ("ISO_IR 999", None),
        ("KLINGON", None),
    ],
)
def test_misspelt_terms_are_understood(written: str, term: str | None) -> None:
    assert defined_term(written) == term


@pytest.mark.parametrize("terms", [(), ("KLINGON",), ("ISO_IR 999", "KLINGON")])
def test_without_a_real_set_one_is_assumed(terms: tuple[str, ...]) -> None:
    assert charset(terms).decode(b"M\xfcller") == "Müller"
    assert charset(terms, "ISO_IR 144").decode(b"\xbb\xee\xda") == "Люк"


@pytest.mark.parametrize("terms", [t for t, _ in NAMES])
@pytest.mark.parametrize(
    "data",
    [b"\xff\xfe\x80", b"\x1b", b"\x1b$B;", b"\x1b$)C\xff", b"\x1b(Zabc", b"\x1b$B\xff\xff\x1b"],
)
def test_garbage_never_fails_a_query(terms: tuple[str, ...], data: bytes) -> None:
    assert isinstance(charset(terms).decode(data, NAME_DELIMITERS), str)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Müller^Jürgen", b"Muller^Jurgen"),
        ("Großmann^Łukasz", b"Grossmann^Lukasz"),
        ("Yamada^Tarou=山田^太郎", b"Yamada^Tarou"),
        ("=山田^太郎", b""),
        ("Люк", b""),
        ("O\u2019Brien", b"O'Brien"),
    ],
)
def test_devices_that_know_ascii_only_get_what_ascii_can_say(text: str, expected: bytes) -> None:
    assert TRANSLITERATED.encode(text, NAME_DELIMITERS) == expected
