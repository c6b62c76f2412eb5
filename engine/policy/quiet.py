"""Quiet hours and closed days on a person's own clock, and the next moment outside them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from engine.calendar import first_instant
from engine.policy.windows import ONE_DAY, midnight

MOST_STEPS = 20
"""A week of closed days and as many quiet nights, with room for a change of clocks."""


@dataclass(frozen=True, slots=True)
class Quiet:
    """Hours from `begin` up to, not including, `end`, over midnight where `end` is earlier; None: no hours.

    `days`: closed days, 0 for Monday. `zone`: `recipient`, `project` or a zone's name. `hours_at`, `days_at`: the
    file and line of each rule.
    """

    begin: time | None = None
    end: time | None = None
    days: frozenset[int] = frozenset()
    zone: str = "recipient"
    hours_at: str = ""
    days_at: str = ""

    def clock(self, own: ZoneInfo, project: ZoneInfo) -> ZoneInfo:
        """Whose clock the hours are read on, for somebody of the zone `own`."""
        return {"recipient": own, "project": project}.get(self.zone) or ZoneInfo(self.zone)

    def is_quiet(self, clock: time) -> bool:
        """Whether nothing is sent at this time of day."""
        if self.begin is None or self.end is None or self.begin == self.end:
            return False
        if self.begin < self.end:
            return self.begin <= clock < self.end
        return clock >= self.begin or clock < self.end


def next_open(quiet: Quiet, zone: ZoneInfo, moment: datetime) -> datetime:
    """The moment itself where it is open there, else the first one after it that is."""
    for _ in range(MOST_STEPS):
        local = moment.astimezone(zone)
        if local.weekday() in quiet.days:
            moment = midnight(local.date() + ONE_DAY, zone)
        elif quiet.is_quiet(local.time()):
            assert quiet.end is not None
            day = local.date() if local.time() < quiet.end else local.date() + ONE_DAY
            moment = _after(day, quiet.end, zone, moment)
        else:
            return moment
    return moment


def _after(day: date, clock: time, zone: ZoneInfo, moment: datetime) -> datetime:
    """That time of that day; where clocks go back, the one of the two that lies ahead."""
    wall = datetime.combine(day, clock)
    found = first_instant(wall, zone)
    return found if found > moment else wall.replace(tzinfo=zone, fold=1).astimezone(UTC)
