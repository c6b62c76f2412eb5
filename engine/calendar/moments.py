"""From the wall to the world: the instant at which a local day and time comes, in one zone or in all of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

RECIPIENT: Literal["recipient"] = "recipient"
Clock = ZoneInfo | Literal["recipient"]
"""Whose wall shows the time: one zone, or each reader's own."""

# The first and the last place to reach a wall time: Kiritimati at UTC+14, Baker Island at UTC-12. Nowhere was
# further out since 1995, when Kiribati moved the date line.
EARLIEST_OFFSET = timedelta(hours=14)
LATEST_OFFSET = timedelta(hours=-12)


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One time a campaign happens: its name in the ledger, and the local day and time."""

    name: str
    day: date
    time: time

    def at(self, zone: ZoneInfo) -> datetime:
        """The UTC instant at which that zone's wall first shows this day and time, or something later."""
        return first_instant(datetime.combine(self.day, self.time), zone)

    def opens(self, clock: Clock) -> datetime:
        """The first UTC instant at which it is due for somebody."""
        if clock == RECIPIENT:
            return datetime.combine(self.day, self.time, UTC) - EARLIEST_OFFSET
        return self.at(clock)

    def closes(self, clock: Clock) -> datetime:
        """The UTC instant at which it is due for the last one; the same as `opens` on one zone's clock."""
        if clock == RECIPIENT:
            return datetime.combine(self.day, self.time, UTC) - LATEST_OFFSET
        return self.at(clock)


def first_instant(wall: datetime, zone: ZoneInfo) -> datetime:
    """The first UTC instant at which the clocks of `zone` show `wall` (without a zone) or have passed it.

    Where clocks go back the first of the two; where they go forward over it, the moment of the change; where a
    whole day is missing, the first instant of the next.
    """
    early = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if early.astimezone(zone).replace(tzinfo=None) == wall:
        return early
    # Inside a gap the offset before the change (fold=0) gives an instant after it, and the other one an instant
    # before it: the change itself lies in between.
    before, after = wall.replace(tzinfo=zone, fold=1).astimezone(UTC), early
    while after - before > timedelta(seconds=1):
        middle = before + timedelta(seconds=(after - before) // timedelta(seconds=2))
        if middle.astimezone(zone).replace(tzinfo=None) < wall:
            before = middle
        else:
            after = middle
    return after
