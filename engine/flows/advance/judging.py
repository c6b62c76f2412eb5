"""What becomes of every occurrence that has passed since the last look: it is due, or it was missed. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from engine.calendar import ONCE, Missed, Occurrence, between, clock_of, lateness, named, prompted
from engine.definitions.schema.schedule import Schedule
from engine.definitions.schema.wording import IfLate
from engine.store import runs
from engine.store.watches import Watch

LONGEST_LOOK = timedelta(days=400)
"""Whoever was away for longer does not want a row for every day before that."""

NOT_BEGUN = frozenset({runs.PLANNING, runs.AWAITING, runs.READY})
"""Half a plan of a dead process, and a plan nobody has begun to send: the occurrence is still to be dealt with."""

SUPERSEDED = "the next one came before it could be sent"


@dataclass(frozen=True, slots=True)
class Due:
    """To be planned and sent. `if_late`: what counts for letters whose own moment has passed."""

    occurrence: Occurrence
    due_at: datetime
    if_late: IfLate | None


@dataclass(frozen=True, slots=True)
class Passed:
    """Not to be sent any more by itself; `reason` is for people."""

    occurrence: Occurrence
    due_at: datetime
    reason: str


def passed_since(schedule: Schedule, watch: Watch, now: datetime, zone: ZoneInfo) -> list[Occurrence]:
    """Everything that opened after the last look and not after now, the earliest first."""
    after = max(watch.looked_at, now - LONGEST_LOOK)
    return list(between(schedule, after, now, zone))


def prompted_by(
    schedule: Schedule,
    watch: Watch,
    newest: datetime | None,
    last: datetime | None,
    now: datetime,
    zone: ZoneInfo,
) -> Due | None:
    """What new posts make due now, for a schedule with `when`; None without any, and while they have to wait.

    `newest`: since when the newest post of the campaign's feeds is news. `last`: when the campaign's last run was
    planned; posts from before it, or from before the campaign was watched, make nothing due.
    """
    if newest is None or newest <= max(last or watch.since, watch.since):
        return None
    occurrence = prompted(schedule, now, zone)
    return Due(occurrence, now, None) if occurrence is not None else None


def before_the_watch(schedule: Schedule, since: datetime, zone: ZoneInfo) -> Occurrence | None:
    """The single moment of a campaign that was first seen after it; every other schedule has another time."""
    if schedule.once is None:
        return None
    only = named(schedule, ONCE, since, zone)
    return only if only is not None and only.opens(clock_of(schedule, zone)) <= since else None


def judge(
    schedule: Schedule,
    found: Sequence[Occurrence],
    states: Mapping[str, str],
    halted: str,
    now: datetime,
    zone: ZoneInfo,
) -> list[Due | Passed]:
    """What becomes of each, in order; those whose run has begun, or ended, are left out.

    Args:
        found: what opened since the last look, the earliest first.
        states: of those that have a run.
        halted: why nothing of the campaign is to leave, or "".
        zone: the project's.

    Only the latest may be sent late: nobody gets three letters because the machine slept for three days. Days of a
    schedule by a date of the customer's own are other people's each, so that all of them may.
    """
    clock = clock_of(schedule, zone)
    by_date = schedule.before is not None or schedule.after is not None
    decided: list[Due | Passed] = []
    for occurrence in found:
        if states.get(occurrence.name, runs.PLANNING) not in NOT_BEGUN:
            continue
        opens, closes = occurrence.opens(clock), occurrence.closes(clock)
        rule = schedule.if_late if by_date or occurrence is found[-1] else None
        alone = lateness(schedule.if_late, closes, now)
        if halted:
            decided.append(Passed(occurrence, opens, halted))
        elif isinstance(alone, Missed):
            decided.append(Passed(occurrence, opens, alone.reason))
        elif isinstance(lateness(rule, closes, now), Missed):
            decided.append(Passed(occurrence, opens, SUPERSEDED))
        else:
            decided.append(Due(occurrence, opens, rule))
    return decided
