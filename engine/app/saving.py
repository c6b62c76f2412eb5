"""Wiring for keeping a plan until a person approves it, and for throwing it away."""

from __future__ import annotations

from engine.app import approving, halting, running, showing
from engine.app.desk import Desk
from engine.errors import Refused
from engine.model.report import PlanReport
from engine.store import runs
from engine.store.ledger.discarding import BEFORE_SENDING
from engine.store.ledger.discarding import discard as discard_run


def save(desk: Desk, campaign: str, at: str | None, occurrence: str | None) -> PlanReport:
    """Plan the occurrence in full and keep it for a person to approve; an earlier plan of it is thrown away.

    Refused for what could not be sent, and once anything of the occurrence has left.
    """
    running.check_sendable(desk, desk.campaign(campaign), desk.moment(at))
    made = running.draft(desk, campaign, at, occurrence)
    with desk.database.read() as connection:
        halting.check_not_paused(connection, campaign, made.occurrence)
        before = runs.find(connection, campaign, made.occurrence)
    if before is not None and before.state not in BEFORE_SENDING:
        raise Refused(
            f"run {before.id} is {before.state}: {made.occurrence} of {campaign} cannot be planned again",
            help=f"`touchbase runs {before.id}` shows it; `--occurrence NAME` plans one of your own",
        )
    run, _ = running.make_run(
        desk, made, saving=running.Saving.ALWAYS, instead_of=before.id if before is not None else None
    )
    notes = []
    if before is not None and before.state != runs.PLANNING:
        words = "approved plan" if before.approved_at is not None else "plan"
        notes.append(f"the {words} of run {before.id} was thrown away for this one")
    return showing.kept_report(desk, made, run, notes)


def discard(desk: Desk, campaign: str, at: str | None, occurrence: str | None) -> int:
    """Throw the occurrence's saved plan away; its run. Refused where there is none."""
    made = running.draft(desk, campaign, at, occurrence)
    with desk.database.write() as connection:
        found = runs.find(connection, campaign, made.occurrence)
        if found is None or not approving.is_saved(found) or not discard_run(connection, found.id):
            raise Refused(
                f"{made.occurrence} of {campaign} has no saved plan that could be thrown away",
                help=f"`touchbase plan {campaign} --save` makes one; `touchbase runs` lists what there is",
            )
    return found.id
