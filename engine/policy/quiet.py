"""Quiet hours and closed days as one rule, on a person's own clock or on another one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time
from functools import lru_cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from engine.calendar.quiet import quiet

if TYPE_CHECKING:
    from engine.definitions.schema.wording import Weekday


@dataclass(frozen=True, slots=True)
class Hours:
    """From one time of day until another, over midnight where that is earlier."""

    from_: time
    until: time


@dataclass(frozen=True, slots=True)
class Quiet:
    """When nothing is sent. `zone`: `recipient`, `project` or a zone's name. `hours_at`, `days_at`: the file and line
    of each rule."""

    hours: Hours | None = None
    not_on: tuple[Weekday, ...] = ()
    zone: str = "recipient"
    hours_at: str = ""
    days_at: str = ""

    def clock(self, own: ZoneInfo, project: ZoneInfo) -> ZoneInfo:
        """Whose clock the hours are read on, for somebody of the zone `own`."""
        return {"recipient": own, "project": project}.get(self.zone) or ZoneInfo(self.zone)

    def closes(self, local: datetime) -> bool:
        """Whether the whole day of that wall-clock moment is closed."""
        return local.weekday() in {day.number for day in self.not_on}


@lru_cache(maxsize=4096)
def next_open(rule: Quiet, zone: ZoneInfo, moment: datetime) -> datetime:
    """The moment itself where it is open there, else the first one after it that is."""
    return quiet(rule.hours, rule.not_on, zone, moment) or moment
