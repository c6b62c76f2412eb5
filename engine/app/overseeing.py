"""Wiring for the verb status: facts gathered from every room at one moment, and what of them needs a person."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from engine import clock
from engine.app import caretaking, feeding, originality
from engine.app.desk import Desk
from engine.app.hearing import WITHOUT_A_LETTER
from engine.calendar import clock_of, occurrences
from engine.definitions.checks.everything import check
from engine.definitions.schema.campaign import Status as Active
from engine.definitions.workspace import concerning, in_order
from engine.flows.deliver.circuit import in_words
from engine.flows.deliver.pace import is_closed
from engine.flows.survey.needs import Facts, needs
from engine.model.status import ComingLine, MissedLine, ProcessLine, RunLine, Status, WayLine
from engine.store import digests, jobs, pace, pauses, runs, storms, unfinished, watches, workers
from engine.store.ledger import renewing

if TYPE_CHECKING:
    from sqlalchemy import Connection

LATELY = timedelta(days=7)
"""So long a missed occurrence is told of: afterwards nobody sends it any more."""


def status(workspace: Path | None) -> Status:
    """The nearest workspace at this moment, also where its files have errors."""
    desk = Desk.open_as_it_is(workspace)
    try:
        return look(desk)
    finally:
        desk.close()


def look(desk: Desk) -> Status:
    """What needs a person, what runs, what comes, and how feeds, ways out and the daemon are."""
    facts = gather(desk)
    return Status(
        at=desk.now,
        needs=needs(facts, desk.now),
        runs=[_run_line(run) for run in facts.runs],
        coming=_coming(desk, facts),
        missed=_missed(desk),
        feeds=facts.feeds,
        providers=facts.ways,
        processes=facts.processes,
        jobs=facts.jobs,
        tasks=facts.tasks,
    )


def _coming(desk: Desk, facts: Facts) -> list[ComingLine]:
    """The next occurrence of every campaign that goes out by itself, the nearest first."""
    paused = {pause.campaign for pause in facts.pauses}
    found = []
    for name, campaign in desk.workspace.campaigns.items():
        schedule = campaign.schedule
        if campaign.status is not Active.ACTIVE or schedule is None or name in paused:
            continue
        if concerning(facts.problems, desk.workspace, name):
            continue
        following = next(occurrences(schedule, desk.now, desk.zone), None)
        if following is not None:
            found.append(ComingLine(name, following.name, following.opens(clock_of(schedule, desk.zone))))
    return sorted(found, key=lambda line: (line.at, line.campaign))


def _missed(desk: Desk) -> list[MissedLine]:
    with desk.database.read() as connection:
        found = runs.in_states(connection, {runs.MISSED})
    return [
        MissedLine(run.campaign, run.occurrence, run.as_of, run.reason)
        for run in found
        if desk.now - run.created_at < LATELY
    ]


def gather(desk: Desk) -> Facts:
    """Everything status is made of."""
    scheduled = [
        campaign
        for campaign in desk.workspace.campaigns.values()
        if campaign.status is Active.ACTIVE and campaign.schedule is not None
    ]
    problems = in_order([*desk.problems, *check(desk.workspace)])
    feeds, copied = feeding.lines(desk), originality.doubt(desk)
    with desk.database.read() as connection:
        return Facts(
            runs=unfinished.standings(connection, desk.now),
            problems=problems,
            pauses=pauses.standing(connection),
            storms={
                WITHOUT_A_LETTER if held.run is None else str(held.run): held.bounces
                for held in storms.held(connection)
            },
            feeds=feeds,
            ways=[_way(desk, connection, name) for name in desk.ways_out],
            processes=[
                ProcessLine(found.role, found.pid, found.host, found.started_at)
                for found in workers.present(connection, desk.database.path)
            ],
            jobs=jobs.states(connection),
            scheduled=len(scheduled),
            copied=copied,
            watches=[*watches.every(connection).values()],
            tasks=caretaking.waiting(desk, connection),
            refused=renewing.refused(connection),
            digests=[each for each in digests.troubled(connection) if each[0] in desk.workspace.senders],
        )


def _way(desk: Desk, connection: Connection, name: str) -> WayLine:
    known = pace.read(connection, name)
    if known is None:
        return WayLine(name, desk.provider_type(name))
    return WayLine(name, desk.provider_type(name), in_words(name, known, clock.wall()), is_closed(known))


def _run_line(run: unfinished.Standing) -> RunLine:
    return RunLine(
        run=run.run,
        campaign=run.campaign,
        occurrence=run.occurrence,
        state=run.state,
        reason=run.reason,
        selected=run.selected,
        pending=run.pending,
        due=run.due,
        in_flight=run.in_flight,
        uncertain=run.uncertain,
        due_since=run.due_since,
        later=run.later,
        last_call=run.last_call,
    )
