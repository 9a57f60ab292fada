"""Where a worklist attribute comes from: paths into a workitem, and what is derived."""

import re
from collections.abc import Callable, Sequence
from itertools import count

from pydicom.datadict import tag_for_keyword

from worklist.dicomjson import NOTHING, DataSet, Texts, first, items, texts
from worklist.workitem import Asking, Workitem, derived_step_id, derived_study_uid

Source = Callable[[Workitem, Asking], Texts]
ItemSource = Callable[[Workitem, Asking], Sequence[DataSet]]

REQUEST = "ReferencedRequestSequence"
STEP = "ScheduledProcedureStepSequence"

_LEGAL_AE = re.compile(r"[\x20-\x5b\x5d-\x7e]{1,16}")  # PS3.5 Table 6.2-1: no backslash
_NOT_IN_AE = re.compile(r"[^\x20-\x5b\x5d-\x7e]")
_LEGAL_CS = re.compile(r"[A-Z0-9 _]{1,16}")
_CODE_VALUE, _CODE_MEANING = "00080100", "00080104"
_STATIONS = "00404025"  # Scheduled Station Name Code Sequence
_STATION_CLASSES = "00404026"
_WORKITEM_CODES = "00404018"
START, _END = "00404005", "00404011"


def hex_of(keyword: str) -> str:
    tag = tag_for_keyword(keyword)
    if tag is None:
        raise ValueError(f"{keyword} is no keyword of PS3.6")
    return f"{tag:08X}"


def path(dotted: str) -> Source:
    """The attribute at the end of a path of keywords, by the first item of each sequence."""
    start, tags = _split(dotted)
    *sequences, last = tags

    def source(workitem: Workitem, _asking: Asking) -> Texts:
        data_set = start(workitem)
        for tag in sequences:
            found = items(data_set, tag)
            if not found:
                return NOTHING
            data_set = found[0]
        return texts(data_set, last)

    return source


def sequence(dotted: str) -> ItemSource:
    """The items of the sequence at the end of a path."""
    start, tags = _split(dotted)
    [tag] = tags
    return lambda workitem, _asking: items(start(workitem), tag)


def _split(dotted: str) -> tuple[Callable[[Workitem], DataSet], list[str]]:
    head, _, rest = dotted.partition(".")
    starts: dict[str, Callable[[Workitem], DataSet]] = {
        REQUEST: lambda workitem: workitem.request,
        STEP: lambda workitem: workitem.step,
    }
    if head in starts and rest:
        return starts[head], [hex_of(each) for each in rest.split(".")]
    return (lambda workitem: workitem.root), [hex_of(each) for each in dotted.split(".")]


def first_of(sources: Sequence[Source]) -> Source:
    """The first source that has a value."""
    if len(sources) == 1:
        return sources[0]

    def source(workitem: Workitem, asking: Asking) -> Texts:
        for each in sources:
            if found := each(workitem, asking):
                return found
        return NOTHING

    return source


_numbers = count()


def once(source: Source) -> Source:
    """A source that is asked once for each workitem: its value must not depend on who asks."""
    number = next(_numbers)

    def remembered(workitem: Workitem, asking: Asking) -> Texts:
        found = workitem.values.get(number)
        if found is None:
            found = workitem.values[number] = source(workitem, asking)
        return found

    return remembered


def nothing(_workitem: Workitem, _asking: Asking) -> Texts:
    return NOTHING


# Derived values, in the order of standards: each is a Source.


def station_ae(workitem: Workitem, asking: Asking) -> Texts:
    """AE titles of the stations: by the site's table, the code, its meaning.

    A station whose code is no AE title is still some station: a cut code is returned, so that the
    step is not taken for one that any station may do.
    """
    return tuple(_ae(code, asking) for code in items(workitem.root, _STATIONS) if _named(code))


def _named(code: DataSet) -> bool:
    return bool(texts(code, _CODE_VALUE) or texts(code, _CODE_MEANING))


def _ae(code: DataSet, asking: Asking) -> str:
    value = first(code, _CODE_VALUE).strip(" \0")
    if alias := asking.stations.get(value):
        return alias
    for each in (value, first(code, _CODE_MEANING).strip(" \0")):
        if _LEGAL_AE.fullmatch(each):
            return each
    return _NOT_IN_AE.sub("", value)[:16]


def asking_station(_workitem: Workitem, asking: Asking) -> Texts:
    """For steps that any station may do: the station asked for, or who asks."""
    found = asking.station or asking.calling_ae
    return (found,) if found else NOTHING


def station_class(workitem: Workitem, _asking: Asking) -> Texts:
    """Modality by the code (CID 29), never by its meaning."""
    for code in items(workitem.root, _STATION_CLASSES):
        value = first(code, _CODE_VALUE).strip(" \0").upper()
        if _LEGAL_CS.fullmatch(value):
            return (value,)
    return NOTHING


def modality_by_code(workitem: Workitem, asking: Asking) -> Texts:
    if asking.modalities:
        for code in items(workitem.root, _WORKITEM_CODES):
            if found := asking.modalities.get(first(code, _CODE_VALUE).strip(" \0")):
                return (found,)
    return NOTHING


def asking_modality(_workitem: Workitem, asking: Asking) -> Texts:
    return (asking.modality or "OT",)


def start_date(workitem: Workitem, asking: Asking) -> Texts:
    return date_of(workitem.moment(first(workitem.root, START), asking))


def start_time(workitem: Workitem, asking: Asking) -> Texts:
    return time_of(workitem.moment(first(workitem.root, START), asking))


def end_date(workitem: Workitem, asking: Asking) -> Texts:
    return date_of(workitem.moment(first(workitem.root, _END), asking))


def end_time(workitem: Workitem, asking: Asking) -> Texts:
    return time_of(workitem.moment(first(workitem.root, _END), asking))


def date_of(moment: str) -> Texts:
    return (moment[:8],) if moment else NOTHING


def time_of(moment: str) -> Texts:
    if not moment:
        return NOTHING
    fraction = moment[14:].rstrip("0")
    return (f"{moment[8:14]}.{fraction}" if fraction else moment[8:14],)


def asking_day(_workitem: Workitem, asking: Asking) -> Texts:
    return (asking.today,) if asking.today else NOTHING


def midnight(_workitem: Workitem, asking: Asking) -> Texts:
    return ("000000",) if asking.midnight else NOTHING


def placeholder(_workitem: Workitem, asking: Asking) -> Texts:
    return (asking.placeholder,) if asking.placeholder else NOTHING


def step_id(workitem: Workitem, _asking: Asking) -> Texts:
    return (derived_step_id(workitem.mark),)


def study_uid(workitem: Workitem, _asking: Asking) -> Texts:
    return (derived_study_uid(workitem.study_mark),) if workitem.study_mark else NOTHING


def step_status(workitem: Workitem, _asking: Asking) -> Texts:
    state = first(workitem.root, "00741000").strip().upper()
    return ("STARTED",) if state == "IN PROGRESS" else ("SCHEDULED",)


def other_patient_ids(workitem: Workitem, _asking: Asking) -> Texts:
    others = items(workitem.root, "00101002")
    return tuple(each for item in others for each in texts(item, "00100020"))
