"""Wiring for plans that wait for a person: approving one, and whether it still is what it was."""

from __future__ import annotations

import getpass
from dataclasses import replace
from typing import TYPE_CHECKING

from engine.app import asking, running
from engine.app.desk import Desk
from engine.app.numbers import find_run
from engine.app.people import rulebook
from engine.app.revision import revision
from engine.errors import Refused
from engine.flows.plan import instead, planning
from engine.flows.plan.planning import Plan
from engine.flows.plan.silences import day_of
from engine.flows.plan.timing import dates_of
from engine.store import deliveries, runs

if TYPE_CHECKING:
    from sqlalchemy import Connection

CHANGES_TOLD = 5


def approve(desk: Desk, run: str, by: str) -> runs.Run:
    """Lets a saved plan be sent, by whoever is named or is logged in. Twice is as good as once.

    Refused when the plan is not what it was, and for a run that waits for no approval.
    """
    with desk.database.read() as connection:
        found = find_run(connection, run)
    if found.approved_at is not None and found.state == runs.READY:
        return found
    if found.state != runs.AWAITING:
        raise Refused(
            f"run {found.id} of {found.campaign} is {found.state}: there is no plan to approve",
            help=f"`touchbase plan {found.campaign} --save` makes one",
        )
    check_current(desk, found)
    with desk.database.write() as connection:
        if runs.approve(connection, found.id, by or _login(), desk.now):
            campaign, rules = desk.campaign(found.campaign), rulebook(desk, desk.now)
            instead.make_tasks(
                connection, Plan(desk.workspace, campaign, found, rules, {}, desk.now, desk.now)
            )
        return find_run(connection, run)


def check_approved(desk: Desk, run: runs.Run) -> None:
    """Refused for a plan that still waits for approval, and for an approved one that is not what it was.

    Once the first letter of an approved plan is on its way, it goes on whatever changes.
    """
    if run.state == runs.AWAITING:
        raise Refused(
            f"run {run.id} of {run.campaign} waits for a person's approval",
            help=f"type `touchbase approve {run.id}`, then `touchbase send {_named(desk, run)}`",
        )
    if is_saved(run):
        check_current(desk, run)


def check_at_its_moment(desk: Desk, run: runs.Run) -> None:
    """The same when nobody is there to ask: an approval of what has changed since is taken back, and Refused once.

    The run then awaits a new plan and a new approval, as `status` says.
    """
    if not is_saved(run) or run.state != runs.READY:
        return
    try:
        check_current(desk, run)
    except Refused as refused:
        with desk.database.write() as connection:
            runs.withdraw(connection, run.id, refused.message, desk.now)
        raise


def check_current(desk: Desk, run: runs.Run) -> None:
    """Refused when a file of the campaign changed since the plan was made, or its people moved too far."""
    with desk.database.read() as connection:
        changes = outdated(desk, connection, run)
    if changes:
        told = changes[:CHANGES_TOLD] + [f"{len(changes) - CHANGES_TOLD} more"] * (
            len(changes) > CHANGES_TOLD
        )
        raise Refused(
            f"the plan of run {run.id} is out of date: {'; '.join(told)}",
            help=f"`touchbase plan {_named(desk, run)} --save` makes a new one to approve",
        )


def outdated(desk: Desk, connection: Connection, run: runs.Run) -> list[str]:
    """What is not as it was when the run was planned, in words; nothing while the plan may be sent."""
    campaign = desk.campaign(run.campaign)
    parts = run.snapshot.get(running.MADE_OF, {})
    changes = list(revision(desk.workspace, campaign).changes_since(parts)) if run.revision else []
    if day_of(run.occurrence):
        return changes  # whose floor runs out was asked for that one day
    moment = max(run.as_of, desk.now)
    dates = dates_of(campaign, run.occurrence, run.as_of, desk.zone)
    plan = Plan(desk.workspace, campaign, run, rulebook(desk, moment), {}, moment, desk.now, dates=dates)
    if asking.asks(desk, run.campaign):
        plan = replace(plan, among=deliveries.customers_of(run.id))
    moved = planning.moved_since(connection, plan)
    allowed = campaign.safety.audience_may_move
    if moved.share > allowed.of_one:
        changes.append(
            f"of {moved.planned:,} people {moved.left:,} left and {moved.joined:,} came,"
            f" more than `audience_may_move: {allowed}`"
        )
    return changes


def is_saved(run: runs.Run) -> bool:
    """Whether the run is a plan kept for approval, nothing of which has left."""
    return run.state == runs.AWAITING or (run.state == runs.READY and run.approved_at is not None)


def _named(desk: Desk, run: runs.Run) -> str:
    return running.in_command(desk, desk.campaign(run.campaign), run.occurrence)


def _login() -> str:
    """Who is logged in; nobody where the machine does not say."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return ""
