"""Which ways through our code an input takes: pairs of lines, by the interpreter's trace hook."""

import sys
from pathlib import Path
from types import CodeType, FrameType, TracebackType
from typing import Any, Self

import shared

_ROOT = Path(shared.__file__).parent
_WATCHED = (f"{_ROOT}/dimse/", f"{_ROOT}/head.py")

Way = tuple[CodeType, int, int]  # code, line before, line


class Coverage:
    """A context manager; afterwards `ways` has what was gone."""

    def __init__(self) -> None:
        self.ways: set[Way] = set()

    def __enter__(self) -> Self:
        sys.settrace(self._called)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        sys.settrace(None)

    def _called(self, frame: FrameType, _event: str, _argument: Any) -> Any:
        code = frame.f_code
        if not code.co_filename.startswith(_WATCHED):
            return None
        last = 0

        def on_line(frame: FrameType, event: str, _argument: Any) -> Any:
            nonlocal last
            if event == "line":
                self.ways.add((code, last, frame.f_lineno))
                last = frame.f_lineno
            return on_line

        return on_line
