"""The DICOM JSON Model (PS3.18 Annex F) as real servers write it: read without trusting it.

A data set is the dictionary that the JSON parser made; nothing is converted before it is asked for.
"""

from collections.abc import Mapping
from typing import Any

DataSet = Mapping[str, Any]  # eight hexadecimal digits -> {"vr": ..., "Value": [...]}
Texts = tuple[str, ...]

NOTHING: Texts = ()
_GROUPS = ("Alphabetic", "Ideographic", "Phonetic")


def texts(data_set: DataSet, tag: str) -> Texts:
    """The values of an attribute that is no sequence; () if there are none.

    Person names come as in a DICOM string, groups joined by "=".
    """
    attribute = data_set.get(tag)
    if not attribute:
        return NOTHING
    values = attribute.get("Value") if isinstance(attribute, dict) else attribute
    if isinstance(values, list):
        if len(values) == 1 and type(values[0]) is str:  # nearly always
            return (values[0],) if values[0] else NOTHING
        found = tuple(map(_text, values))
        return found if any(found) else NOTHING
    found = (_text(values),)
    return found if found[0] else NOTHING


def first(data_set: DataSet, tag: str) -> str:
    found = texts(data_set, tag)
    return found[0] if found else ""


def items(data_set: DataSet, tag: str) -> list[DataSet]:
    """The items of a sequence."""
    attribute = data_set.get(tag)
    values = attribute.get("Value") if isinstance(attribute, dict) else None
    if isinstance(values, dict):  # one item that is not in an array
        return [values]
    if not isinstance(values, list):
        return []
    return [each for each in values if isinstance(each, dict)]


def vr_in(data_set: DataSet, tag: str) -> str:
    """The VR that the server stated, "" if none."""
    attribute = data_set.get(tag)
    stated = attribute.get("vr") if isinstance(attribute, dict) else None
    return stated if isinstance(stated, str) else ""


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, dict):
        return _person_name(value)
    if isinstance(value, bool) or value is None or isinstance(value, list):
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _person_name(value: dict[str, Any]) -> str:
    groups = [value.get(name) for name in _GROUPS]
    return "=".join(each if isinstance(each, str) else "" for each in groups).rstrip("=")
