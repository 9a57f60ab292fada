"""What each origin server is known to match: only this is pushed down to it.

A key is pushed down only if what the server leaves out could not match here either. So a server
that compares names by case is not asked by name: this side ignores case (PS3.4 C.2.2.2.1).
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from worklist.identifier import Key
from worklist.match import is_wild

Pushed = tuple[tuple[str, str], ...]  # path of keywords, value
Push = Callable[[str, Key], Pushed]  # from the row's path and the key


def _single(key: Key) -> str:
    return key.values[0] if len(key.values) == 1 else ""


def literal(path: str, key: Key) -> Pushed:
    """One value without wildcards."""
    value = _single(key)
    return ((path, value),) if value and not is_wild(value) else ()


def wild(path: str, key: Key) -> Pushed:
    value = _single(key)
    return ((path, value),) if value else ()


def given_study(path: str, key: Key) -> Pushed:
    """A Study Instance UID that is not of the kind we derive where the server gives none."""
    return () if _single(key).startswith("2.25.") else literal(path, key)


def _folded_name(path: str, key: Key) -> Pushed:
    """dcm4chee ignores case if the key is in capitals, and adds the wildcard at the end itself."""
    value = _single(key).strip("^= ")
    return ((path, value.upper()),) if value and "=" not in value else ()


def _first_word(path: str, key: Key) -> Pushed:
    """Azure matches words by their beginning if asked to be fuzzy, else the whole name exactly."""
    word = re.match(r"[^*?^= ]*", _single(key))
    text = word[0] if word else ""
    return ((path, text), ("fuzzymatching", "true")) if text.isalnum() and text.isascii() else ()


def _standard_name(path: str, key: Key) -> Pushed:
    value = _single(key).strip("^ ")
    if not value or "=" in value:
        return ()
    return ((path, value if is_wild(value) else value + "*"),)


@dataclass(frozen=True, slots=True)
class Preset:
    keys: dict[str, Push]  # keyword of the worklist attribute -> how it is asked for
    start: bool = True  # asked by a range of Scheduled Procedure Step Start DateTime
    by_keyword: bool = False  # names of parameters are keywords, not tags
    one_code: bool = False  # no two keys may end in the same tag
    largest_page: int = 10_000
    none_is_404: bool = False


_DCM4CHEE: dict[str, Push] = {
    "PatientID": wild,
    "PatientName": _folded_name,
    "PatientSex": literal,
    "ScheduledStationAETitle": literal,
    "Modality": literal,
    "AccessionNumber": literal,
    "StudyInstanceUID": given_study,
    "RequestingService": literal,
}
PRESETS = {
    "generic": Preset({"PatientID": literal}),
    "dcm4chee": Preset(_DCM4CHEE),
    "azure": Preset(
        {
            "PatientID": literal,
            "PatientName": _first_word,
            "AccessionNumber": literal,
            "ScheduledStationAETitle": literal,
            "Modality": literal,
        },
        one_code=True,
        largest_page=200,
    ),
    "pyupsrs": Preset({"PatientID": wild}, none_is_404=True),
    "emulator": Preset(
        {"PatientID": literal}, start=False, by_keyword=True, largest_page=1000
    ),
}  # fmt: skip
# PS3.18 14.4: the server has to match what K.6-1 requires.
MWL_RS = Preset(
    {
        "PatientID": wild,
        "PatientName": _standard_name,
        "ScheduledStationAETitle": wild,
        "Modality": literal,
        "AccessionNumber": literal,
        "StudyInstanceUID": given_study,
    }
)
