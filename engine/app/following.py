"""What follows from an edited file for letters that are still to leave: a campaign that is not active stops."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.app.desk import Desk
from engine.definitions.schema.campaign import Status
from engine.store import pauses, runs

if TYPE_CHECKING:
    from sqlalchemy import Connection

UNFINISHED = frozenset({runs.READY, runs.SENDING})
GONE = (
    "its file is gone; `touchbase cancel RUN` ends it, or put the file back and `touchbase resume {campaign}`"
)
INACTIVE = "`status: {status}` in {file}"


@dataclass(frozen=True, slots=True)
class Followed:
    """Runs that were stopped, with the reason, and those that go on again; each as `campaign occurrence`."""

    stopped: tuple[tuple[str, str], ...] = ()
    going_on: tuple[str, ...] = ()


def follow(desk: Desk) -> Followed:
    """Pause the unfinished runs of campaigns that are gone or not active; let go on what only its status held back.

    A campaign whose file is broken keeps its runs: nobody has said that they should stop.
    """
    stopped, going_on = [], []
    with desk.database.write() as connection:
        for run in runs.in_states(connection, UNFINISHED):
            reason = why_not(desk, run.campaign)
            if reason and runs.pause(connection, run.id, reason):
                stopped.append((f"{run.campaign} {run.occurrence}", reason))
        for run in runs.in_states(connection, {runs.PAUSED}):
            if _was_inactive(desk, run) and _may_go_on(desk, connection, run):
                runs.resume(connection, run.id, desk.now)
                going_on.append(f"{run.campaign} {run.occurrence}")
    return Followed(tuple(stopped), tuple(going_on))


def why_not(desk: Desk, campaign: str) -> str:
    """Why the files say that nothing of the campaign is to leave; "" where they do not."""
    workspace = desk.workspace
    if campaign not in workspace.declared("campaigns"):
        return GONE.format(campaign=campaign)
    found = workspace.campaigns.get(campaign)
    if found is None or found.status is Status.ACTIVE:
        return ""
    return INACTIVE.format(status=found.status, file=workspace.file_of("campaigns", campaign))


def _was_inactive(desk: Desk, run: runs.Run) -> bool:
    file = desk.workspace.file_of("campaigns", run.campaign)
    return any(run.reason == INACTIVE.format(status=status, file=file) for status in Status)


def _may_go_on(desk: Desk, connection: Connection, run: runs.Run) -> bool:
    campaign = desk.workspace.campaigns.get(run.campaign)
    active = campaign is not None and campaign.status is Status.ACTIVE
    return active and pauses.of_campaign(connection, run.campaign) is None
