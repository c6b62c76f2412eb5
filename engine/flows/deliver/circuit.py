"""What a call tells about its way out: slower after trouble, closed after too much of it, open again. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from engine.flows.deliver.pace import (
    CLOSED_SECONDS,
    LONGEST_PAUSE,
    TRIP,
    Limit,
    closed_for,
    is_closed,
    later,
    narrowed,
    slowed_to,
)
from engine.logs import scrubbed
from engine.store.pace import Pace

FIRST_PAUSE = 1.0
ASSUMED = 50.0
"""Letters a second that every way out is believed to take, until trouble has proved otherwise."""

LEAST = 0.2
"""Letters a second below which nothing is slowed: one in five seconds."""

SLOW_START = 20
"""After an outage a way out begins at this fraction of its speed."""


@dataclass(frozen=True, slots=True)
class Told:
    """What a call told. `began`: when it was made.

    `answered`: some letter was taken or turned down. `trouble`: why others were not taken, in words; "" where
    all went well. `turned_away`: it was not taken as a whole, as happens to who comes too fast. `wish`: the
    provider's own wait in seconds.
    """

    began: datetime
    answered: bool
    trouble: str = ""
    turned_away: bool = False
    wish: float | None = None


def after_call(
    pace: Pace | None, told: Told, now: datetime, *, limit: Limit | None, measured: float
) -> Pace | None:
    """What is known of the way out after a call; None where there is nothing new.

    `measured`: letters a second that this process saw leave, for ways out without a limit.
    """
    if not told.trouble:
        return _after_success(pace, told, now, limit)
    if pace is not None and told.began < pace.changed_at:
        return _after_old_trouble(pace, told, now)
    failures = 1 if told.answered or pace is None else pace.failures + 1
    if failures >= TRIP:
        pause = max(told.wish or 0.0, CLOSED_SECONDS)
    else:
        pause = told.wish or FIRST_PAUSE * 2 ** (failures - 1)
    known = pace or Pace(0.0, now, now)
    if told.turned_away:
        known = _slower(known, now, limit, measured)
    else:
        known = replace(known, rate=slowed_to(known, now))
    return replace(
        known,
        failures=failures,
        open_until=later(now, min(pause, LONGEST_PAUSE)),
        probe=None,
        # Kept for people to read, in a row that outlives whoever a provider's words may name.
        reason=scrubbed(told.trouble),
        # The beginning of an outage is kept while it lasts.
        changed_at=known.changed_at if failures > TRIP else now,
    )


def _slower(pace: Pace, now: datetime, limit: Limit | None, measured: float) -> Pace:
    """At half its speed."""
    bucket = narrowed(pace, limit, now)
    speed = bucket.rate if bucket is not None else max(measured, ASSUMED)
    return replace(pace, rate=max(LEAST, speed / 2), ceiling=_ceiling(pace, limit, speed))


def _ceiling(pace: Pace, limit: Limit | None, speed: float) -> float:
    return limit.rate if limit is not None else max(speed, pace.ceiling or 0.0)


def _after_success(pace: Pace | None, told: Told, now: datetime, limit: Limit | None) -> Pace | None:
    if pace is None or (pace.failures == 0 and pace.open_until is None) or told.began < pace.changed_at:
        return None
    better = replace(pace, failures=0, open_until=None, probe=None, reason="")
    if not is_closed(pace):
        return better
    ceiling = _ceiling(pace, limit, 0.0) or ASSUMED
    return replace(
        better,
        tokens=0.0,
        refilled_at=now,
        rate=max(LEAST, ceiling / SLOW_START),
        ceiling=ceiling,
        changed_at=now,
    )


def _after_old_trouble(pace: Pace, told: Told, now: datetime) -> Pace | None:
    """Trouble of a call that was under way when trouble was noted: no second reason, but perhaps a longer wish."""
    if told.wish is None or is_closed(pace):
        return None
    until = later(now, min(told.wish, LONGEST_PAUSE))
    return replace(pace, open_until=until) if pace.open_until is None or until > pace.open_until else None


def in_words(name: str, pace: Pace, now: datetime) -> str:
    """How a way out stands, in a sentence; "" where all is well."""
    seconds = closed_for(pace, now)
    if is_closed(pace):
        again = f"; it is tried again in {seconds:.0f} s" if seconds else ""
        return f"{name} has taken nothing since {pace.changed_at:%H:%M} UTC: {pace.reason}{again}"
    if seconds:
        return f"{name} asks for patience until {pace.open_until:%H:%M:%S} UTC: {pace.reason}"
    if (rate := slowed_to(pace, now)) is not None:
        return f"{name} is slowed to {rate:.1f} letters a second: {pace.reason or 'it was in trouble'}"
    return ""
