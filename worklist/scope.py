"""Which workitems are worklist entries at all, before any key of the query is looked at."""

from shared.destination import Profile
from worklist.dialects import Dialect
from worklist.dicomjson import DataSet, Texts, first, items, texts
from worklist.elements import vr_of
from worklist.match import Matching, Predicate, predicate
from worklist.query import Asked, filter_tags
from worklist.rows import Level
from worklist.workitem import Asking, Workitem

_STATE = "00741000"
_PATIENT_NAME, _PATIENT_ID, _STUDY_UID = 0x00100010, 0x00100020, 0x0020000D

INCOMPLETE = "incomplete"  # no patient, or no study that could be told from another
UNSCHEDULED = "unscheduled"
OUT_OF_SCOPE = "out_of_scope"  # another state, or outside the site's filters


class Scope:
    def __init__(self, asked: Asked, dialect: Dialect, asking: Asking) -> None:
        self._asking, self._dialect = asking, dialect
        self._undated = dialect.undated or bool(asking.today)
        by_state = asked.profile is Profile.UPS_STANDARD
        self._states = frozenset(map(str.upper, asked.states)) if by_state else frozenset()
        self._filters = [
            (filter_tags(path), test)
            for path, value in asked.filter.items()
            if (test := _test(path, value))
        ]
        rows = (dialect.row(Level.ROOT, tag) for tag in (_PATIENT_NAME, _PATIENT_ID))
        self._needed = [] if asking.placeholder else [row.value for row in rows]
        self._needed.append(dialect.row(Level.ROOT, _STUDY_UID).value)

    def reason_against(self, workitem: Workitem) -> str:
        """Why a workitem is no entry, "" if it is one."""
        if not self._in_scope(workitem.root):
            return OUT_OF_SCOPE
        if not all(value(workitem, self._asking) for value in self._needed):
            return INCOMPLETE
        if not self._undated and not self._dialect.start(workitem, self._asking)[0]:
            return UNSCHEDULED
        return ""

    def _in_scope(self, root: DataSet) -> bool:
        if self._states:
            state = first(root, _STATE).strip().upper()
            if state and state not in self._states:
                return False
        return all(test(_at(root, tags)) for tags, test in self._filters)


def _test(path: str, value: str) -> Predicate | None:
    vr = vr_of(int(filter_tags(path)[-1], 16))
    return predicate(vr, tuple(value.split("\\")), Matching())


def _at(data_set: DataSet, tags: list[str]) -> Texts:
    """All values at a path, in any of the items on the way."""
    if len(tags) == 1:
        return texts(data_set, tags[0])
    return tuple(each for item in items(data_set, tags[0]) for each in _at(item, tags[1:]))
