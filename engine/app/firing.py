"""Wiring for one occurrence whose moment has come: planned unless it is already, and begun."""

from __future__ import annotations

from datetime import datetime

from engine.app import approving, running
from engine.app.desk import Desk
from engine.calendar import RECIPIENT, Missed, lateness, named
from engine.definitions.schema.campaign import Campaign
from engine.flows.advance.judging import Due
from engine.flows.plan.timing import Waves, dates_of
from engine.model.counts import ahead
from engine.model.tick import Planned, Skipped
from engine.store import counts, runs
from engine.store.crash import crash
from engine.store.ledger import closing


def fire(desk: Desk, campaign: Campaign, due: Due) -> Planned:
    """The occurrence's run, planned and open for sending. Raises whatever stands against that; nothing is kept then.

    What a person has planned already, and not begun, is begun as it is. What needs approval waits for it.
    """
    campaign = desk.campaign(campaign.campaign)
    running.check_sendable(desk, campaign, desk.now)
    schedule = campaign.schedule
    assert schedule is not None
    # Columns are added in a transaction of their own, before ours begins.
    assert desk.fields is not None
    waves = None
    if schedule.when is None and schedule.time_zone == RECIPIENT:
        waves = Waves(due.occurrence, desk.zone, desk.now, True, due.if_late, schedule.window)
    dates = dates_of(campaign, due.occurrence.name, due.due_at, desk.zone)
    made = running.Draft(campaign, due.occurrence.name, desk.now, waves=waves, dates=dates)
    run, _ = running.make_run(desk, made, saving=running.Saving.LARGE)
    approving.check_at_its_moment(desk, run)
    return begin(desk, run, due.due_at)


def fire_by_itself(desk: Desk, name: str) -> Planned | None:
    """A campaign's present occurrence, planned and open for sending, unless it is already; for those without a calendar.

    Raises whatever stands against it; nothing is kept then.
    """
    running.check_sendable(desk, desk.campaign(name), desk.now)
    run, fresh = running.make_run(desk, running.draft(desk, name, None), saving=running.Saving.LARGE)
    return begin(desk, run, desk.now) if fresh and run.state == runs.READY else None


def start_approved(desk: Desk, campaign: Campaign, waiting: runs.Waiting) -> Planned | Skipped | None:
    """A run that was due while it waited for a person's word: begun now, or missed where that is too late.

    None where somebody else has begun it.
    """
    schedule, due_at = campaign.schedule, waiting.due_at or desk.now
    occurrence = named(schedule, waiting.occurrence, due_at, desk.zone) if schedule is not None else None
    closes = due_at
    if schedule is not None and occurrence is not None and schedule.time_zone == RECIPIENT:
        closes = occurrence.closes(RECIPIENT)
    verdict = lateness(schedule.if_late if schedule is not None else None, closes, desk.now)
    if not isinstance(verdict, Missed):
        with desk.database.read() as connection:
            run = runs.get(connection, waiting.run)
        if run is None or run.state != runs.READY:
            return None
        approving.check_at_its_moment(desk, run)
        return begin(desk, run, due_at)
    reason = f"approved too late: {verdict.reason}"
    with desk.database.write() as connection:
        missed = closing.miss(connection, waiting.run, reason, desk.now)
    return Skipped(waiting.campaign, waiting.occurrence, due_at, reason) if missed else None


def begin(desk: Desk, run: runs.Run, due_at: datetime) -> Planned:
    """Opens the run for sending; one without letters is over at once."""
    with desk.database.write() as connection:
        runs.take_up(connection, run.id, due_at)
        runs.change(connection, run.id, runs.READY, runs.SENDING, desk.now)
        closing.finish(connection, run.id, desk.now)
        found = runs.get(connection, run.id) or run
        letters = counts.counts(connection, run.id).pending
        waiting = sum(wave.people for wave in ahead(counts.waves(connection, run.id), desk.now))
    crash("after_begin")
    return Planned(run.campaign, run.occurrence, run.id, found.state, due_at, letters, waiting)
