"""Hours and days on which nothing leaves: until when a moment has to wait. Exact across changes of the clocks."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Protocol
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from engine.definitions.schema.schedule import Window
    from engine.definitions.schema.wording import Weekday

WEEKDAYS = range(7)

# No zone changes its clocks and changes them back within this time.
STEP = timedelta(hours=6)

# Every window that closes at all does so within a week, and within one more day where a zone leaves a day out.
AHEAD = timedelta(days=9)


class Hours(Protocol):
    """From one time of day until another, which is not part of it; over midnight where `until` is earlier."""

    @property
    def from_(self) -> time:
        """The first quiet time of day."""

    @property
    def until(self) -> time:
        """The first time of day that is not quiet any more."""


def quiet(
    hours: Hours | None, not_on: Collection[Weekday], zone: ZoneInfo, moment: datetime
) -> datetime | None:
    """None when something may leave at `moment`; else the first UTC instant after it at which something may.

    What the clocks of `zone` show decides, also where they show an hour twice. ValueError when there is no such
    instant: every day of the week is closed.
    """
    closed_days = frozenset(day.number for day in not_on)
    return _wait((hours.from_, hours.until) if hours is not None else None, closed_days, zone, moment)


def closed(window: Window | None, zone: ZoneInfo, moment: datetime) -> datetime | None:
    """The same for the window of a schedule: None inside it, else the first UTC instant at which it opens."""
    if window is None:
        return None
    days = frozenset(WEEKDAYS) - {day.number for day in window.days} if window.days else frozenset()
    hours = (window.until, window.from_) if window.until is not None and window.from_ is not None else None
    return _wait(hours, days, zone, moment)


def closes(window: Window | None, zone: ZoneInfo, moment: datetime) -> datetime | None:
    """The first UTC instant after `moment`, at which the window is open, where it is not; None where it never closes.

    A window opens and closes at its own hours, at midnight, or when the clocks are changed: one of these moments of
    the coming nine days is it.
    """
    if window is None:
        return None
    start = moment.astimezone(UTC)
    ends = [time()] if window.until is None else [time(), window.until]
    today = start.astimezone(zone).date()
    walls = [
        datetime.combine(today + timedelta(days=days), end, tzinfo=zone).replace(fold=fold)
        for days in range(AHEAD.days)
        for end in ends
        for fold in (0, 1)
    ]
    candidates = {wall.astimezone(UTC) for wall in walls}
    change = _change(zone, start, start + AHEAD)
    candidates |= {change} if change is not None else set()
    found = (at for at in sorted(candidates) if at > start and closed(window, zone, at) is not None)
    return next(found, None)


def _wait(
    hours: tuple[time, time] | None, closed_days: frozenset[int], zone: ZoneInfo, moment: datetime
) -> datetime | None:
    instant = moment.astimezone(UTC)
    while True:
        # Between two changes the clocks run evenly: what they show is a sum, and what they will show is too.
        wall = instant.astimezone(zone)
        offset = wall.utcoffset() or timedelta()
        opening = (_open_wall(hours, closed_days, wall.replace(tzinfo=None)) - offset).replace(tzinfo=UTC)
        change = _change(zone, instant, opening)
        if change is None or opening < change:
            return None if opening == moment else opening
        instant = change


def _open_wall(hours: tuple[time, time] | None, closed_days: frozenset[int], wall: datetime) -> datetime:
    """The first wall time from `wall` on that is neither on a closed day nor in the hours."""
    for _ in range(16):
        if wall.weekday() in closed_days:
            wall = datetime.combine(wall.date() + timedelta(days=1), time())
            continue
        if hours is None or not _within(hours, wall.time()):
            return wall
        over_midnight = hours[0] > hours[1] and wall.time() >= hours[0]
        wall = datetime.combine(wall.date() + timedelta(days=over_midnight), hours[1])
    raise ValueError("no moment of the week is open")


def _within(hours: tuple[time, time], at: time) -> bool:
    begins, ends = hours
    if begins <= ends:
        return begins <= at < ends
    return at >= begins or at < ends


def _change(zone: ZoneInfo, start: datetime, end: datetime) -> datetime | None:
    """The first instant after `start` and up to `end` at which the clocks of the zone are changed."""
    offset = start.astimezone(zone).utcoffset()
    before = start
    while before < end:
        after = min(before + STEP, end)
        if after.astimezone(zone).utcoffset() != offset:
            while after - before > timedelta(microseconds=1):
                middle = before + (after - before) / 2
                if middle.astimezone(zone).utcoffset() == offset:
                    before = middle
                else:
                    after = middle
            return after
        before = after
    return None
