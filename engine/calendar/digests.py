"""Which period an owner's digest is for: the last day or week that has come to its hour. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from engine.calendar.moments import first_instant
from engine.definitions.schema.digest import DigestRhythm

ONE_DAY, ONE_WEEK = timedelta(days=1), timedelta(weeks=1)


@dataclass(frozen=True, slots=True)
class Period:
    """One period. `name`: unique for the owner, `2026-11-23` or `2026-W48`. `begins`: when the one before was due.

    `due_at`: when the digest is; `following`: when the next one is.
    """

    name: str
    begins: datetime
    due_at: datetime
    following: datetime

    def is_due(self, now: datetime) -> bool:
        """Whether the digest may still go: until half of the time to the next one has passed."""
        return self.due_at <= now < self.due_at + (self.following - self.due_at) / 2


def period_at(rhythm: DigestRhythm, now: datetime, zone: ZoneInfo) -> Period:
    """The period whose hour came last."""
    step = ONE_DAY if rhythm.weekday is None else ONE_WEEK
    day = now.astimezone(zone).date()
    if rhythm.weekday is not None:
        day -= timedelta(days=(day.weekday() - rhythm.weekday.number) % 7)
    if _hour(rhythm, day, zone) > now:
        day -= step
    year, week, _ = day.isocalendar()
    return Period(
        day.isoformat() if rhythm.weekday is None else f"{year}-W{week:02d}",
        _hour(rhythm, day - step, zone),
        _hour(rhythm, day, zone),
        _hour(rhythm, day + step, zone),
    )


def _hour(rhythm: DigestRhythm, day: date, zone: ZoneInfo) -> datetime:
    return first_instant(datetime.combine(day, rhythm.at), zone)
