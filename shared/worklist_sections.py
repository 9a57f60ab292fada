"""The tables of the configuration file that concern the worklist."""

import re
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field

from shared.destination import Profile, ServiceUri, WorklistPreset
from shared.section import Section

Port = Annotated[int, Field(ge=0, le=65535)]


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("must be an IANA time zone such as Europe/Berlin") from None
    return value


Zone = Annotated[str, AfterValidator(_zone)]
_CHARSET = re.compile(r"(ISO_IR \d+|ISO 2022 IR \d+|GB18030|GBK)?(\\ISO 2022 IR \d+)*")


def _charset(value: str) -> str:
    if not _CHARSET.fullmatch(value):
        raise ValueError(
            "must be defined terms of Specific Character Set such as ISO_IR 100, separated by \\"
        )
    return value


Charset = Annotated[str, AfterValidator(_charset)]


class WorklistSettings(Section):
    """Modality Worklist C-FIND answered from an origin server."""

    uri: ServiceUri | None = Field(
        default=None, description="Workitems resource of the only destination."
    )
    host: str = Field(
        default="0.0.0.0",
        description="Address the worklist container listens on; ::, IPv4 and IPv6.",
    )
    port: Port = Field(default=4009, description="Port of the worklist container.")
    profile: Profile = Field(default=Profile.UPS_STANDARD, description="Dialect of the search.")
    preset: WorklistPreset = Field(
        default="generic", description="Which keys the server is known to match."
    )
    includefield_all: bool = Field(
        default=False, description="Ask for all attributes by includefield=all."
    )
    states: tuple[str, ...] = Field(
        default=("SCHEDULED",),
        min_length=1,
        description="Procedure step states to ask for, one request each.",
    )
    filter: dict[str, str] = Field(
        default_factory=dict,
        description="Keys added to every search and applied again to its results, by path of tags "
        'or keywords: {"00741202" = "CT ROOM"}. A server holds tasks that are no scans, too.',
    )
    site_timezone: Zone = Field(
        default="UTC", description="Zone of the dates and times in queries."
    )
    upstream_timezone: Zone | None = Field(
        default=None, description="Zone of the origin server; unset: the site's."
    )
    date_slack: float = Field(
        default=0.0,
        ge=0,
        le=48,
        description="Hours by which the range of start times that is asked for is widened; what "
        "is too much is left out here. 14 suits a server of unknown zone.",
    )
    deadline: float = Field(default=10.0, gt=0, le=300, description="Seconds for the whole search.")
    page_size: int = Field(
        default=1000, ge=1, le=10000, description="Workitems asked for at a time."
    )
    max_workitems: int = Field(
        default=20000, ge=1, description="Workitems read for a query at most; more end in 0xA700."
    )
    max_matches: int = Field(
        default=1000, ge=1, le=100000, description="Answers at most; more end in 0xA700."
    )
    truncated: Literal["fail", "success"] = Field(
        default="fail",
        description="How a query ends that has more answers than were given: fail (0xA700), or "
        "success, for modalities that discard the answers of a failed query.",
    )
    stale_for: float = Field(
        default=0.0,
        ge=0,
        description="Seconds a last good answer may replace an unreachable server; 0: never.",
    )
    requests: Literal["first", "expand"] = Field(
        default="first",
        description="Of a workitem with several requests, answer the first, or once for each.",
    )
    station_codes: dict[str, str] = Field(
        default_factory=dict, description="AE titles by Scheduled Station Name Code."
    )
    modality_codes: dict[str, str] = Field(
        default_factory=dict,
        description="Modalities by Scheduled Workitem Code, where no station class is given.",
    )
    unassigned: bool = Field(
        default=False, description="Answer a step that names no station to every station."
    )
    unscheduled: bool = Field(
        default=False,
        description="Answer a step without a start, as of today, to queries without a date.",
    )
    placeholder: str = Field(
        default="",
        max_length=64,
        description="Patient name and ID of a workitem that lacks them; empty: leave it out.",
    )
    name_prefix: bool = Field(default=True, description="DOE finds DOE^JOHN.")
    ignore_accents: bool = Field(default=False, description="MULLER finds Müller.")
    ignore_case: bool = Field(default=False, description="p1 finds P1; names always ignore case.")
    charsets: tuple[Charset, ...] = Field(
        default=(),
        description="Character sets for what neither the query's nor ISO_IR 100 can write, before "
        'ISO_IR 192: ["\\\\ISO 2022 IR 87", "GB18030"].',
    )


class Modality(Section):
    """How modalities are answered, by calling AE title. The first that matches decides."""

    calling_ae: str = Field(default="*", description="AE title of the caller, with * and ?.")
    assume_charset: Charset = Field(
        default="ISO_IR 100", description="Character set of a query that names none or no real one."
    )
    charsets: tuple[Charset, ...] = Field(
        default=(), description="Character sets to answer in, in this order; empty: see utf8."
    )
    utf8: bool = Field(
        default=True,
        description="Where no charsets are set: ISO_IR 192 may be used, after the query's own, "
        "ISO_IR 100 and worklist.charsets. Without it, names are put into ASCII.",
    )
    transliterate: bool = Field(
        default=False, description="Answer in ASCII alone: accents and ideographs are left out."
    )
    name_charset: bool = Field(
        default=False, description="Name the query's character set even in answers that need none."
    )
    modality: str = Field(
        default="", max_length=16, description="Modality of workitems that name none; empty: OT."
    )
