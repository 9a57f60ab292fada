"""Tracebacks fit for a log: where and what kind, never what an exception says.

A library's exception quotes the value it cannot read, which may be a patient's name. Ours do not,
but are foreseen, and so come without a traceback.
"""

import re
import sys
import threading
import traceback
import warnings
from collections.abc import Iterator
from types import TracebackType
from typing import Any, TextIO

import structlog
from structlog.typing import EventDict

LONGEST_CHAIN = 8  # exceptions behind an exception
# What these say quotes data sets, or the arguments of what failed; where they say it is enough.
QUOTING = re.compile(r"(asyncio|pydicom|pynetdicom)(\.|$)")

log = structlog.stdlib.get_logger(__name__)


def text(exc_info: Any) -> str:
    """Of structlog's exc_info: the innermost cause first, as Python has it."""
    _, error, _ = exc_info
    return "\nraised while handling it:\n".join(reversed([_one(each) for each in _chain(error)]))


def withhold_quotes(_logger: Any, _method: str, event: EventDict) -> EventDict:
    """Say where a library said something; what, only of those that do not quote."""
    record = event.get("_record")
    if record is not None:
        if not QUOTING.match(record.name):
            event["text"] = event["event"]
        place = f"{record.module}:{record.lineno}"
        event.update(event="library.complained", library=record.name, place=place)
    return event


def hook() -> None:
    """What nobody catches, and what libraries warn of, goes into the log as well."""
    sys.excepthook = _crashed
    threading.excepthook = _thread_crashed
    warnings.showwarning = _warned


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    for _ in range(LONGEST_CHAIN):
        if error is None:
            return
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def _one(error: BaseException) -> str:
    frames = "".join(traceback.format_tb(error.__traceback__))
    return f"{frames}{type(error).__module__}.{type(error).__qualname__}"


def _crashed(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None, /
) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
    else:
        log.critical("process.crashed", exc_info=(kind, error, trace))


def _thread_crashed(args: threading.ExceptHookArgs, /) -> None:
    if args.exc_value is not None and not issubclass(args.exc_type, SystemExit):
        name = args.thread.name if args.thread else ""
        log.critical(
            "thread.crashed",
            thread=name,
            exc_info=(args.exc_type, args.exc_value, args.exc_traceback),
        )


def _warned(  # noqa: PLR0913, PLR0917  # as Python calls it
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """warnings.showwarning, without the message: pydicom's quote values."""
    del message, file, line
    log.warning("library.warned", category=category.__name__, place=f"{filename}:{lineno}")
