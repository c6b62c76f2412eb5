"""When a campaign happens next, as `plan --calendar` shows it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time


@dataclass(frozen=True, slots=True)
class TimetableLine:
    """One occurrence. `opens` and `closes`: the first and the last UTC instant; None where it does not happen.

    `meant`: the day it was meant for, where it moved. `reason`: why it moved or does not happen. `customers`: whose,
    where the schedule counts from a date of theirs.
    """

    occurrence: str
    day: date
    time: time
    opens: datetime | None
    closes: datetime | None
    meant: date | None = None
    reason: str = ""
    customers: str = ""

    def as_json(self) -> dict[str, object]:
        """One object of `occurrences`."""
        return {
            "occurrence": self.occurrence,
            "day": self.day.isoformat(),
            "time": f"{self.time:%H:%M}",
            "happens": self.opens is not None,
            "first": self.opens.isoformat() if self.opens else None,
            "last": self.closes.isoformat() if self.closes else None,
            "moved_from": self.meant.isoformat() if self.meant else None,
            "reason": self.reason or None,
            "customers": self.customers or None,
        }


@dataclass(frozen=True, slots=True)
class Timetable:
    """A campaign's schedule in words, and what comes next."""

    campaign: str
    title: str
    as_of: datetime
    schedule: str
    time_zone: str
    lines: Sequence[TimetableLine]
    notes: Sequence[str] = ()

    def as_json(self) -> dict[str, object]:
        """The object `plan --calendar --json` prints."""
        return {
            "campaign": self.campaign,
            "as_of": self.as_of.isoformat(),
            "schedule": self.schedule,
            "time_zone": self.time_zone,
            "occurrences": [line.as_json() for line in self.lines],
            "notes": list(self.notes),
        }
