"""Logs: JSON lines or a readable console, one pipe for ours and the libraries'; identity withheld.

INFO is a line per association, batch and change of state; DEBUG per instance; WARNING means refused
or tried again; ERROR means someone must act. Events are named noun.past_verb: see shared.events.
"""

import logging
import logging.config
import sys
from collections.abc import Callable
from functools import partial
from typing import Any, TextIO

import structlog
from structlog.typing import EventDict, Processor

from shared import tracebacks
from shared.repeats import Repeats
from shared.sections import LogFormat, LogSettings

WITHHELD = "[withheld]"
IDENTITY = frozenset({"patient_name", "patient_id", "accession_number", "dataset", "identifier"})
# What these say below WARNING names URIs with query keys, job arguments or data sets; botocore and
# hpack tell whole answers and headers, with keys and tokens in them.
NOISY = (
    "botocore",
    "h2",
    "hpack",
    "httpx",
    "httpcore",
    "pynetdicom",
    "pydicom",
    "redis",
    "rq",
    "rq.worker",  # rq itself sets this one to INFO
    "opentelemetry",
    "google",
    "asyncio",
    "urllib3",
    "uvicorn",
)


class Logger(structlog.stdlib.BoundLogger):
    def debug(self, event: str | None = None, *args: Any, **told: Any) -> Any:
        """DEBUG is per instance: where it is not wanted, nothing is made of it."""
        if self._logger.isEnabledFor(logging.DEBUG):
            return super().debug(event, *args, **told)
        return None


def configure(settings: LogSettings, service: str, stream: TextIO | None = None) -> None:
    """Send every log record of this process to `stream` (default: standard error)."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        withhold_identity,
        tracebacks.withhold_quotes,
    ]
    repeats = Repeats()
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.addFilter(repeats.shows)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *_renderers(settings.format, service, colors=handler.stream.isatty()),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.level.upper())
    for name in NOISY:
        logging.getLogger(name).setLevel(logging.WARNING)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            repeats,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=Logger,
        cache_logger_on_first_use=True,
    )
    tracebacks.hook()


def get(name: str) -> Any:
    """The logger of a module; call as get(__name__)."""
    return structlog.stdlib.get_logger(name)


def debugging(name: str) -> Callable[[], bool]:
    """Whether a module's logger is to tell of DEBUG, where to ask it that is too dear."""
    return partial(logging.getLogger(name).isEnabledFor, logging.DEBUG)


def withhold_identity(_logger: Any, _method: str, event: EventDict) -> EventDict:
    """Replace what could name a patient: the last net, not the first."""
    for key in IDENTITY & event.keys():
        event[key] = WITHHELD
    return event


def _renderers(style: LogFormat, service: str, *, colors: bool) -> list[Processor]:
    exceptions = structlog.processors.ExceptionRenderer(tracebacks.text)
    if style is LogFormat.CONSOLE:
        plain = structlog.dev.plain_traceback
        console = structlog.dev.ConsoleRenderer(
            colors=colors, exception_formatter=plain, pad_event_to=28
        )
        return [exceptions, console]

    def name_service(_logger: Any, _method: str, event: EventDict) -> EventDict:
        return {"service": service, **event}

    return [
        exceptions,
        name_service,
        structlog.processors.JSONRenderer(),
    ]
