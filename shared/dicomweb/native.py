"""DICOM in XML (PS3.19 A.1 Native DICOM Model) read into the shape of DICOM JSON (PS3.18 F.2)."""

from typing import Any, TypeAlias
from xml.parsers import expat

DEEPEST = 64  # elements; a Store Instances Response needs 6
# The component groups of a person name and the components of a group, in their order.
GROUPS = frozenset({"Alphabetic", "Ideographic", "Phonetic"})
COMPONENTS = ("FamilyName", "GivenName", "MiddleName", "NamePrefix", "NameSuffix")

DataSet: TypeAlias = dict[str, dict[str, Any]]


class NotNative(ValueError):
    """Not well-formed, no Native DICOM Model, or XML that could do harm."""


def data_set(xml: bytes) -> DataSet:
    """Attributes with their values as text and their items.

    A document type declaration is refused: entities can name files, and grow without end.
    """
    reader = _Reader()
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = reader.refuse
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    try:
        parser.Parse(xml, True)
    except (expat.ExpatError, UnicodeError, LookupError) as error:
        raise NotNative("is no well-formed XML") from error
    return reader.root


class _Reader:
    def __init__(self) -> None:
        self.root: DataSet = {}
        self._items: list[DataSet] = []
        self._attributes: list[dict[str, Any]] = []
        self._value: list[str] | None = None
        self._name: dict[str, list[str]] = {}
        self._group = ""
        self._depth = 0

    def refuse(self, *_: object) -> None:
        raise NotNative("has a document type declaration")

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > DEEPEST:
            raise NotNative("is nested too deeply")
        local = name.rpartition(" ")[2]
        if self._depth == 1:
            if local != "NativeDicomModel":
                raise NotNative("is no Native DICOM Model")
            self._items.append(self.root)
        elif local == "DicomAttribute":
            attribute: dict[str, Any] = {"vr": attributes.get("vr", "UN")}
            self._items[-1][attributes.get("tag", "").upper()] = attribute
            self._attributes.append(attribute)
        elif local == "Item" and self._attributes:
            item: DataSet = {}
            self._attributes[-1].setdefault("Value", []).append(item)
            self._items.append(item)
        else:
            self._start_value(local)

    def _start_value(self, local: str) -> None:
        if local == "Value" or local in COMPONENTS:
            self._value = []
        elif local == "PersonName":
            self._name = {}
        elif local in GROUPS:
            self._group = local

    def text(self, data: str) -> None:
        if self._value is not None:
            self._value.append(data)

    def end(self, name: str) -> None:
        self._depth -= 1
        local = name.rpartition(" ")[2]
        if local == "DicomAttribute":
            self._attributes.pop()
        elif local == "Item" and self._attributes:
            self._items.pop()
        elif local == "PersonName" and self._attributes:
            person = {group: "^".join(parts).rstrip("^") for group, parts in self._name.items()}
            self._attributes[-1].setdefault("Value", []).append(person)
        elif self._value is not None:
            self._end_value(local, "".join(self._value))
            self._value = None

    def _end_value(self, local: str, value: str) -> None:
        if local == "Value" and self._attributes:
            self._attributes[-1].setdefault("Value", []).append(value)
        elif local in COMPONENTS and self._group:
            parts = self._name.setdefault(self._group, [""] * len(COMPONENTS))
            parts[COMPONENTS.index(local)] = value
