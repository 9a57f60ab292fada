"""Worklist servers that the sandbox can play: what each honours, ignores and refuses.

`by-the-book` is the sandbox's own manner. The others were read from the servers' sources and
documentation; tests of the worklist service run against all of them.
"""

from dataclasses import dataclass, field
from enum import Enum, auto

from standalone.sandbox.ups_match import (
    NAMES,
    Matches,
    date_range,
    exact,
    exact_any_case,
    instant_or_range,
    name,
    name_beginning,
    name_from_start,
    substring,
    wild,
)


class Other(Enum):
    """What becomes of a key that is not in the table."""

    BY_BOOK = auto()
    IGNORED = auto()
    REFUSED = auto()
    ROOT_WILD = auto()  # matched in the root, ignored on a path


class Paging(Enum):
    HONOURED = auto()
    SLICE = auto()  # [offset:limit]: the second page is empty
    IGNORED = auto()


@dataclass(frozen=True, slots=True)
class Played:
    keys: dict[str, Matches] = field(default_factory=dict)  # by path of tags
    other: Other = Other.IGNORED
    none: int = 204  # status of an answer without results
    paging: Paging = Paging.HONOURED
    default_limit: int = 100_000
    cap: int = 100_000  # results it gives at most, with a warning that there are more
    largest_limit: int = 100_000  # that it does not refuse
    by_keyword: bool = False  # knows keywords only
    strict: bool = False  # refuses repeated attributes, empty values, nested includefield
    listed_only: bool = False  # returns only what the last includefield lists
    media: tuple[str, ...] = ("application/dicom+json",)
    items: str = "ups"  # or "mwl", "google"


NAME, ID, SEX, BORN = "00100010", "00100020", "00100040", "00100030"
START, STATE, WORKLIST_LABEL, LABEL = "00404005", "00741000", "00741202", "00741204"
STATION, STATION_CLASS, LOCATION = "00404025", "00404026", "00404027"
PERFORMER, CODE, REQUEST = "00404034", "00404018", "0040A370"
VALUE, SCHEME = ".00080100", ".00080102"

_DCM4CHEE: dict[str, Matches] = {
    NAME: name_from_start,
    ID: wild,
    SEX: exact,
    BORN: date_range,
    START: date_range,
    STATE: exact,
    WORKLIST_LABEL: wild,
    LABEL: wild,
    **{each + suffix: exact for each in (STATION, STATION_CLASS, LOCATION, CODE)
       for suffix in (VALUE, SCHEME)},
    f"{PERFORMER}.00404009{VALUE}": exact,
    f"{PERFORMER}.00404037": name_from_start,
    f"{REQUEST}.00080050": wild,
    f"{REQUEST}.00401001": wild,
    f"{REQUEST}.0020000D": exact,
    f"{REQUEST}.00321032": name_from_start,
    f"{REQUEST}.00321033": wild,
}  # fmt: skip
_AZURE: dict[str, Matches] = {
    NAME: exact_any_case,
    ID: exact_any_case,
    START: instant_or_range,
    STATE: exact,
    STATION + VALUE: exact_any_case,
    STATION_CLASS + VALUE: exact_any_case,
    LOCATION + VALUE: exact_any_case,
    f"{REQUEST}.00080050": exact_any_case,
    f"{REQUEST}.00401001": exact_any_case,
    "0020000D": exact,
}
PLAYED = {
    "by-the-book": Played(other=Other.BY_BOOK),
    "generic": Played({STATE: exact, START: date_range, ID: exact}),
    "ignoring": Played(paging=Paging.IGNORED),
    "dcm4chee": Played(_DCM4CHEE, cap=1000),
    "azure": Played(
        _AZURE, other=Other.REFUSED, default_limit=100, largest_limit=200, strict=True
    ),
    "pyupsrs": Played(
        {STATE: exact, START: instant_or_range},
        other=Other.ROOT_WILD,
        none=404,
        paging=Paging.SLICE,
        listed_only=True,
    ),
    "emulator": Played(
        {"PatientID": exact, "PatientName": substring, "ProcedureStepState": exact},
        none=200,
        default_limit=100,
        largest_limit=1000,
        by_keyword=True,
    ),
    "google": Played(
        {
            prefix + tag: name_beginning
            for tag in NAMES
            for prefix in ("", "00400100.", "0040A370.")
        },
        other=Other.BY_BOOK,
        paging=Paging.IGNORED,
        media=("application/dicom+xml",),
        items="google",
    ),
    "mwl-rs": Played({NAME: name}, other=Other.BY_BOOK, items="mwl"),
}  # fmt: skip
