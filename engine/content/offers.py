"""When an offer ends: so long after its letter was sent, or with a last day, whichever comes first."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from engine.model.duration import Duration


def expiry(
    valid_for: Duration | None, until: date | None, sent_at: datetime, zone: ZoneInfo
) -> datetime | None:
    """When a code given in a letter of `sent_at` ends, UTC; None when it never does.

    `valid_for` counts in the calendar of `zone`, so that "14 days" is 14 days across a change of clocks;
    `until` includes its whole day there. The earlier of the two counts.
    """
    ends = []
    if valid_for:
        ends.append(valid_for.after(sent_at.astimezone(zone)).astimezone(UTC))
    if until:
        ends.append(datetime.combine(until + timedelta(days=1), time(), zone).astimezone(UTC))
    return min(ends, default=None)


def is_over(until: date | None, at: datetime, zone: ZoneInfo) -> bool:
    """Whether the offer's last day has passed at `at`: nobody may be sent it any more."""
    ends = expiry(None, until, at, zone)
    return ends is not None and ends <= at
