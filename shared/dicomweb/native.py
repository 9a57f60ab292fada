"""DICOM in XML (PS3.19 A.1 Native DICOM Model) read into the shape of DICOM JSON (PS3.18 F.2)."""

from typing import Any, TypeAlias
from xml.parsers import expat

DEEPEST = 64  # elements; a Store Instances Response needs 6

DataSet: TypeAlias = dict[str, dict[str, Any]]


class NotNative(ValueError):
    """Not well-formed, no Native DICOM Model, or XML that could do harm."""


def data_set(xml: bytes) -> DataSet:
    """Attributes with their values as text and their items; person names are left out.

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
        elif local == "Value":
            self._value = []

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
        elif local == "Value" and self._value is not None and self._attributes:
            self._attributes[-1].setdefault("Value", []).append("".join(self._value))
            self._value = None
