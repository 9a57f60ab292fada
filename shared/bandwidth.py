"""How many bytes a second may go to a destination, by hour and day: a thin line has other uses."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, time
from typing import Annotated, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DAYS: tuple[Day, ...] = (
    "mon",
    "tue",
    "wed",
    "thu",
    "fri",
    "sat",
    "sun",
)  # as datetime.weekday() counts
LEAST = 1000  # bytes a second; below that an image takes all night
UNLIMITED = 0


def _clock(value: object) -> object:
    """HH:MM, and 24:00 as the end of a day."""
    if isinstance(value, str) and re.fullmatch(r"\d\d:\d\d", value):
        return time.max if value == "24:00" else value
    return value if isinstance(value, time) else ""  # refused with a message about times


Clock = Annotated[time, BeforeValidator(_clock)]


class Hours(BaseModel):
    """A part of the week, in the local time of the uploader (its TZ)."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    bandwidth: int = Field(ge=0, description="Bytes a second while it lasts; 0: as many as can be.")
    days: tuple[Day, ...] = Field(default=DAYS, min_length=1, description="mon to sun.")
    begin: Clock = Field(default=time.min, description="HH:MM.")
    end: Clock = Field(
        default=time.max, description="HH:MM; before begin: on the next day. 24:00: the day's end."
    )

    @model_validator(mode="after")
    def _useful(self) -> Self:
        if 0 < self.bandwidth < LEAST:
            raise ValueError(f"bandwidth must be 0 or at least {LEAST} bytes a second")
        return self

    def holds(self, now: datetime) -> bool:
        at = now.time()
        today, yesterday = DAYS[now.weekday()], DAYS[now.weekday() - 1]
        if self.begin < self.end:
            return today in self.days and self.begin <= at < self.end
        return (today in self.days and at >= self.begin) or (
            yesterday in self.days and at < self.end
        )


def local_now() -> datetime:
    return datetime.now(UTC).astimezone()


def allowed(bandwidth: int, hours: Sequence[Hours], now: datetime) -> int:
    """Bytes a second: of the first hours that hold, else `bandwidth`; 0 is UNLIMITED."""
    return next((each.bandwidth for each in hours if each.holds(now)), bandwidth)
