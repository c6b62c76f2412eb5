"""How many letters may leave now, by what is known of a way out: buckets, slow roads, closed ones. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from engine.store.pace import Pace

TRIP = 3
"""So many failures in a row, and a way out counts as closed: then one worker tries it with one letter."""

CLOSED_SECONDS = 60.0
"""A closed way out is tried once a minute: soon enough for a person who waits, never a burden."""

PROBE_SECONDS = 240.0
"""How long the others wait for a try: longer than any call lasts (network/lane); whoever tried may have died."""

RECOVERY_SECONDS = 60.0
"""A way that was slowed down is back at its old speed after a minute without trouble, rising steadily."""

LONGEST_PAUSE = 3600.0
"""Seconds. A provider that wishes for more is asked again after an hour; no pause of ours lasts longer."""

CAUTION = 8
"""Each failure makes the next batches so many times smaller: an unanswered one then harms few."""

PROBING_WAIT = 1.0
TOLERANCE = 1e-6
"""Letters. Floats do not add up to whole letters exactly."""


@dataclass(frozen=True, slots=True)
class Limit:
    """A bucket: `rate` letters a second flow in, and at most `room` are saved up for later."""

    rate: float
    room: float


def a_second(letters: float) -> Limit:
    """On average so many letters a second; at most one second's worth at once."""
    return Limit(letters, max(1.0, letters))


def a_minute(letters: float) -> Limit:
    """Never more than so many letters in any sixty seconds, wherever they begin.

    A full bucket and what flows in during a minute are together less than one letter more than that.
    """
    room = max(1.0, (letters + 1) / 61)
    return Limit((letters + 1 - room) / 60, room)


@dataclass(frozen=True, slots=True)
class Permit:
    """So many letters may leave. With none: ask again in `wait` seconds, for `reason` where there is trouble.

    `closed`: nobody may use the way out, but for one worker that tries it; `trying`: this is that worker.
    """

    letters: int
    wait: float = 0.0
    reason: str = ""
    closed: bool = False
    trying: bool = False


def permit(
    pace: Pace | None, limit: Limit | None, wanted: int, now: datetime, *, impatient: bool = False
) -> Permit:
    """How many of `wanted` letters may leave now; what follows from it is to be written with `after_permit`.

    Args:
        pace: what is known of the way out; None where nothing is.
        limit: its own, by the workspace; None for none.
        impatient: try a closed way now, because a person asks; a wish of the provider's is respected all the same.
    """
    if pace is not None:
        closed, waiting = is_closed(pace), closed_for(pace, now)
        if impatient and closed and not pace.probe and waiting <= CLOSED_SECONDS:
            waiting = 0.0
        if waiting > 0:
            return Permit(0, PROBING_WAIT if pace.probe else waiting, pace.reason, closed)
        if closed:
            return Permit(1, trying=True)
        wanted = max(1, wanted // CAUTION**pace.failures)
    bucket = narrowed(pace, limit, now)
    if bucket is None:
        return Permit(wanted)
    letters = max(1, min(wanted, int(bucket.room + TOLERANCE)))
    tokens = saved_up(pace, bucket, now)
    if tokens + TOLERANCE < letters:
        return Permit(0, (letters - tokens) / bucket.rate)
    return Permit(letters)


def after_permit(
    pace: Pace | None, limit: Limit | None, given: Permit, now: datetime, worker: str
) -> Pace | None:
    """What is known of the way out once the letters were let go; None where nothing has to be written."""
    if given.trying and pace is not None:
        return replace(pace, open_until=later(now, PROBE_SECONDS), probe=worker)
    bucket = narrowed(pace, limit, now)
    if bucket is None:
        return None
    known = pace or Pace(bucket.room, now, now)
    return replace(known, tokens=saved_up(pace, bucket, now) - given.letters, refilled_at=now)


def closed_for(pace: Pace, now: datetime) -> float:
    """Seconds until a way out may be used again; 0 when it may be now.

    A clock that was set back does not close it for longer than any pause can last.
    """
    if pace.open_until is None:
        return 0.0
    seconds = (pace.open_until - now).total_seconds()
    return seconds if 0 < seconds <= LONGEST_PAUSE * 1.1 else 0.0


def is_closed(pace: Pace) -> bool:
    """Whether the circuit is open: too many failures in a row, and no call has gone well since."""
    return pace.failures >= TRIP


def narrowed(pace: Pace | None, limit: Limit | None, now: datetime) -> Limit | None:
    """The bucket that counts now: the workspace's own, or a narrower one after trouble."""
    slowed = slowed_to(pace, now) if pace is not None else None
    if slowed is None or (limit is not None and slowed >= limit.rate):
        return limit
    return a_second(slowed)


def slowed_to(pace: Pace, now: datetime) -> float | None:
    """Letters a second after trouble; None where nothing slows it, or not any more."""
    if pace.rate is None or pace.ceiling is None:
        return None
    seconds = max(0.0, (now - pace.changed_at).total_seconds())
    risen = pace.rate + pace.ceiling * seconds / RECOVERY_SECONDS
    return risen if risen < pace.ceiling else None


def saved_up(pace: Pace | None, bucket: Limit, now: datetime) -> float:
    """Letters in the bucket now: a new one is full; a clock that was set back fills nothing and empties nothing."""
    if pace is None:
        return bucket.room
    seconds = max(0.0, (now - pace.refilled_at).total_seconds())
    return min(bucket.room, pace.tokens + seconds * bucket.rate)


def later(now: datetime, seconds: float) -> datetime:
    """The moment so many seconds after now."""
    return now + timedelta(seconds=seconds)
