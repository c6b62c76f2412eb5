"""Wiring for floors: whoever would not hear from us in time gets a letter that is no sale, or their person a task."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import TYPE_CHECKING

from engine.app import approving, running, silence
from engine.app.desk import Desk
from engine.app.firing import begin
from engine.audience import silences_acted, silences_prevented
from engine.definitions.schema.campaign import Campaign
from engine.errors import TouchbaseError
from engine.flows.plan.silences import OCCURRENCE, OWNER, TASK, Silences, last_day
from engine.model.tick import Planned, Trouble
from engine.store import meta, pauses, runs, turns
from engine.store.crash import crash

if TYPE_CHECKING:
    from sqlalchemy import Connection, Select

FILLED, HINDERED, NOTED = "floors_filled", "floors_hindered", "floors_noted"
"""Where the database keeps the last day on which everything was done, since which day something stands against it, and
when missed floors were noted last."""


class NobodyLeft(Exception):
    """Leaves the planning of a filler that nobody needs, so that no empty run is kept."""


@dataclass(slots=True)
class Filled:
    """What was done: runs that were planned and begun, tasks made, floors that were missed, and what went wrong."""

    planned: list[Planned] = field(default_factory=list)
    tasks: int = 0
    missed: int = 0
    troubles: list[Trouble] = field(default_factory=list)

    @property
    def did(self) -> list[str]:
        """What was done besides planning, in words."""
        tasks = "1 task for an owner" if self.tasks == 1 else f"{self.tasks:,} tasks for owners"
        missed = f"{self.missed:,} floors missed, each with its reason"
        missed = "1 floor missed, with its reason" if self.missed == 1 else missed
        return [
            *([f"{tasks}, so that nobody is forgotten"] if self.tasks else []),
            *([missed] if self.missed else []),
        ]

    @property
    def words(self) -> str:
        """For the job's outcome; "" where nothing was done."""
        planned = [
            f"planned {one.campaign} {one.occurrence}: {one.letters:,} letters" for one in self.planned
        ]
        return "; ".join([*planned, *self.did])


def fill(desk: Desk, *, at_any_time: bool = False) -> Filled:
    """Once a day: floors that were missed go on record, and from `cadence.at` on silences are prevented.

    Doing it twice does nothing twice, whoever else does it; what a dead process left is gone on with. Where a campaign
    cannot be planned, the rest waits for it until the next day. `at_any_time`: whatever the time of day is.
    """
    question, done = silence.asked(desk), Filled()
    if question is None:
        return done
    local = desk.now.astimezone(desk.zone)
    today, is_time = local.date(), at_any_time or local.time() >= question.floors.at
    if _is_done(desk, today) or not (is_time or _last_noted(desk, today)[0]):
        return done
    with turns.alone(desk.database, "floors"):
        if _is_done(desk, today):
            return done
        to_note, since = _last_noted(desk, today)
        if to_note:
            done.missed = _note_missed(desk, question, since)
            crash("after_missed")
        if is_time:
            _fill(desk, question, today, done)
    return done


def _is_done(desk: Desk, today: date) -> bool:
    with desk.database.read() as connection:
        return meta.value(connection, FILLED) == today.isoformat()


def _last_noted(desk: Desk, today: date) -> tuple[bool, datetime | None]:
    """Whether missed floors are still to be noted today, and when they were last; None where they never were."""
    with desk.database.read() as connection:
        written = meta.value(connection, NOTED)
    if written is None:
        return True, None
    last = datetime.fromisoformat(written)
    return last.astimezone(desk.zone).date() < today, last


def _note_missed(desk: Desk, question: Silences, since: datetime | None) -> int:
    """Events for the floors that were missed since the last time, each with the reason why nothing prevented it."""
    with desk.database.write() as connection:
        outlook = question.lay_missed_out(connection, since)
        silences_acted.forget_told(connection, outlook)
        silences_acted.blame_what_waits(connection, TASK)
        if silences_prevented.any_left(connection):
            fillers = [name for name in question.floors.fill if name != OWNER]
            only_letters = replace(question, floors=replace(question.floors, fill=tuple(fillers)))
            silence.prevent(desk, connection, only_letters, keep=False)
        meta.put(connection, NOTED, desk.now.isoformat())
        return silences_acted.note_missed(connection, outlook, desk.now)


def _fill(desk: Desk, question: Silences, today: date, done: Filled) -> None:
    fillers = {campaign.campaign: campaign for campaign in question.fillers()}
    with desk.database.read() as connection:
        halted = {paused.campaign for paused in pauses.standing(connection)}
    for name in question.floors.fill:
        if name == OWNER:
            done.tasks += _make_tasks(desk, question, today)
            crash("after_floor_tasks")
        elif name in fillers and name not in halted:
            try:
                _plan(desk, question, fillers[name], today, done)
            except NobodyLeft:
                continue
            except TouchbaseError as error:
                occurrence = OCCURRENCE.format(today)
                done.troubles.append(
                    Trouble(name, f"{occurrence}: {error.message}", error.help or "", error.exit_code)
                )
                if not _is_hindered_since_before(desk, today):
                    return
            crash("after_filler")
    with desk.database.write() as connection:
        meta.put(connection, FILLED, today.isoformat())
        if not done.troubles:
            meta.put(connection, HINDERED, "")


def _is_hindered_since_before(desk: Desk, today: date) -> bool:
    """Whether something stood against it yesterday already: then it keeps the other fillers up no longer."""
    with desk.database.write() as connection:
        since = meta.value(connection, HINDERED) or ""
        if not since:
            meta.put(connection, HINDERED, today.isoformat())
    return bool(since) and since < today.isoformat()


def _plan(desk: Desk, question: Silences, campaign: Campaign, today: date, done: Filled) -> None:
    """A run of the campaign for those of its audience who would not hear from us in time, and nobody else."""
    running.check_sendable(desk, campaign, desk.now)

    def among(connection: Connection) -> Select[tuple[int]]:
        question.lay_out(connection, last_day(question.floors, today), in_turn=True)
        candidates = question.candidates(campaign)
        if not silences_prevented.any_open(connection, candidates):
            raise NobodyLeft
        return silences_prevented.open_customers(candidates)

    made = running.Draft(campaign, OCCURRENCE.format(today), desk.now, among=among)
    run, _ = running.make_run(desk, made, saving=running.Saving.LARGE)
    approving.check_at_its_moment(desk, run)
    if run.state in (runs.READY, runs.AWAITING):
        done.planned.append(begin(desk, run, desk.now))


def _make_tasks(desk: Desk, question: Silences, today: date) -> int:
    """A task for the owner of everybody for whom nothing else is done."""
    with desk.database.write() as connection:
        outlook = question.lay_out(connection, last_day(question.floors, today), in_turn=True)
        silences_prevented.prevented_by_tasks(connection, TASK)
        return silences_acted.make_tasks(connection, outlook, desk.now)
