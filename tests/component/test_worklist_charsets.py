"""Character sets of questions and answers: what cannot be written is never written wrong."""

from typing import Any

import pytest
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian

from shared.worklist_sections import Modality
from tests.support.ups_items import value, yamada
from tests.support.ups_query import Answered, ask, encoded, query, settings
from tests.support.ups_server import UpsServer

MUELLER = {"Alphabetic": "Müller^Jürgen"}
YAMADA = {"Alphabetic": "Yamada^Tarou", "Ideographic": "山田^太郎", "Phonetic": "やまだ^たろう"}
WANG = {"Alphabetic": "Wang^XiaoDong", "Ideographic": "王^小东"}
HONG = {"Alphabetic": "Hong^Gildong", "Ideographic": "洪^吉洞", "Phonetic": "홍^길동"}
PLAIN = {"Alphabetic": "DOE^JANE"}


def answered(
    name: dict[str, str], charset: Any = None, *, policy: Any = None, **options: Any
) -> Answered:
    identifier = query()
    if charset:
        identifier.SpecificCharacterSet = charset
    modalities = (Modality(**policy),) if policy else ()
    with UpsServer([yamada(t00100010=value("PN", name))]) as server:
        configured = settings(server.workitems_uri, modalities=modalities, **options)
        [found] = ask(configured, identifier)
        return found


def charset_of(answer: Dataset) -> Any:
    found = answer.get("SpecificCharacterSet")
    return found if found is None or isinstance(found, str) else list(found)


@pytest.mark.parametrize(
    ("name", "asked", "site", "expected"),
    [
        (PLAIN, None, (), None),
        (PLAIN, "ISO_IR 100", (), None),
        (MUELLER, None, (), "ISO_IR 100"),
        (MUELLER, "ISO_IR 100", (), "ISO_IR 100"),
        (MUELLER, "ISO_IR 192", (), "ISO_IR 192"),
        (MUELLER, ["", "ISO 2022 IR 87"], (), "ISO_IR 100"),
        (YAMADA, ["", "ISO 2022 IR 87"], (), ["", "ISO 2022 IR 87"]),
        (YAMADA, None, (), "ISO_IR 192"),
        (YAMADA, "ISO_IR 100", ("\\ISO 2022 IR 87",), ["", "ISO 2022 IR 87"]),
        (WANG, "GB18030", (), "GB18030"),
        (WANG, "ISO_IR 100", ("\\ISO 2022 IR 87", "GB18030"), "GB18030"),
        (HONG, None, ("\\ISO 2022 IR 87", "\\ISO 2022 IR 149"), ["", "ISO 2022 IR 149"]),
    ],
)
def test_the_set_of_an_answer_is_one_that_can_write_it(
    name: dict[str, str], asked: Any, site: tuple[str, ...], expected: Any
) -> None:
    found = answered(name, asked, charsets=site)

    [answer] = found.answers
    assert charset_of(answer) == expected
    groups = [name.get(group, "") for group in ("Alphabetic", "Ideographic", "Phonetic")]
    assert str(answer.PatientName) == "=".join(groups).rstrip("=")


def test_a_set_that_does_not_exist_is_no_reason_to_refuse() -> None:
    unknown = b"\x08\0\x05\0CS\x08\0KLINGON "

    with UpsServer([yamada(t00100010=value("PN", WANG))]) as server:
        [found] = ask(
            settings(server.workitems_uri), unknown + encoded(query(), ExplicitVRLittleEndian)
        )

    assert charset_of(found.answers[0]) == "ISO_IR 192"


@pytest.mark.parametrize(
    ("asked", "data", "expected"),
    [
        (["", "ISO 2022 IR 87"], "=山田*", 1),
        (["ISO 2022 IR 13", "ISO 2022 IR 87"], "=山田*", 1),
        ("ISO_IR 192", "=山田^太郎", 1),
        ("GB18030", "=山田*", 1),
        (["", "ISO 2022 IR 87"], "=山本*", 0),
    ],
)
def test_a_question_is_read_in_its_own_set(asked: Any, data: str, expected: int) -> None:
    identifier = query(PatientName=data)
    identifier.SpecificCharacterSet = asked

    with UpsServer([yamada(t00100010=value("PN", YAMADA))]) as server:
        [found] = ask(settings(server.workitems_uri), identifier)

    assert len(found.answers) == expected


def test_a_question_reaches_the_server_in_utf8() -> None:
    identifier = query(PatientName="Müller*")
    identifier.SpecificCharacterSet = "ISO_IR 100"

    with UpsServer([], "dcm4chee") as server:
        ask(settings(server.workitems_uri, preset="dcm4chee"), identifier)

    assert "00100010=M%C3%9CLLER*" in server.queries[0]


def test_a_device_without_utf8_gets_ascii_where_nothing_else_does() -> None:
    [answer] = answered(YAMADA, policy={"utf8": False}).answers

    assert str(answer.PatientName) == "Yamada^Tarou"
    assert charset_of(answer) is None


def test_a_device_without_utf8_gets_other_sets_where_they_do() -> None:
    [answer] = answered(MUELLER, policy={"utf8": False}).answers

    assert str(answer.PatientName) == "Müller^Jürgen"


def test_a_device_of_ascii_alone_gets_no_accents() -> None:
    [answer] = answered(MUELLER, "ISO_IR 100", policy={"transliterate": True}).answers

    assert str(answer.PatientName) == "Muller^Jurgen"


def test_a_patient_whom_a_device_cannot_name_is_left_out_and_never_misnamed() -> None:
    found = answered({"Ideographic": "山田^太郎"}, policy={"transliterate": True})

    assert (found.status, found.answers) == (0x0000, [])


def test_a_policy_is_for_the_callers_it_names() -> None:
    other = answered(MUELLER, policy={"calling_ae": "US*", "transliterate": True})

    assert str(other.answers[0].PatientName) == "Müller^Jürgen"


def test_sets_may_be_fixed_for_a_device() -> None:
    policy = {"charsets": ("\\ISO 2022 IR 149", "ISO_IR 192")}

    [hong], [mueller] = (
        answered(name, "ISO_IR 100", policy=policy).answers for name in (HONG, MUELLER)
    )

    assert charset_of(hong) == ["", "ISO 2022 IR 149"]
    assert charset_of(mueller) == "ISO_IR 192"


def test_a_device_may_want_the_set_named_always() -> None:
    [answer] = answered(PLAIN, "ISO_IR 192", policy={"name_charset": True}).answers

    assert charset_of(answer) == "ISO_IR 192"


def test_undeclared_letters_are_read_in_the_set_that_a_device_uses() -> None:
    name = {"Alphabetic": "Люк"}
    identifier = b"\x10\0\x10\0PN\x04\0" + "Люк".encode("iso8859-5") + b"*"

    with UpsServer([yamada(t00100010=value("PN", name))]) as server:
        uri = server.workitems_uri
        policy = (Modality(assume_charset="ISO_IR 144"),)
        [right] = ask(settings(uri, modalities=policy), identifier)
        [wrong] = ask(settings(uri), identifier)

    assert (len(right.answers), len(wrong.answers)) == (1, 0)
    assert wrong.status == 0x0000
