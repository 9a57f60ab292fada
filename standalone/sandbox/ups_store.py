"""Workitems of the sandbox: kept in one JSON file, written whole or not at all."""

import json
import threading
from collections.abc import Callable, Iterable
from datetime import date
from pathlib import Path
from typing import Any

Workitem = dict[str, Any]  # DICOM JSON (PS3.18 Annex F)

SOP_INSTANCE_UID, STATE, TRANSACTION_UID = "00080018", "00741000", "00081195"
SCHEDULED, IN_PROGRESS = "SCHEDULED", "IN PROGRESS"
COMPLETED, CANCELED = "COMPLETED", "CANCELED"
FINAL = frozenset({COMPLETED, CANCELED})
CAPACITY = 1000  # workitems: the sandbox must never be mistaken for a worklist server


class Exists(Exception):
    """There is a workitem with this UID."""


class Full(Exception):
    """The sandbox takes no more."""


class Forbidden(Exception):
    """The state machine of PS3.4 Table CC.1.1-2 does not allow this; the text says why."""


class UpsStore:
    """Held in memory; `path` names the file that outlives the process, if one does.

    `sample` makes workitems for a day; those nobody has touched move on with the date.
    """

    def __init__(
        self,
        path: Path | None = None,
        sample: Callable[[date], Iterable[Workitem]] | None = None,
        capacity: int = CAPACITY,
    ) -> None:
        self._path, self._sample, self.capacity = path, sample, capacity
        self._lock = threading.Lock()
        self._items: dict[str, Workitem] = {}
        self._sampled = ""  # the day, YYYYMMDD, that the sample was made for

    def open(self) -> None:
        """Read what was kept. Raises OSError, or ValueError for a file that is not ours."""
        if self._path and self._path.exists():
            content = json.loads(self._path.read_text("utf-8"))
            self._sampled = content["sampled"]
            self._items = {value_of(each, SOP_INSTANCE_UID): each for each in content["items"]}
        self._move_on()

    def all(self) -> list[Workitem]:
        with self._lock:
            self._move_on()
            return list(self._items.values())

    def get(self, uid: str) -> Workitem | None:
        with self._lock:
            return self._items.get(uid)

    def create(self, uid: str, workitem: Workitem) -> None:
        with self._lock:
            if uid in self._items:
                raise Exists(uid)
            if len(self._items) >= self.capacity:
                raise Full
            self._items[uid] = {**workitem, SOP_INSTANCE_UID: {"vr": "UI", "Value": [uid]}}
            self._write()

    def update(self, uid: str, changes: Workitem, transaction_uid: str) -> None:
        """Raises KeyError or Forbidden."""
        with self._lock:
            workitem = self._items[uid]
            state = value_of(workitem, STATE)
            if state in FINAL:
                raise Forbidden("the workitem is in a final state")
            if state == IN_PROGRESS and transaction_uid != value_of(workitem, TRANSACTION_UID):
                raise Forbidden("the transaction UID is missing or wrong")
            fixed = (SOP_INSTANCE_UID, STATE, TRANSACTION_UID)
            kept = {tag: each for tag, each in changes.items() if tag not in fixed}
            self._items[uid] = {**workitem, **kept}
            self._write()

    def change_state(self, uid: str, state: str, transaction_uid: str) -> bool:
        """False: it was in that final state already. Raises KeyError or Forbidden."""
        with self._lock:
            workitem = self._items[uid]
            now = value_of(workitem, STATE)
            if now == state and state in FINAL:
                return False
            _check_change(workitem, now, state, transaction_uid)
            changed = {STATE: {"vr": "CS", "Value": [state]}}
            if state == IN_PROGRESS:
                changed[TRANSACTION_UID] = {"vr": "UI", "Value": [transaction_uid]}
            self._items[uid] = {**workitem, **changed}
            self._write()
            return True

    def _move_on(self) -> None:
        today = f"{date.today():%Y%m%d}"  # noqa: DTZ011  # the day on the wall is meant
        if self._sample is None or self._sampled == today:
            return
        for workitem in self._sample(date.today()):  # noqa: DTZ011
            uid = value_of(workitem, SOP_INSTANCE_UID)
            known = self._items.get(uid)
            if known is None or value_of(known, STATE) == SCHEDULED:
                self._items[uid] = workitem
        self._sampled = today
        self._write()

    def _write(self) -> None:
        if self._path is None:
            return
        content = {"sampled": self._sampled, "items": list(self._items.values())}
        partial = self._path.with_name(f".{self._path.name}")
        partial.write_text(json.dumps(content, ensure_ascii=False), "utf-8")
        partial.replace(self._path)


def _check_change(workitem: Workitem, now: str, state: str, transaction_uid: str) -> None:
    if not transaction_uid:
        raise Forbidden("a transaction UID is needed")
    if now in FINAL:
        raise Forbidden("the workitem is in a final state")
    if (now, state) == (SCHEDULED, IN_PROGRESS):
        return
    if now == IN_PROGRESS and state in FINAL:
        if transaction_uid != value_of(workitem, TRANSACTION_UID):
            raise Forbidden("the transaction UID is wrong")
        return
    raise Forbidden(f"no way from {now} to {state}")


def value_of(workitem: Workitem, tag: str) -> str:
    values = (workitem.get(tag) or {}).get("Value") or [""]
    return str(values[0])
