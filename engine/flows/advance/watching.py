"""One campaign's watch from look to look: when it is to be looked at, and what is written down afterwards. Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import blake2b
from zoneinfo import ZoneInfo

from engine.calendar import GRACE, clock_of, occurrences
from engine.definitions.schema.schedule import Schedule
from engine.definitions.schema.wording import IfLate
from engine.store import watches
from engine.store.watches import Watch

REFRESH = timedelta(minutes=10)
"""So far behind the present a watch may be written down: a row for every campaign at every look would be a flood."""

FARTHEST = timedelta(days=1)
"""So far ahead a look is put off at most, though nothing comes: zones change their rules meanwhile."""

STEP_BACK = timedelta(minutes=1)
"""A clock that goes back by less than this was only put right."""

FIRST_TRY, LAST_TRY = timedelta(minutes=1), timedelta(minutes=15)
"""What could not be planned is tried again after this long, twice as long each time. The longest is well below the
time in which an occurrence is not late, and tells that somebody still attends to it."""


def revision_of(schedule: Schedule, zone: ZoneInfo) -> str:
    """Says whether a schedule is still the one that was looked at. `zone`: the project's."""
    written = f"{zone.key}\n{schedule.model_dump_json()}"
    return blake2b(written.encode(), digest_size=8).hexdigest()


def begin(campaign: str, schedule: Schedule, revision: str, now: datetime, zone: ZoneInfo) -> Watch:
    """A campaign is watched from now on: nothing of its past is due."""
    return Watch(campaign, now, next_look(schedule, now, zone), revision, now)


def put_right(watch: Watch, now: datetime) -> Watch:
    """The same watch on a clock that was set back: what has run stays done, and time goes on from here."""
    if now >= watch.looked_at - STEP_BACK:
        return watch
    return replace(watch, looked_at=now, next_at=now, problem_at=None)


def is_due(watch: Watch, revision: str, now: datetime) -> bool:
    """Whether the calendar must be looked at now."""
    return watch.revision != revision or (watch.next_at is not None and watch.next_at <= now)


def may_try(watch: Watch, now: datetime) -> bool:
    """Whether what could not be planned may be tried again; true where nothing went wrong."""
    return not watch.problem or watch.next_at is None or watch.next_at <= now


def is_stale(watch: Watch, now: datetime) -> bool:
    """Whether a watch of which nothing is due is to be written down as looked at."""
    return not watch.problem and now - watch.looked_at >= REFRESH


def looked(watch: Watch, schedule: Schedule, revision: str, now: datetime, zone: ZoneInfo) -> Watch:
    """Everything up to now is dealt with."""
    return Watch(watch.campaign, now, next_look(schedule, now, zone), revision, watch.since)


def failed(watch: Watch, revision: str, problem: str, now: datetime) -> Watch:
    """Something after `looked_at` could not be planned: it stays due, and is tried again a little later."""
    pause = min(LAST_TRY, FIRST_TRY * 2 ** min(watch.tries, 8))
    return replace(
        watch,
        revision=revision,
        next_at=now + pause,
        problem=problem,
        problem_at=now,
        tries=watch.tries + 1,
    )


def next_look(schedule: Schedule, now: datetime, zone: ZoneInfo) -> datetime | None:
    """When there may be something to do; None when nothing comes any more."""
    # A schedule with `when` has no occurrences of its own.
    coming = next(occurrences(schedule, now, zone), None)
    if coming is None:
        return None
    return min(coming.opens(clock_of(schedule, zone)), now + FARTHEST)


def attended(watch: Watch) -> datetime:
    """Until when somebody is known to have looked after the campaign."""
    return max(watch.looked_at, watch.problem_at or watch.looked_at)


def too_late_before(if_late: IfLate | None, now: datetime) -> datetime:
    """Letters whose own moment was earlier than this and that nobody attended to are too late."""
    within = if_late.within if if_late is not None else None
    latest = now - GRACE
    try:
        return latest if within is None else min(latest, within.before(now))
    except (OverflowError, ValueError):
        return watches.NEVER
