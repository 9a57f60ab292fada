"""The tables of the configuration file that say what goes where, and what does not."""

import re
from ipaddress import ip_network
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from shared.section import Section

LONGEST_PATTERN = 64  # characters, as of VR LO and UI (PS3.5 Table 6.2-1)
LONGEST_AE_TITLE = 16  # characters (PS3.5 Table 6.2-1)
LONGEST_REASON = 64  # characters of Error Comment (0000,0902), VR LO
# Statuses by which a modality knows that nothing was kept (PS3.7 Annex C, PS3.4 Table B.2-1).
# Not among them: Success, warnings (B000, 0107, 0116), Pending, Cancel.
_FAILURE = re.compile(r"01(?!07|16)[0-9A-F]{2}|02[0-9A-F]{2}|[AC][0-9A-F]{3}")


def _hexadecimal(value: object) -> object:
    """0xA700 of TOML is a number."""
    return f"{value:04X}" if isinstance(value, int) and not isinstance(value, bool) else value


def _failure(value: str) -> str:
    if not _FAILURE.fullmatch(value.upper()):
        raise ValueError(
            "must be a failure in four hexadecimal digits, such as 0124, A700 or C000: any other "
            "status would tell the modality that its images are safe"
        )
    return value.upper()


def _networks(value: str | tuple[str, ...]) -> str | tuple[str, ...]:
    for each in alternatives(value):
        try:
            ip_network(each)
        except ValueError as error:
            raise ValueError(f"must be networks such as 10.1.0.0/16 ({error})") from None
    return value


def _reason(value: str) -> str:
    if not (value.isascii() and value.isprintable()) and value:
        raise ValueError("must be printable ASCII: modalities show it")
    return value


def _listed(value: object) -> object:
    """One mistake for what is neither, instead of one for each kind that may stand there."""
    several = isinstance(value, list | tuple) and all(isinstance(each, str) for each in value)
    if not (isinstance(value, str) or several):
        raise ValueError('must be a text, or a list of texts: "CT" or ["CT", "MR"]')
    return value


def _patterns(value: str | tuple[str, ...]) -> str | tuple[str, ...]:
    patterns = alternatives(value)
    if not patterns:
        raise ValueError("an empty list would match nothing; leave it out to match all")
    if not all(0 < len(each) <= LONGEST_PATTERN for each in patterns):
        # What is absent is not to be told from what cannot be read: no route asks for that.
        raise ValueError(f"must be 1 to {LONGEST_PATTERN} characters")
    return value


def _of_ae_titles(value: str | tuple[str, ...]) -> str | tuple[str, ...]:
    for each in alternatives(value):
        if len(each.replace("*", "")) > LONGEST_AE_TITLE:
            raise ValueError(f"{each!r} matches no AE title: they have 16 characters at most")
    return value


def alternatives(value: str | tuple[str, ...]) -> tuple[str, ...]:
    """A condition may be one value or several."""
    return (value,) if isinstance(value, str) else value


Patterns = Annotated[str | tuple[str, ...], BeforeValidator(_listed), AfterValidator(_patterns)]
AeTitles = Annotated[Patterns, AfterValidator(_of_ae_titles)]
Networks = Annotated[str | tuple[str, ...], BeforeValidator(_listed), AfterValidator(_networks)]
Status = Annotated[str, BeforeValidator(_hexadecimal), AfterValidator(_failure)]
Reason = Annotated[str, AfterValidator(_reason)]


class Routing(Section):
    """How [[routes]] are read, and where instances go that match none."""

    match: Literal["first", "all"] = Field(
        default="first",
        description="first: the first route that matches decides; all: every one that matches "
        "adds its destinations, and one that refuses wins.",
    )
    unmatched: Literal["default", "refuse"] = Field(
        default="default",
        description="What happens to instances that match no route: default_to, or refusal.",
    )
    unmatched_status: Status = Field(
        default="0124", description="Status of that refusal, hexadecimal: 0124, A700, C000."
    )
    default_to: tuple[str, ...] = Field(
        default=(),
        description="Destinations where no route names any; empty: the first with an upload_uri.",
    )


class Route(Section):
    """Which destinations a C-STORE or C-FIND goes to, or none.

    All conditions must hold. Each is a pattern with * and ?, or a list of which one must match.
    """

    called_ae: AeTitles = Field(default="*", description="AE title called: CT* or a list.")
    calling_ae: AeTitles = Field(default="*", description="AE title of the caller.")
    network: Networks = Field(
        default=(), description="Networks, as 10.1.0.0/16, of the peer's address; empty: any."
    )
    modality: Patterns = Field(
        default="*", description="Modality (0008,0060). An absent attribute matches * alone."
    )
    sop_class: Patterns = Field(default="*", description="SOP Class UID (0008,0016).")
    station_name: Patterns = Field(
        default="*", description="Station Name (0008,1010), in any case."
    )
    institution: Patterns = Field(
        default="*",
        description="Institution Name (0008,0080), in any case; read as UTF-8 or ISO_IR 100.",
    )
    manufacturer: Patterns = Field(
        default="*", description="Manufacturer (0008,0070), in any case."
    )
    action: Literal["upload", "refuse", "discard"] = Field(
        default="upload",
        description="upload: to upload_to; refuse: answer status; discard: answer Success, keep "
        "nothing and count.",
    )
    upload_to: tuple[str, ...] = Field(
        default=(), description="Destinations that get a copy each; left out: routing.default_to."
    )
    status: Status = Field(default="0124", description="Status of a refusal, hexadecimal.")
    reason: Reason = Field(
        default="",
        max_length=LONGEST_REASON,
        description="Why it is refused, told to the modality too, or discarded.",
    )
    worklist_from: str | None = Field(
        default=None, description="Destination that answers the worklist."
    )
    urgent: bool = Field(default=False, description="Send ahead of what is routine.")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.action == "upload" and "upload_to" in self.model_fields_set and not self.upload_to:
            raise ValueError(
                "upload_to: an empty list names nowhere; leave it out for routing.default_to, or "
                'say action = "discard" or "refuse" with a reason'
            )
        if self.action == "upload":
            if self.reason:
                raise ValueError('reason: needs action = "refuse" or "discard"')
            return self
        if self.upload_to:
            raise ValueError(f'upload_to: nothing is uploaded by action = "{self.action}"')
        if not self.reason:
            raise ValueError(f'action = "{self.action}" needs a reason')
        return self
