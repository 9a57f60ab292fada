"""How many bytes a second may go to a destination, by hour and day: a thin line has other uses."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, time
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from shared.section import Section

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
# As datetime.weekday() counts.
DAYS: tuple[Day, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
LEAST = 1000  # bytes a second; below that an image takes all night
UNLIMITED = 0


def _clock(value: object) -> object:
    """HH:MM, and 24:00 as the end of a day."""
    if isinstance(value, str) and re.fullmatch(r"\d\d:\d\d", value):
        return time.max if value == "24:00" else value
    return value if isinstance(value, time) else ""  # refused with a message about times


def _bandwidth(value: int) -> int:
    if 0 < value < LEAST:
        raise ValueError(f"must be 0 or at least {LEAST} bytes a second")
    return value


Bandwidth = Annotated[int, AfterValidator(_bandwidth)]
Clock = Annotated[time, BeforeValidator(_clock)]


class Hours(Section):
    """A part of the week, in the local time of the uploader (its TZ)."""

    bandwidth: Bandwidth = Field(
        ge=0, description="Bytes a second while it lasts; 0: as many as can be."
    )
    days: tuple[Day, ...] = Field(default=DAYS, min_length=1, description="mon to sun.")
    begin: Clock = Field(default=time.min, description="HH:MM.")
    end: Clock = Field(
        default=time.max, description="HH:MM; before begin: on the next day. 24:00: the day's end."
    )

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
