"""Wiring for sunset: who is in which stage, who moves, what follows, and the last ask."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.app import asking, firing
from engine.app.desk import Desk
from engine.app.people import rulebook
from engine.audience.owning import owning_of
from engine.audience.sunset import found_stages
from engine.definitions.schema.campaign import Status
from engine.errors import TouchbaseError, UsageError
from engine.model.stage import Stage, StageLine, StageMove, SunsetReport
from engine.model.tick import Planned, Trouble
from engine.policy.rules import label_of
from engine.policy.sunset import Ladder, ladder_of
from engine.store import pauses, stages, touches

if TYPE_CHECKING:
    from sqlalchemy import Connection

SHOWN = 20
"""So many people who move are named, where nobody asks for all."""


def look(desk: Desk, *, people: int | None = SHOWN) -> SunsetReport:
    """Who is in which stage, and who would move; nothing is kept. `people`: how many are named (None: all)."""
    ladder = _ladder(desk)
    with desk.database.aside() as aside, aside.working() as connection:
        found = _work_out(desk, connection, ladder, people)
        stages.clear(connection)
    return found


def apply(desk: Desk, *, people: int | None = SHOWN) -> SunsetReport:
    """The same, and it takes effect: cadence, suppressions and tasks follow."""
    found = _take_effect(desk, _ladder(desk), people, once=False)
    assert found is not None
    return found


def daily(desk: Desk) -> SunsetReport | None:
    """What the daemon does: worked out once a day; None where it was done, or there is no sunset.

    The day's row is written in the transaction of the moves: of two processes one finds it there, and whoever dies
    leaves neither row nor moves.
    """
    ladder = ladder_of(desk.workspace)
    if ladder is None:
        return None
    assert desk.fields is not None
    with desk.database.read() as connection:
        if stages.is_done(connection, asking.today(desk)):
            return None
    return _take_effect(desk, ladder, 0, once=True)


def ask(desk: Desk, *, at_any_time: bool = False) -> Planned | None:
    """A run of the last ask for those it is to reach; None where nobody is left to ask, or it was planned today, or
    it is too early in the day."""
    sunset = desk.workspace.policy.sunset
    if sunset is None or sunset.last_ask is None:
        return None
    if not at_any_time and desk.now.astimezone(desk.zone).time() < sunset.last_ask.at:
        return None
    ladder = ladder_of(desk.workspace)
    campaign = desk.workspace.campaigns.get(ladder.campaign) if ladder is not None else None
    if ladder is None or campaign is None or campaign.status is not Status.ACTIVE:
        return None
    assert desk.fields is not None
    concerned = asking.those_to_ask(desk)
    with desk.database.read() as connection:
        halted = {paused.campaign for paused in pauses.standing(connection)}
        if campaign.campaign in halted or connection.execute(concerned(connection).limit(1)).first() is None:
            return None
    return firing.fire_by_itself(desk, campaign.campaign)


def keep_up(desk: Desk, *, at_any_time: bool = False) -> tuple[tuple[str, ...], tuple[Trouble, ...]]:
    """Both of it: what was done, in words, and what kept the last ask from being sent.

    `at_any_time`: a person asked for it, whatever the time of day.
    """
    report, troubles = daily(desk), ()
    did = [f"sunset: {report.moving:,} moved"] if report is not None and report.moving else []
    try:
        asking_now = ask(desk, at_any_time=at_any_time)
    except TouchbaseError as error:
        assert desk.workspace.policy.sunset is not None
        assert desk.workspace.policy.sunset.last_ask is not None
        campaign = desk.workspace.policy.sunset.last_ask.campaign
        return tuple(did), (Trouble(campaign, error.message, error.help, error.exit_code),)
    if asking_now is not None:
        did.append(f"sunset: {asking_now.letters:,} asked for the last time")
    return tuple(did), troubles


def _ladder(desk: Desk) -> Ladder:
    found = ladder_of(desk.workspace)
    if found is None:
        raise UsageError(
            "there is no sunset to work out",
            help="write `sunset:` below `policy:` in config/policy.yaml, with `evidence:` and `cooling:`",
        )
    assert desk.fields is not None
    return found


def _take_effect(desk: Desk, ladder: Ladder, people: int | None, *, once: bool) -> SunsetReport | None:
    """Worked out aside, while others write, and then carried out; with `once` only where nobody did on this day."""
    dormant = ladder.rungs.get(Stage.DORMANT)
    where = dormant.where if dormant is not None else ""
    with desk.database.write() as connection:
        touches.label_earlier(connection, (label_of(each) for each in desk.workspace.campaigns.values()))
    with desk.database.aside() as aside:
        with aside.working() as connection:
            found = _work_out(desk, connection, ladder, people, applied=True)
        with aside.writing() as connection:
            stages.hold(connection)
            began = stages.note_round(connection, asking.today(desk), desk.now, found.moving)
            if began or not once:
                stages.take_effect(connection, desk.now, where=where)
            stages.clear(connection)
    return found if began or not once else None


def _work_out(
    desk: Desk, connection: Connection, ladder: Ladder, people: int | None, *, applied: bool = False
) -> SunsetReport:
    last = stages.last_round(connection)
    rules = rulebook(desk, desk.now)
    moving = stages.lay_out(connection, found_stages(rules, ladder, owning_of(desk.workspace)))
    now, after = stages.counts(connection)
    lines = [
        StageLine(
            stage,
            now.get(stage, 0),
            after.get(stage, 0),
            ladder.rungs[stage].words if stage in ladder.rungs else "",
        )
        for stage in Stage
        if stage in ladder.rungs or now.get(stage)
    ]
    found = [
        StageMove(move.customer_id, move.email, Stage(move.before), Stage(move.after), move.reason)
        for move in stages.moves(connection, people)
    ]
    return SunsetReport(lines, moving, found, stages.tasks_wanted(connection), applied, last)
